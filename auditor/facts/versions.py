"""Versions and ranges of versions. Every fact table uses this rule to decide whether a row covers a version.

A range is a union of half-open intervals. `since` is inclusive and `before` exclusive. A bound of one or two numbers is the
start of a branch and includes the pre-releases of the branch: 1.34.0-rc.1 lies in `since: "1.34"`, but 2.1.6-rc.1 does not
lie in `since: "2.1.6"`. Order of versions: alpha < beta < rc < release < distribution revision (`+rke2r1` < `+rke2r2`).
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from functools import cache, total_ordering
from typing import Final

from auditor.facts import Fact

MAX_TEXT: Final = 128

_VERSION = re.compile(
    r"(?:\d{1,4}:)?"  # the epoch of a Debian package
    r"[vV]?(?P<numbers>\d{1,9}(?:\.\d{1,9}){0,5})"
    r"(?P<rest>(?:[-+~_ ]|\.[a-z*]|(?:a|b|rc)\d).*)?",
    re.DOTALL,
)
_PRE_RELEASE = re.compile(
    r"[-~._]?(?P<name>alpha|beta|dev|nightly|preview|pre|rc|snapshot|a(?=\d)|b(?=\d))(?P<more>[0-9A-Za-z.]*)"
)
# The release number follows the distribution's name, which may contain digits.
_REVISION = re.compile(r"(?:rke2r|rke2-r|k3s|k0s|[a-z]+)?[.-]?(?P<numbers>\d{1,9}(?:\.\d{1,9})*)")
_PART = re.compile(r"\d{1,18}|[A-Za-z]+")
_NAMES = {"a": "alpha", "b": "beta"}

# Identifiers as semantic versions order them: a number is less than a word.
_Identifier = tuple[int, int, str]


class Answer(enum.Enum):
    """Whether a version lies in a range, or the reason why this is unknown."""

    YES = "yes"
    NO = "no"
    UNSTATED = "unstated"  # no version
    UNREADABLE = "unreadable"  # text that is not a version
    INCOMPLETE = "incomplete"  # a release without its distribution revision, and the range differs by revision
    BEYOND = "beyond"  # a version above the newest verified one

    @property
    def is_known(self) -> bool:
        """Return whether it is YES or NO."""
        return self in _KNOWN


_KNOWN = frozenset({Answer.YES, Answer.NO})


class _Stage(enum.IntEnum):
    FLOOR = 0  # the start of a branch, before all its pre-releases
    PRE_RELEASE = 1
    RELEASE = 2


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """A comparable version. `numbers` has no trailing zeros: 2.1 and 2.1.0 are equal."""

    numbers: tuple[int, ...]
    stage: _Stage = _Stage.RELEASE
    pre_release: tuple[_Identifier, ...] = ()
    revision: tuple[int, ...] = ()

    def __lt__(self, other: Version) -> bool:
        return self._key < other._key

    @property
    def _key(self) -> tuple[tuple[int, ...], int, tuple[_Identifier, ...], tuple[int, ...]]:
        return self.numbers, self.stage, self.pre_release, self.revision

    @property
    def branch(self) -> str:
        """The first two numbers: `1.34` for v1.34.9+rke2r2."""
        major, minor = (*self.numbers, 0, 0)[:2]
        return f"{major}.{minor}"


@cache
def parse_version(text: str) -> Version | None:
    """Return the version in `text`, or None if it is not a version. Accepts a leading `v` and a Debian epoch."""
    match = _VERSION.fullmatch(text.strip()) if len(text) <= MAX_TEXT else None
    if match is None:
        return None
    numbers, rest = _numbers(match["numbers"]), match["rest"] or ""
    pre = _PRE_RELEASE.match(rest)
    if pre is None:
        return Version(numbers, revision=_revision(rest))
    named = _NAMES.get(pre["name"], pre["name"])
    parts = tuple(_identifier(part) for part in (named, *_PART.findall(pre["more"])))
    return Version(numbers, _Stage.PRE_RELEASE, parts, _revision(rest[pre.end() :]))


def _numbers(text: str) -> tuple[int, ...]:
    """Return the numbers without trailing zeros, so that 2.1 equals 2.1.0."""
    numbers = [int(part) for part in text.split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def _identifier(part: str) -> _Identifier:
    return (0, int(part), "") if part.isdigit() else (1, 0, part)


def _revision(rest: str) -> tuple[int, ...]:
    match = _REVISION.match(rest[1:]) if rest else None
    return tuple(int(part) for part in match["numbers"].split(".")) if match is not None else ()


@cache
def _bound(text: str) -> Version:
    """Return the bound of a range. Raises ValueError if it is not a version."""
    version = parse_version(text)
    if version is None:
        raise ValueError(f"{text[:40]!r} is not a version")
    if version.stage is _Stage.RELEASE and text.count(".") < 2 and not version.revision:
        return Version(version.numbers, _Stage.FLOOR)
    return version


@dataclass(frozen=True, slots=True)
class Interval:
    """Versions from `since` (inclusive) to `before` (exclusive); None means unbounded."""

    since: Version | None
    before: Version | None

    def holds(self, version: Version) -> bool:
        """Whether the version lies in the interval."""
        return (self.since is None or version >= self.since) and (self.before is None or version < self.before)

    def common(self, other: Interval) -> Interval:
        """Return the intersection of both intervals."""
        since = max((bound for bound in (self.since, other.since) if bound is not None), default=None)
        before = min((bound for bound in (self.before, other.before) if bound is not None), default=None)
        return Interval(since, before)

    @property
    def is_empty(self) -> bool:
        """Whether the interval contains no version."""
        return self.since is not None and self.before is not None and self.since >= self.before


@dataclass(frozen=True, slots=True)
class Range:
    """A union of intervals, in order and apart from each other. Versions above `verified_through` give BEYOND."""

    intervals: tuple[Interval, ...]
    verified_through: str = ""

    @property
    def is_empty(self) -> bool:
        """Return whether no version lies in the range."""
        return all(interval.is_empty for interval in self.intervals)

    def answer(self, text: str) -> Answer:
        """Return whether the version lies in the range."""
        version = parse_version(text)
        if version is None:
            return Answer.UNREADABLE if text.strip() else Answer.UNSTATED
        if is_beyond(text, self.verified_through):
            return Answer.BEYOND
        if self._lacks_revision(version):
            return Answer.INCOMPLETE
        return Answer.YES if self.holds(version) else Answer.NO

    def holds(self, version: Version) -> bool:
        """Return whether the version lies in the intervals, verified or not."""
        return any(interval.holds(version) for interval in self.intervals)

    def overlaps(self, other: Range) -> bool:
        """Return whether some version lies in both ranges."""
        return any(not one.common(two).is_empty for one in self.intervals for two in other.intervals)

    def _lacks_revision(self, version: Version) -> bool:
        """Whether the answer depends on a distribution revision that the version does not state."""
        if version.revision or version.stage is not _Stage.RELEASE:
            return False
        bounds = (bound for interval in self.intervals for bound in (interval.since, interval.before) if bound is not None)
        return any(bound.revision and bound.numbers == version.numbers for bound in bounds)


@cache
def range_of(
    since: str = "",
    before: str = "",
    fixed_in: tuple[str, ...] = (),
    verified_through: str = "",
    since_in: tuple[str, ...] = (),
) -> Range:
    """Return the range from `since` to `before`, empty for no bound. Raises ValueError if a bound is no version.

    `fixed_in` names the first fixed release of each branch: `("1.33.13", "1.34.10")` leaves 1.33.0 to 1.33.12 and 1.34.0 to
    1.34.9 in the range, all earlier branches too, and no later one. `since_in` is the reverse: the first release of each branch
    that is in the range, and all later branches.
    """
    parts = [Interval(_bound(since) if since else None, _bound(before) if before else None)]
    if cuts := sorted(map(_bound, fixed_in)):
        starts = [None, *(_next_branch(cut) for cut in cuts)]
        parts = _common(parts, [Interval(start, cut) for start, cut in zip(starts, cuts, strict=False)])
    if begins := sorted(map(_bound, since_in)):
        ends = [*(_branch(begin) for begin in begins[1:]), None]
        parts = _common(parts, [Interval(begin, end) for begin, end in zip(begins, ends, strict=True)])
    return Range(tuple(parts), verified_through)


def _common(some: list[Interval], others: list[Interval]) -> list[Interval]:
    pairs = (one.common(other) for one in some for other in others)
    return [pair for pair in pairs if not pair.is_empty]


def _branch(version: Version) -> Version:
    major, minor = (*version.numbers, 0, 0)[:2]
    return Version((major, minor), _Stage.FLOOR)


def _next_branch(version: Version) -> Version:
    major, minor = (*version.numbers, 0, 0)[:2]
    return Version((major, minor + 1), _Stage.FLOOR)


@cache
def is_beyond(text: str, through: str) -> bool:
    """Return whether a version is above the newest verified one. An empty `through` covers all versions.

    `through` holds one version, or one per branch: `1.34.9 1.35.6` covers 1.34.9, but neither 1.34.10 nor 1.36.0. A short
    version covers its branch: `2.2` covers every 2.2.x.
    """
    version = parse_version(text)
    if version is None or not through:
        return False
    newest = {one: parsed for one in through.split() if (parsed := parse_version(one)) is not None}
    of_branch = [one for one, parsed in newest.items() if parsed.branch == version.branch and one.count(".")]
    limit = of_branch[-1] if of_branch else max(newest, key=newest.__getitem__, default="")
    count = limit.split("+")[0].count(".") + 1
    bound = newest[limit]
    ours, theirs = (*version.numbers, *[0] * count)[:count], (*bound.numbers, *[0] * count)[:count]
    if ours != theirs or not bound.revision or not version.revision:
        return ours > theirs
    return version.revision > bound.revision


class Versioned(Fact, frozen=True, kw_only=True):
    """A row that holds for a range of versions. An empty bound is open; `range_of` explains the fields.

    `verified_through` and `as_of` come from the header of the table if the row does not state them.
    """

    since: str = ""
    before: str = ""
    fixed_in: tuple[str, ...] = ()
    since_in: tuple[str, ...] = ()
    verified_through: str = ""
    as_of: str = ""

    def __post_init__(self) -> None:
        """Refuse a bound that is not a version, and a range without versions: ValueError."""
        if self.range.is_empty:
            bounds = (
                ("since", self.since),
                ("before", self.before),
                ("fixed-in", *self.fixed_in),
                ("since-in", *self.since_in),
            )
            named = ", ".join(" ".join(bound) for bound in bounds if any(bound[1:]))
            raise ValueError(f"no version lies in the range: {named}")

    @property
    def range(self) -> Range:
        """Return the versions for which the row holds."""
        return range_of(self.since, self.before, self.fixed_in, self.verified_through, self.since_in)

    def covers(self, version: str) -> Answer:
        """Return whether the row holds for a version."""
        return self.range.answer(version)
