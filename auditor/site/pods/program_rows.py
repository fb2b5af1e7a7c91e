"""Programs that connect to external hosts by themselves. Facts: auditor/facts/workload_downloads.yaml."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from auditor.facts import Fact, remembered, table
from auditor.facts.versions import Answer, is_beyond, range_of
from auditor.readers.pods.model import Phase, PodProgram
from auditor.site.pods.program_settings import ObjectSettings, ProgramSettings, SettingValues

_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}(?::[A-Za-z0-9._-]{1,60})?")
_ON = frozenset({"true", "1", "yes", "on", "enabled", "t"})
_OWN = frozenset({Phase.INIT, Phase.MAIN})
_TOOLS = frozenset(
    {"curl", "wget", "sleep", "tail", "cat", "cp", "chown", "chmod", "mkdir", "sysctl", "bats", "test", "true", "echo"}
)
_OFF = frozenset({"false", "0", "no", "off", "disabled", "f", "none", "never"})


class Truth(enum.Enum):
    """Whether a condition holds."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class PodSetting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """Where a program reads one value. Exactly one of these is set.

    `variable`, `argument` (with its dashes, in any case; `*` stands for one part between dots, or for the rest at the end),
    `word` (of a command line), `after` (the word behind this word), `key` (of a ConfigMap or Secret of the pod or of an object;
    `section.key` names its parent), `field` (of a custom resource), `mount` (a path that a volume covers).
    """

    variable: str = ""
    argument: str = ""
    word: str = ""
    after: str = ""
    key: str = ""
    field: str = ""
    mount: str = ""

    def values(self, of: ProgramSettings | ObjectSettings) -> SettingValues:
        """Return the values that a container or an object has."""
        if self.variable:
            return of.variable(self.variable)
        if self.argument:
            return of.argument(self.argument)
        if self.word:
            return of.word(self.word)
        if self.after:
            return of.after(self.after)
        if self.key:
            return of.key(self.key)
        return of.mount(self.mount) if self.mount else of.object_field(self.field)

    @property
    def name(self) -> str:
        """The setting as messages name it."""
        return self.variable or self.argument or self.key or self.field or self.after or self.word or self.mount


class Condition(PodSetting, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """A condition on a setting. Without an operator: it is set.

    `is_`: `enabled`, `disabled`, `unset`, `model` (a name on Hugging Face, no path), or a text in any case; a list for several.
    `has`: a part of the value.
    """

    is_: tuple[str, ...] = msgspec.field(default=(), name="is")
    has: tuple[str, ...] = ()

    def holds(self, of: ProgramSettings | ObjectSettings) -> Truth:
        """Return whether the condition holds."""
        found = self.values(of)
        if found.is_open:
            return Truth.UNKNOWN
        if not found.texts:
            return Truth.YES if "unset" in self.is_ else Truth.NO
        if self.has:
            return _truth(any(part in text for text in found.texts for part in self.has))
        return _truth(not self.is_ or any(_is(text, self.is_) for text in found.texts))


class Target(PodSetting, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """A setting whose value names the host instead of the row's `hosts`. `form`: a URL or host, or an image reference."""

    form: Literal["url", "image"] = "url"


