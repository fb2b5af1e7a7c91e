"""What a check is, and the closed set of what it can say about a subject.

A check is a pure function over a site: no sockets, no clock, no files. It yields `Finding`, `Undetermined` or `Fine`;
a site that lacks what the check declares in `requires` makes it not applicable, with the reason.
"""

from __future__ import annotations

import datetime
import enum
import hashlib
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from auditor.errors import Location
from auditor.evidence.causes import Fault
from auditor.evidence.model import Kind
from auditor.plan.areas import Area as Area  # noqa: PLC0414 - part of what a check is
from auditor.site import Requirement, Site

Fact = str | int | float | bool | tuple[str, ...]
_NO_FACTS: Mapping[str, Fact] = MappingProxyType({})


class Severity(enum.StrEnum):
    """How bad a finding is, worst first."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for info, 2 for error: comparable."""
        return _RANKS[self]

    def at_least(self, other: Severity) -> bool:
        """Whether this is as bad as `other` or worse."""
        return self.rank >= other.rank


_RANKS = {Severity.INFO: 0, Severity.WARNING: 1, Severity.ERROR: 2}


HEADINGS = ("What it checks", "Why it matters", "How to fix", "When it cannot tell", "References")


@dataclass(frozen=True, slots=True)
class Subject:
    """What an outcome is about. `kind`: line, image, layer, registry, endpoint, certificate, …; `id` as users know it."""

    kind: str
    id: str
    platform: str = ""
    pool: str = ""
    client: str = ""

    def __str__(self) -> str:
        for_pool = f" for {self.pool}" if self.pool else ""
        on = f" on {self.platform}" if self.platform else ""
        by = f" ({self.client})" if self.client else ""
        return f"{self.id}{on}{for_pool}{by}"


@dataclass(frozen=True, slots=True)
class Affected:
    """The cells of the image matrix that an outcome concerns: each of `images` on each of `pools`.

    `images` are named as in the matrix (`str(Reference)`). Empty `images` or `pools` mean all of them. With `endpoint`
    (`host:port`), only images count that the pool's runtime pulls through it; with `clients` as well, only if the runtime is
    one of these TLS clients. `is_partial`: some of these images fail, and which ones is unknown.
    """

    images: tuple[str, ...] = ()
    pools: tuple[str, ...] = ()
    endpoint: str = ""
    clients: tuple[str, ...] = ()
    is_partial: bool = False


@dataclass(frozen=True, slots=True)
class Remedy:
    """One way to mend a finding. `kind`: edit, command, copy, rewrite, upgrade, install, accept; commands are for a shell."""

    kind: str
    text: str
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong, with its proof in `facts`, its place in the user's files and how to mend it.

    `case` is the fact that tells this finding from others of the same check and subject; it goes into the fingerprint, so
    it must not hold line numbers, times or paths of the machine. `affects` names the cells of the image matrix that it
    concerns; None derives them from the subject.
    """

    check: str
    severity: Severity
    subject: Subject
    message: str
    case: str = ""
    facts: Mapping[str, Fact] = field(default_factory=lambda: _NO_FACTS)
    location: Location | None = None
    remedies: tuple[Remedy, ...] = ()
    affects: tuple[Affected, ...] | None = None

    @property
    def fingerprint(self) -> str:
        """32 hex digits, stable across runs, machines and line moves: check, subject and case."""
        return _fingerprint(self.check, self.subject, self.case)


@dataclass(frozen=True, slots=True)
class Undetermined:
    """Something that a check could not decide, and why. `facts` and `location` say the same as values, where known.

    `faults` names the hosts that did not answer, if an answer of theirs is all that is missing; reports group by them.
    `cause` names what several checks could not decide for one reason, such as a chain that was not observed: a report shows
    it once, under the first check. It is empty for what only one check asks. `affects` as in `Finding`.
    """

    check: str
    subject: Subject
    kind: Kind
    detail: str
    faults: tuple[Fault, ...] = ()
    facts: Mapping[str, Fact] = field(default_factory=lambda: _NO_FACTS, hash=False)
    location: Location | None = None
    cause: str = ""
    affects: tuple[Affected, ...] | None = None

    @property
    def fingerprint(self) -> str:
        """As that of a finding: what it says of the same question is told apart by its kind."""
        return _fingerprint(self.check, self.subject, f"undetermined {self.kind.value}")


def _fingerprint(check: str, subject: Subject, case: str) -> str:
    parts = (check, subject.kind, subject.id, subject.platform, subject.pool, subject.client, case)
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Fine:
    """`count` subjects were examined and are in order."""

    count: int = 1


Outcome = Finding | Undetermined | Fine
Run = Callable[[Site, datetime.date], Iterator[Outcome]]


@dataclass(frozen=True, slots=True)
class Rule:
    """What has an id, a page and a severity: every check, and the few findings that the policy makes itself."""

    id: str
    title: str
    family: str
    severity: Severity
    page: str

    @property
    def anchor(self) -> str:
        """Where the docs explain it, relative to docs/."""
        return f"checks.md#{self.id}"


@dataclass(frozen=True, slots=True)
class Check(Rule):
    """A rule with a function. `requires` names what a site must have for the check to apply.

    `area` is the part of the scope that the check examines; None for a check outside the scope, such as a plug-in's.
    """

    run: Run = field(repr=False)
    requires: tuple[Requirement, ...] = ()
    area: Area | None = None


def define(
    run: Run,
    *,
    id: str,
    title: str,
    family: str,
    severity: Severity,
    area: Area | None = None,
    requires: tuple[Requirement, ...] = (),
) -> Check:
    """Make a check from its function; the docstring of the function's module is its page."""
    page = inspect.cleandoc(sys.modules[run.__module__].__doc__ or "")
    return Check(id=id, title=title, family=family, severity=severity, page=page, run=run, requires=requires, area=area)
