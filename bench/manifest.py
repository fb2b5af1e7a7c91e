"""`auditor verify DIR` beside `sha256sum -c` on all cores, on the same files in one run, from the page cache.

    python bench/manifest.py [--size MIB] [--runs N]

The rates are bytes per second of the whole command, with its start. The ratio is the median of the runs, and the ratio of
processor time beside it does not depend on other programs. Two shapes: few large
files, as image archives are, and many small ones, as an OCI layout has them.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CORES = len(os.sched_getaffinity(0))
TARGET = 0.9


def main() -> None:
    """Measure both shapes. Exit code 1 if the large files are below the target."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--size", type=int, default=2048, help="MiB of the large files")
    options.add_argument("--runs", type=int, default=5)
    chosen = options.parse_args()
    shapes = {"32 large files": (32, chosen.size * 1024**2 // 32), "20,000 small files": (20_000, 16 * 1024)}
    ratios = {}
    for name, (count, size) in shapes.items():
        with tempfile.TemporaryDirectory() as folder:
            ratios[name] = measured(name, Path(folder), count, size, chosen.runs)
    if ratios["32 large files"] < TARGET:
        sys.exit(1)


def measured(name: str, folder: Path, count: int, size: int, runs: int) -> float:
    """Print one line, and return the ratio of the rates."""
    medium = folder / "medium"
    medium.mkdir()
    block = os.urandom(min(size, 1024**2))
    for number in range(count):
        with (medium / f"{number:06d}").open("wb") as file:
            file.write(number.to_bytes(8, "big"))
            for start in range(8, size, len(block)):
                file.write(block[: size - start])
    environment = {**os.environ, "AUDITOR_CACHE": str(folder / "cache")}
    ours = [sys.executable, "-m", "auditor", "-q"]
    subprocess.run([*ours, "manifest", "--no-images", str(medium)], check=True, env=environment, stdout=subprocess.DEVNULL)
    (folder / "names").write_bytes(b"".join(f"{number:06d}\0".encode() for number in range(count)))
    each = max(1, min(-(-count // CORES), 500 if count > 1000 else 1))
    peer = f"xargs -0 -P {CORES} -n {each} sha256sum < ../names > /dev/null"
    mine, theirs = [], []
    for _ in range(runs):
        theirs.append(seconds(["bash", "-c", peer], medium, environment))
        mine.append(seconds([*ours, "verify", str(medium)], medium, environment))
    ratio, processor = (statistics.median(one[n] / other[n] for one, other in zip(theirs, mine, strict=True)) for n in (0, 1))
    rates = [count * size / statistics.median(one[0] for one in times) / 1e6 for times in (mine, theirs)]
    print(
        f"{name}, {count * size / 1e6:,.0f} MB, {CORES} cores: auditor verify {rates[0]:,.0f} MB/s, "
        f"sha256sum {rates[1]:,.0f} MB/s, ratio {ratio:.2f}, "
        f"of processor time {processor:.2f}",
        flush=True,
    )
    return ratio


def seconds(command: list[str], folder: Path, environment: dict[str, str]) -> tuple[float, float]:
    """Return the wall-clock time and the processor time of a command that must succeed."""
    start, before = time.perf_counter(), os.times()
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - start, used


if __name__ == "__main__":
    if shutil.which("sha256sum") is None:
        sys.exit("bench/manifest.py needs sha256sum")
    main()
