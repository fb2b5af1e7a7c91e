"""Colours for a terminal. Without colour, every method returns its text unchanged."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.check import Severity
from auditor.report import Verdict

_RESET = "\x1b[0m"
_CODES = {"red": "31", "yellow": "33", "green": "32", "blue": "34", "magenta": "35", "bold": "1", "dim": "2"}
_SEVERITIES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "blue"}
_VERDICTS = {Verdict.READY: "green", Verdict.NOT_READY: "red", Verdict.UNDETERMINED: "magenta"}


@dataclass(frozen=True, slots=True)
class Ink:
    """Adds colour codes to cleaned text. They are the only control characters in a text report."""

    colour: bool = False

    def paint(self, text: str, *names: str) -> str:
        """Return Return `text` in the named colours and weights."""
        if not self.colour:
            return text
        return f"\x1b[{';'.join(_CODES[name] for name in names)}m{text}{_RESET}"

    def severity(self, text: str, severity: Severity) -> str:
        """Return Return `text` in the colour of a severity."""
        return self.paint(text, "bold", _SEVERITIES[severity])

    def verdict(self, text: str, verdict: Verdict) -> str:
        """Return Return `text` in the colour of a verdict."""
        return self.paint(text, "bold", _VERDICTS[verdict])
