"""The errors that a user may see, and the location in a file that an error or a finding points to.

    AuditorError            an error with a summary and a hint
    ├── UsageError          the inputs or options cannot be used                     exit 2
    │   ├── PlanError       a plan or list is invalid, with locations                exit 2
    │   └── EvidenceError   an evidence file is damaged, too new or no evidence      exit 2
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
    """Return the operating system's error for a file, in lower case, for use inside a sentence."""
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, IsADirectoryError):
        return "it is a folder"
    said = str(error.strerror or error)
    return said[:1].lower() + said[1:]


def unexpected(doing: str, error: Exception) -> str:
    """Return a detail text for an unexpected exception that makes an outcome undetermined."""
    said = " ".join(str(error).split())[:200]
    return f"{doing} failed with {type(error).__name__}{said and ': '}{said}"


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A location in one of the user's files. Lines and columns count from 1; 0 means the whole file."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}" if self.column else f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault in a file: location, message, and a hint with the correct text (empty if there is no good guess).

    A location without a file stands for the command line.
    """

    location: Location
    message: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.location}: " if self.location.file else ""
        return f"{place}{self.message}" + (f" ({self.hint})" if self.hint else "")


class AuditorError(Exception):
    """An error that the tool can explain. `summary` is one line; `hint` states what to do."""

    exit_code: ClassVar[int] = 4

    def __init__(self, summary: str, hint: str = "") -> None:
        super().__init__(summary)
        self.summary = summary
        self.hint = hint


class UsageError(AuditorError):
    """The options or inputs cannot be used as given."""

    exit_code: ClassVar[int] = 2


class PlanError(UsageError):
    """A plan or a file that it names is invalid. Carries every problem, not only the first."""

    def __init__(self, problems: tuple[Problem, ...] | list[Problem], hint: str = "") -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems), hint)


class EvidenceError(UsageError):
    """The file is not an evidence file, is damaged, or was written by a newer version."""


class NotObserved(AuditorError):
    """The requested subject could not be observed, so the answer is undetermined."""

    exit_code: ClassVar[int] = 3


class Interrupted(KeyboardInterrupt):
    """A signal ended a collection. `evidence` is the file that holds the observations so far.

    It is a KeyboardInterrupt, so a caller that handles failed inputs one by one does not continue with the next.
    """

    def __init__(self, evidence: Path) -> None:
        super().__init__()
        self.evidence = evidence


class InternalError(AuditorError):
    """The auditor contradicts itself: a bug."""

    exit_code: ClassVar[int] = 4
