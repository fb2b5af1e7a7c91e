"""What is said on stderr: fit for a terminal, without passwords, and never a reason to fail."""

from __future__ import annotations

import os
import sys

from auditor.errors import AuditorError
from auditor.plan.quoting import without_passwords
from reports.cleaning import clean


def say(text: str) -> None:
    """Write lines to stderr. Names in them may come from anywhere; a closed or full stderr changes no exit code."""
    lines = [clean(without_passwords(line)) for line in text.splitlines()]
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
