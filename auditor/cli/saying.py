"""What is said on stderr: fit for a terminal, without secrets, and never a reason to fail."""

from __future__ import annotations

import logging
import os
import sys
from enum import Enum

from auditor.errors import AuditorError
from auditor.redaction import redact
from reports.cleaning import clean


class Loudness(Enum):
    """How much is said on stderr. Errors always are."""

    QUIET = "quiet"
    NORMAL = "normal"
    VERBOSE = "verbose"


_loudness = Loudness.NORMAL


def be(loudness: Loudness) -> None:
    """Choose for the rest of the run. When verbose, every request is told, without anything that could be a secret."""
    global _loudness  # noqa: PLW0603 - one run, one stderr
    _loudness = loudness
    if loudness is Loudness.VERBOSE:
        asked = logging.getLogger("auditor.asked")
        asked.setLevel(logging.DEBUG)
        asked.addHandler(_Saying())


def is_quiet() -> bool:
    """Whether nothing but errors is to be said."""
    return _loudness is Loudness.QUIET


def note(text: str) -> None:
    """Say something that is no error, unless nobody wants to hear it."""
    if not is_quiet():
        say(text)


class _Saying(logging.Handler):
    """Says log records as notes are said: cleaned, without passwords, and never a reason to fail."""

    def emit(self, record: logging.LogRecord) -> None:
        """One line."""
        say(record.getMessage())


def say(text: str) -> None:
    """Write lines to stderr. Names in them may come from anywhere; a closed or full stderr changes no exit code."""
    lines = [clean(line) for line in redact(text).splitlines()]
    if sys.stderr is None:  # closed by whoever started us
        return
    try:
        sys.stderr.write("\n".join(lines) + "\n")
        sys.stderr.flush()
    except OSError:
        # What is still buffered would fail once more when Python ends, and change the exit code.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def say_error(error: AuditorError) -> None:
    """Write an error and its hint."""
    say(f"auditor: {error.summary}" + (f"\n  {error.hint}" if error.hint else ""))
