"""One thing to do first: a root cause with its remedy, and everything that it resolves."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from auditor.check import Severity
from auditor.errors import Location


class When(enum.StrEnum):
    """The time at which a step is possible, in the order of the steps."""

    WHILE_CONNECTED = "while-connected"  # only while the sources are reachable
    ANY_TIME = "any-time"


@dataclass(frozen=True, slots=True)
class FirstStep:
    """One root cause, with its remedy and the outcomes that it explains.

    `title` states the fault in a few words, and `action` is an imperative. `reason` states why outcomes are undetermined; it is
    empty for findings. `commands` are for a shell and never empty: the first one is to be run first. `severity` is the worst
    of its findings, None if the step has only undetermined outcomes. `checks` are the ids of the checks, the one with the
    worst and most findings first.

    `pools` are the pools that the step helps to unblock. `error`, `warning`, `info` and `undetermined` count outcomes, and
    `fixable` counts the findings that `auditor fix` resolves. `subjects` are the first names of the concerned objects, out of
    `subject_count`; `location` is the first location in the user's files. `fingerprints` identify the findings of the step.
    """

    title: str
    action: str
    commands: tuple[str, ...]
    when: When
    severity: Severity | None
    reason: str = ""
    checks: tuple[str, ...] = ()
    pools: tuple[str, ...] = ()
    error: int = 0
    warning: int = 0
    info: int = 0
    undetermined: int = 0
    fixable: int = 0
    subjects: tuple[str, ...] = ()
    subject_count: int = 0
    location: Location | None = None
    fingerprints: tuple[str, ...] = ()

    @property
    def needs_sources(self) -> bool:
        """Whether the step is possible only while the sources are reachable."""
        return self.when is When.WHILE_CONNECTED

    @property
    def outcomes(self) -> int:
        """The number of findings and undetermined outcomes that the step explains."""
        return self.error + self.warning + self.info + self.undetermined
