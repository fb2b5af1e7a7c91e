"""Find the file with defaults of the command line. Its values are read in config.py, only if there is one."""

from __future__ import annotations

import os
from pathlib import Path

FILE, PROJECT = "auditor.toml", "pyproject.toml"
MAX_BYTES = 256 * 1024
MOST_FOLDERS = 40
_OFF = frozenset({"off", "0", "no", "false"})
_is_ignored = False


def ignore() -> None:
    """Use no file with defaults in this run."""
    global _is_ignored  # noqa: PLW0603 - one run, one command line
    _is_ignored = True


def find_config(start: Path) -> Path | None:
    """Return the nearest file with defaults, or None.

    It is searched from `start` up to the root of the repository; outside a repository, only in `start`. In one folder,
    auditor.toml is used and pyproject.toml is not.
    """
    if _is_ignored or os.environ.get("AUDITOR_CONFIG", "").lower() in _OFF:
        return None
    folders = [start, *start.parents][:MOST_FOLDERS]
    root = next((at for at, folder in enumerate(folders) if (folder / ".git").exists()), 0)
    for folder in folders[: root + 1]:
        if (folder / FILE).is_file():
            return folder / FILE
        if (folder / PROJECT).is_file() and _may_have_table(folder / PROJECT):
            return folder / PROJECT
    return None


def _may_have_table(path: Path) -> bool:
    """Whether a pyproject.toml has a line that may begin our table. A comment or a text that looks like it is one more file
    to read."""
    try:
        with path.open("rb") as file:
            lines = file.read(MAX_BYTES).split(b"\n")
    except OSError:
        return False
    return any(line.lstrip().startswith(b"[") and b"airgap-auditor" in line and b"tool" in line for line in lines)
