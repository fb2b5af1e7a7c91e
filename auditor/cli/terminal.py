"""What the terminal can show: colours, links, width and characters."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from reports.style import NARROWEST, USUAL_WIDTH, WIDEST, Style

if TYPE_CHECKING:
    from auditor.report import Excerpt, Location

_NO_LINKS = frozenset({"dumb", "linux"})  # the console of Linux prints the URL of a link
# Characters of our own texts that an encoding may lack.
_PLAINER = str.maketrans(
    {"\u2026": "...", "\u2013": "-", "\u2014": "-", "\u2018": "'", "\u2019": "'", "\u00d7": "x", "\u2192": "->"}
)


def style(excerpts: Mapping[Location, Excerpt] = MappingProxyType({})) -> Style:
    """Return the style for stdout."""
    return Style(use_colour(), str(Path.cwd()) if use_links() else "", columns(), excerpts)


def use_colour() -> bool:
    """Whether to write colours to stdout: NO_COLOR forbids them, FORCE_COLOR wants them, else a terminal that is not dumb."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return os.environ["FORCE_COLOR"] != "0"
    return _is_terminal() and os.environ.get("TERM") != "dumb"


def use_links() -> bool:
    """Whether to write links to stdout: only to a terminal with colours. FORCE_HYPERLINK decides otherwise."""
    if forced := os.environ.get("FORCE_HYPERLINK"):
        return forced != "0"
    return _is_terminal() and use_colour() and os.environ.get("TERM", "") not in _NO_LINKS


def columns() -> int:
    """Return the width of the screen within limits: COLUMNS, else that of the terminal, else 100."""
    wanted = os.environ.get("COLUMNS", "")
    if wanted.isascii() and wanted.isdigit() and int(wanted[:6]) > 0:
        return min(WIDEST, max(NARROWEST, int(wanted[:6])))
    if not _is_terminal():
        return USUAL_WIDTH
    return min(WIDEST, max(NARROWEST, shutil.get_terminal_size((USUAL_WIDTH, 24)).columns))


def encodable(text: str) -> str:
    """Return a text that stdout can encode: plainer punctuation, and `\\u0107` for any other character that it lacks."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    if text.isascii():
        return text
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_PLAINER).encode(encoding, "backslashreplace").decode(encoding)
    return text


def _is_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()
