"""Programs from outside Python that some tests talk to. Under AUDITOR_REQUIRE_PEERS=1 a missing one is a failure."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

GO_BIN = Path.home() / "go" / "bin"


def find(program: str) -> str | None:
    """The path of a program on PATH or among Go's installed binaries."""
    return shutil.which(program) or shutil.which(program, path=str(GO_BIN))


def require(program: str) -> str:
    """The path of a program; without it the test skips, or fails where peers are promised."""
    if path := find(program):
        return path
    reason = f"{program} is not installed; `.ci/run` installs it"
    if os.environ.get("AUDITOR_REQUIRE_PEERS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
