"""Names of files on a medium: relative, with slashes, and never outside the folder."""

from __future__ import annotations

import os
from typing import Final

MAX_NAME: Final = 4096


def fault_of(name: str) -> str:
    """Return why a name from a list may not be used as a path below a folder; empty if it may."""
    if not name or len(name) > MAX_NAME:
        return "it is empty or too long"
    if "\0" in name:
        return "it contains a zero byte"
    if name.startswith("/"):
        return "it is an absolute path"
    if any(part in {"", ".", ".."} for part in name.split("/")):
        return "it leads outside the folder, or is not in its shortest form"
    if os.sep == "\\" and ("\\" in name or ":" in name):
        return "it is not a relative path on Windows"
    return ""


def as_text(name: str) -> str:
    r"""Return a file name of the operating system as valid text. Bytes that are not UTF-8 become `\xff`."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
