"""The requests of a verbose run, on stderr."""

from __future__ import annotations

import logging
from collections.abc import Callable


class _Lines(logging.Handler):
    """Passes log records on, one line each."""

    def __init__(self, write: Callable[[str], None]) -> None:
        super().__init__()
        self._write = write

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        self._write(record.getMessage())


def write_requests(write: Callable[[str], None]) -> None:
    """Call `write` with a line for every request of the rest of the run."""
    asked = logging.getLogger("auditor.asked")
    asked.setLevel(logging.DEBUG)
    asked.addHandler(_Lines(write))
