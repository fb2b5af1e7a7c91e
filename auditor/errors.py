"""The errors that a user may see, and the location in a file that an error or a finding points to.

    AuditorError            anything that the tool can explain: a summary and a hint
    ├── UsageError          the inputs or options cannot be used                     exit 2
    │   ├── PlanError       a plan or list is invalid, with locations                exit 2
    │   └── EvidenceError   an evidence file is damaged, too new or another file     exit 2
    ├── NotObserved         the requested subject could not be observed              exit 3
    └── InternalError       the auditor contradicts itself: a bug                    exit 4
    Interrupted             a signal ended a collection; not an AuditorError

Errors of third-party libraries are translated where the library is called. No other error reaches the command line.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar


def strerror(error: OSError) -> str:
    """What the operating system says of a file, as part of a sentence: it begins small, and a folder is called one."""
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, IsADirectoryError):
        return "it is a folder"
    said = str(error.strerror or error)
    return said[:1].lower() + said[1:]


def unexpected(doing: str, error: Exception) -> str:
    """Describe an exception that no code expected, as the detail of what could not be determined because of it."""
    said = " ".join(str(error).split())[:200]
    return f"{doing} failed with {type(error).__name__}{said and ': '}{said}"


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in one of the user's files. Lines and columns count from 1; 0 means the whole file."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}" if self.column else f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file: where, what, and what to write instead (empty when there is no good guess).

    A location without a file is that of something only the command line said.
    """

    location: Location
    message: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.location}: " if self.location.file else ""
        return f"{place}{self.message}" + (f" ({self.hint})" if self.hint else "")


class AuditorError(Exception):
    """Something that the tool can explain. `summary` is one line; `hint` says what to do about it."""

    exit_code: ClassVar[int] = 4

    def __init__(self, summary: str, hint: str = "") -> None:
        super().__init__(summary)
        self.summary = summary
        self.hint = hint


class UsageError(AuditorError):
    """The command line asked for something that cannot be done."""

    exit_code: ClassVar[int] = 2


class PlanError(UsageError):
    """A plan, or a file that it names, cannot be read as meant. Carries every problem, not only the first."""

    def __init__(self, problems: tuple[Problem, ...] | list[Problem], hint: str = "") -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems), hint)


class EvidenceError(UsageError):
    """An evidence file is no evidence file, is damaged, or was written by a newer version."""


class NotObserved(AuditorError):
    """The subject of a request could not be observed, so the answer is undetermined."""

    exit_code: ClassVar[int] = 3


class Interrupted(KeyboardInterrupt):
    """A signal ended a collection. `evidence` is the file that keeps the observations so far.

    It is a KeyboardInterrupt, so that a caller that handles one of several failed inputs does not go on with the next.
    """

    def __init__(self, evidence: Path) -> None:
        super().__init__()
        self.evidence = evidence


class InternalError(AuditorError):
    """The auditor contradicts itself. Always a bug."""

    exit_code: ClassVar[int] = 4