class WorkloadDownload(Fact, frozen=True, kw_only=True):
    """One connection that a program opens by itself.

    It applies to containers with one of `images` (ends of the repository; empty for any image), or to objects of `kinds`
    (`Kind.group`). All of `when` must hold, one of `any`, and none of `unless`. `maps` are ConfigMaps that the program reads
    although its pod does not name them. A row without `when` and `any` is about a program that keeps running; `also` extends it
    to init containers and jobs. `applies_from` and `applies_before` bound the versions of the image. `read_at` is the newest
    version that was read, if the source is of a release.
    """

    id: str
    program: str
    images: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    maps: tuple[str, ...] = ()
    when: tuple[Condition, ...] = ()
    any: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()
    also: tuple[Literal["init", "job"], ...] = ()
    hosts: tuple[str, ...] = ()
    target: tuple[Target, ...] = ()
    does: str
    at: str
    breaks: str
    effect: Literal["fails", "degraded", "silent"]
    fix: str
    error: str = ""
    applies_from: str = ""
    applies_before: str = ""
    read_at: str = ""

    @property
    def has_bounds(self) -> bool:
        """Whether the row is about some versions only."""
        return bool(self.applies_from or self.applies_before)

    def covers(self, version: str) -> Answer:
        """Return whether the row holds for a version of the image; an unknown version is so only for a row with bounds."""
        if not self.has_bounds:
            return Answer.BEYOND if is_beyond(version, self.read_at) else Answer.YES
        return range_of(self.applies_from, self.applies_before, (), self.read_at).answer(version)

    def holds(self, of: ProgramSettings | ObjectSettings) -> Truth:
        """Return whether the connection is opened with these settings."""
        required = [one.holds(of) for one in self.when]
        chosen = [one.holds(of) for one in self.any]
        stopped = [one.holds(of) for one in self.unless]
        if Truth.NO in required or Truth.YES in stopped or (chosen and all(one is Truth.NO for one in chosen)):
            return Truth.NO
        unsure = Truth.UNKNOWN in required or Truth.UNKNOWN in stopped or (chosen and Truth.YES not in chosen)
        return Truth.UNKNOWN if unsure else Truth.YES


def _runs(row: WorkloadDownload, program: PodProgram) -> bool:
    """Return whether a container runs the program of a row, not only its image for another purpose."""
    if row.when or row.any:
        return True
    line = next((one for one in program.lines if one.phase in _OWN), None)
    if line is not None and line.has_command and line.words[0].text.rpartition("/")[2] in _TOOLS:
        return False
    return (not program.is_init or "init" in row.also) and (not program.is_job or "job" in row.also)


def _truth(value: bool) -> Truth:
    return Truth.YES if value else Truth.NO


def _is(text: str, wanted: tuple[str, ...]) -> bool:
    lowered = text.strip().lower()
    for one in wanted:
        if one == "enabled" and lowered in _ON:
            return True
        if one == "disabled" and lowered in _OFF:
            return True
        if one == "model" and _MODEL.fullmatch(text.strip()) is not None:
            return True
        if one not in {"enabled", "disabled", "model", "unset"} and lowered == one.lower():
            return True
    return False


def download_rows() -> tuple[WorkloadDownload, ...]:
    """Return every row of the table."""
    return table("workload_downloads", WorkloadDownload)


@remembered
def _by_image() -> Mapping[str, tuple[tuple[str, WorkloadDownload], ...]]:
    """Return the rows by the last part of their images, with the whole end; under an empty text those for any image."""
    found: dict[str, list[tuple[str, WorkloadDownload]]] = {"": []}
    for row in download_rows():
        if not row.images and not row.kinds:
            found[""].append(("", row))
        for image in row.images:
            found.setdefault(image.rpartition("/")[2], []).append((image, row))
    return {name: tuple(rows) for name, rows in found.items()}


def rows_of_program(program: PodProgram) -> Iterator[WorkloadDownload]:
    """Yield the rows that a container's image may concern."""
    seen: set[str] = set()
    path = program.image.path if program.image is not None else ""
    for end, row in (*_by_image().get(path.rpartition("/")[2], ()), *_by_image()[""]):
        if row.id not in seen and (not end or f"/{path}".endswith(f"/{end}")) and _runs(row, program):
            seen.add(row.id)
            yield row


def rows_of_kind(kind: str) -> Iterator[WorkloadDownload]:
    """Yield the rows about a kind of objects (`Kind.group`)."""
    yield from (row for row in download_rows() if kind in row.kinds)


def kinds_in_rows() -> frozenset[str]:
    """Return the kinds that any row is about."""
    return frozenset(kind for row in download_rows() for kind in row.kinds)
