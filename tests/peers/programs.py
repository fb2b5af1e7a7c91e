"""External programs that some tests use. With AUDITOR_REQUIRE_PEERS=1 a missing one is a failure."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

GO_BIN = Path.home() / "go" / "bin"
NEWEST = "AUDITOR_NEWEST"  # a folder with the newest releases of the copy tools, which take the place of the pinned ones


def find(program: str) -> str | None:
    """The path of a program on PATH, beside this Python, or among Go's installed binaries."""
    beside = os.pathsep.join((str(Path(sys.executable).parent), str(GO_BIN)))
    if newest := newest_of(program):
        return newest
    return shutil.which(program) or shutil.which(program, path=beside)


def newest_of(program: str) -> str | None:
    """The path of a program in the folder of the newest releases; None without such a folder or program."""
    folder = os.environ.get(NEWEST)
    return shutil.which(program, path=folder) if folder else None


def require(program: str) -> str:
    """The path of a program; without it the test skips, or fails where peers are promised."""
    path = find(program)
    if path is None:
        missing(f"{program} is not installed; `.ci/run` installs it")
    return path


def missing(reason: str) -> NoReturn:
    """Skip the test for a reason, or fail it where peers are promised."""
    if os.environ.get("AUDITOR_REQUIRE_PEERS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def require_index(folder: Path) -> None:
    """A package index that answers pip, as an installation needs one; without it the test skips. `folder` is for a download."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), "hatchling"]
    asked = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if asked.returncode != 0:
        missing(f"no package index answers: {asked.stderr.strip()[-300:]}")


def cut_off() -> list[str]:
    """The beginning of a command that runs in a network namespace of its own; the test skips where none may be made."""
    command = [require("unshare"), "-n" if os.geteuid() == 0 else "-rn"]
    tried = subprocess.run([*command, "true"], capture_output=True, text=True, timeout=10, check=False)
    if tried.returncode != 0:
        missing(f"no network namespace can be made here: {tried.stderr.strip()}")
    return command
