"""Colours and links for a terminal. Without them, every method returns its text unchanged."""

from __future__ import annotations

import posixpath
import re
import urllib.parse
from dataclasses import dataclass

from auditor.check import Severity
from auditor.report import Location, Verdict

_WRITTEN = re.compile(r"\x1b\[[0-9;]*m|\x1b\]8;;[^\x1b]*\x1b\\")  # what this module writes
_RESET = "\x1b[0m"
_CODES = {"red": "31", "yellow": "33", "green": "32", "blue": "34", "magenta": "35", "bold": "1", "dim": "2"}
_SEVERITIES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "blue"}
_VERDICTS = {Verdict.READY: "green", Verdict.NOT_READY: "red", Verdict.UNDETERMINED: "magenta"}


@dataclass(frozen=True, slots=True)
class Ink:
    """Adds colours and links to cleaned text. They are the only control characters in a text report.

    `folder` is the absolute folder that locations are relative to; without it, nothing is a link.
    """

    colour: bool = False
    folder: str = ""

    def paint(self, text: str, *names: str) -> str:
        """Return `text` in the named colours and weights."""
        if not self.colour or not text:
            return text
        return f"\x1b[{';'.join(_CODES[name] for name in names)}m{text}{_RESET}"

    def severity(self, text: str, severity: Severity) -> str:
        """Return `text` in the colour of a severity."""
        return self.paint(text, "bold", _SEVERITIES[severity])

    def verdict(self, text: str, verdict: Verdict) -> str:
        """Return `text` in the colour of a verdict."""
        return self.paint(text, "bold", _VERDICTS[verdict])

    def link(self, text: str, at: Location | None) -> str:
        """Return `text` as a link (OSC 8) to the file of a location."""
        if not self.folder or at is None or not at.file:
            return text
        path = posixpath.normpath(posixpath.join(self.folder, at.file))
        url = f"file://{urllib.parse.quote(path, errors='replace')}"
        return f"\x1b]8;;{url}\x1b\\{text}\x1b]8;;\x1b\\"


def without_codes(line: str) -> str:
    """Return a line without the colours and links that `Ink` added."""
    return _WRITTEN.sub("", line)
