"""Memory and time of `auditor audit LIST --offline --format json` for long lists. Both must be linear.

python bench/scale.py [--lines 25000 100000]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

MIB = 1024 * 1024
MOST_MIB = 500  # for 100,000 lines


def audited(lines: int, folder: Path) -> tuple[float, float, int]:
    """Return seconds, peak MiB of resident memory and bytes of JSON for a list of `lines` images."""
    listed, report = folder / f"{lines}.txt", folder / f"{lines}.json"
    text = "".join(f"docker.io/library/app{number}:1.{number % 50}.{number % 7}\n" for number in range(lines))
    listed.write_text(text, encoding="utf-8")
    words = ["audit", str(listed), "--platform", "linux/amd64", "--offline", "--format", f"json={report}"]
    start = time.perf_counter()
    child = os.spawnv(os.P_NOWAIT, sys.executable, [sys.executable, "-m", "auditor", *words])  # noqa: S606 - our own program
    _, status, usage = os.wait4(child, 0)
    taken = time.perf_counter() - start
    if (code := os.waitstatus_to_exitcode(status)) not in {0, 1, 3}:
        raise SystemExit(f"the audit of {lines:,} lines ended with exit code {code}")
    return taken, usage.ru_maxrss / 1024, report.stat().st_size


def main() -> None:
    """Print a line for each length."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, nargs="+", default=[25_000, 100_000])
    with tempfile.TemporaryDirectory() as folder:
        for lines in parser.parse_args().lines:
            taken, peak, size = audited(lines, Path(folder))
            each = taken / lines * 1_000_000
            print(f"{lines:,} lines: {taken:.1f} s ({each:.0f} µs each), {peak:.0f} MiB, JSON {size / MIB:.0f} MiB")
    print(f"target: 100,000 lines in {MOST_MIB} MiB, and the same time for each line")


if __name__ == "__main__":
    main()
