"""Run the program as a user would: a separate process, with an environment without the developer's settings."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
EXAMPLE = ROOT / "examples" / "plant-7"
KEPT = ("PATH", "SYSTEMROOT", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG", "COVERAGE_FILE", "LD_LIBRARY_PATH")


def environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """PATH and what coverage needs, an empty home, no proxies, no colours."""
    kept = {name: value for name, value in os.environ.items() if name in KEPT}
    return {**kept, "HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "NO_COLOR": "1", **(extra or {})}


def auditor(*arguments: str | Path, cwd: Path, extra: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run `auditor` with the arguments in `cwd`."""
    command = [sys.executable, "-m", "auditor", *map(str, arguments)]
    return subprocess.run(
        command, cwd=cwd, env=environment(cwd, extra), capture_output=True, text=True, timeout=120, check=False
    )
