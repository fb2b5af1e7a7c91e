"""What the pipeline reports while it works. A caller passes functions; the pipeline itself writes nothing to a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of one collection. None: the caller does not need it.

    `counting` is called with (done, total) for images and endpoints, `reading` with (archive, bytes done, bytes in all).
    """

    counting: Callable[[int, int], None] | None = None
    reading: Callable[[str, int, int], None] | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """One message that is not an error. `hint` says what to do about it, and can be empty."""

    message: str
    hint: str = ""


@contextmanager
def no_progress() -> Iterator[Progress]:
    """Show nothing."""
    yield Progress()


def no_notice(_notice: Notice) -> None:
    """Drop a notice."""


@dataclass(frozen=True, slots=True)
class Callbacks:
    """The functions of a caller. `progress` is entered for each collection and left when that ends."""

    progress: Callable[[], AbstractContextManager[Progress]] = no_progress
    notice: Callable[[Notice], None] = no_notice


SILENT = Callbacks()
