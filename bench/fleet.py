"""`auditor audit` of many plans with one evidence file: seconds and peak memory.

    python bench/fleet.py [--sites 100 --images 600 | --sites 2500 --images 50]

Each site lists its own choice of the images that the evidence file holds. The floor is the work that no run can avoid: read and
decode each distinct document once. Target: 60 s and 1 GB for 100 sites of 600 images, and for 2,500 sites of 50. Each run has
its own process, and writes one JSON report per site and the index page.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from evaluate import EVIDENCE, POOLS, write

DISTINCT = 2_000
POOLS_OF_SITES = ("control", "win2019", "win2022")
MOST_SECONDS, MOST_MIB = 60, 1024


def sites(folder: Path, count: int, images: int) -> None:
    """Write one plan and one list for each site, with the pools control, win2019 and win2022."""
    names = (folder / "list.txt").read_text().split()
    chosen = random.Random(count)
    platforms = ((name, POOLS[name]) for name in POOLS_OF_SITES)
    pools = "".join(f"  {name}: {{platform: '{one}', runtime: containerd 2.1.6}}\n" for name, one in platforms)
    (folder / "sites").mkdir()
    for number in range(count):
        (folder / f"sites/{number}.txt").write_text("\n".join(chosen.sample(names, images)) + "\n")
        rest = f"images: [{{list: {number}.txt}}]\nregistry: {{host: 'r.local:5000'}}\n"
        (folder / f"sites/{number}.yaml").write_text(f"version: 1\nname: site-{number}\npools:\n{pools}{rest}")


def audited(folder: Path, count: int) -> tuple[float, float, float]:
    """Return seconds, seconds of CPU and peak MiB of one run over all sites."""
    plans = [f"sites/{number}.yaml" for number in range(count)]
    words = ["audit", *plans, "--evidence", EVIDENCE, "--at", "2026-11-23", "--format", "json=reports"]
    start = time.perf_counter()
    read, wrote = os.pipe()
    child = os.fork()
    if not child:
        os.chdir(folder)
        os.dup2(wrote, 1)
        os.dup2(wrote, 2)
        os.execv(sys.executable, [sys.executable, "-m", "auditor", *words])  # noqa: S606 - our own program
    os.close(wrote)
    with os.fdopen(read, "rb") as output:
        lines = output.read().splitlines()
    _, status, usage = os.wait4(child, 0)
    if (code := os.waitstatus_to_exitcode(status)) not in {0, 1, 3}:
        raise SystemExit(f"the audit of {count:,} sites ended with exit code {code}: {lines[-3:]}")
    assert len(list((folder / "reports").glob("*.json"))) == count
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> None:
    """Print one line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sites", type=int, default=100)
    parser.add_argument("--images", type=int, default=600)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, DISTINCT)
        sites(folder, chosen.sites, chosen.images)
        command = [sys.executable, str(Path(__file__).with_name("evaluate.py")), "--floor", name]
        least = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["seconds"]
        seconds, cpu, peak = audited(folder, chosen.sites)
        print(f"{chosen.sites:,} sites of {chosen.images} images: {seconds:.1f} s, {cpu:.1f} s of CPU, {peak:.0f} MiB")
        print(f"{cpu / chosen.sites * 1_000:.0f} ms of CPU each; reading {DISTINCT:,} images once takes {least:.2f} s")
        print(f"target: {MOST_SECONDS} s and {MOST_MIB} MiB")


if __name__ == "__main__":
    main()
