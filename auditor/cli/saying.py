"""Messages on stderr: cleaned for a terminal, without secrets. A stderr that cannot be written is no error."""

from __future__ import annotations

import os
import sys
from enum import Enum

from auditor.errors import AuditorError
from auditor.pipeline.callbacks import Notice
from auditor.redaction import redact
from reports.cleaning import clean


class Loudness(Enum):
    """How much is written to stderr. Errors always are."""

    QUIET = "quiet"
    NORMAL = "normal"
    VERBOSE = "verbose"


_loudness = Loudness.NORMAL


def be(loudness: Loudness) -> None:
    """Set the loudness for the rest of the run. `VERBOSE` also logs every request, without anything that could be a secret."""
    global _loudness  # noqa: PLW0603 - one run, one stderr
    _loudness = loudness
    if loudness is Loudness.VERBOSE:
        from auditor.cli.request_log import write_requests  # noqa: PLC0415 - few runs are verbose

        write_requests(say)


def is_quiet() -> bool:
    """Whether only errors are written."""
    return _loudness is Loudness.QUIET


def is_verbose() -> bool:
    """Whether every request is written, and reports are printed in full."""
    return _loudness is Loudness.VERBOSE


def note(text: str) -> None:
    """Write a message that is not an error, unless `--quiet` is set."""
    if not is_quiet():
        say(text)


def notice(notice: Notice) -> None:
    """Write a notice of the pipeline, unless `--quiet` is set."""
    note(f"auditor: {notice.message}")
    if notice.hint:
        note(f"hint: {notice.hint}")


def say(text: str) -> None:
    """Write lines to stderr. They can hold names from untrusted sources. A closed or full stderr changes no exit code."""
    lines = [clean(line) for line in redact(text).splitlines()]
    if sys.stderr is None:  # the parent process closed it
        return
    try:
        sys.stderr.write("\n".join(lines) + "\n")
        sys.stderr.flush()
    except OSError:
        # The buffered rest would fail again when Python ends, and change the exit code.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def say_error(error: AuditorError) -> None:
    """Write an error and its hint."""
    say(f"auditor: {error.summary}" + (f"\n  {error.hint}" if error.hint else ""))
