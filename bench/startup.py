"""How long `auditor --version` takes beside a bare interpreter, as whole processes in turn. Target: <= 0.15 s."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 15


def seconds(*command: str) -> float:
    """Wall seconds of one run."""
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    """Print medians and the ratio."""
    auditor = str(Path(sys.executable).with_name("auditor"))
    pairs = [(seconds(auditor, "--version"), seconds(sys.executable, "-c", "pass")) for _ in range(RUNS)]
    ours, bare = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(
        f"auditor --version  {ours:.3f} s median of {RUNS} (target 0.150 s); bare python {bare:.3f} s; ratio {ours / bare:.2f}"
    )


if __name__ == "__main__":
    main()
