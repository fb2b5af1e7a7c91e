"""Storage budgets of N images x 6 pools, every pool with a disk: seconds and peak memory, compared with the evaluation.

    python bench/budgets.py [--images 10000]

Target: 10,000 images in <= 1 s. It measures all storage stages (download, staging, media, registry and the node disk of each
pool) from an evidence file: once without unpacked sizes and once with the unpacked size of every layer. The survey of the
images, which they use, is measured separately. Each measurement has its own process.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from evaluate import NOW, PLATFORMS, POOLS, manifest, write


def disks(folder: Path) -> None:
    """Give every pool of the plan a disk, and the copy a tool, media and staging."""
    path = folder / "plan.yaml"
    text = path.read_text().replace("runtime: containerd 2.1.6}", "runtime: containerd 2.1.6, disk: 900TB}")
    copy = "copy: {tool: crane 0.20.6, media: {size: 900TB, filesystem: exfat}, staging: {disk: 900TB}}\n"
    path.write_text(text + copy)


def trailers(folder: Path, images: int) -> int:
    """Store the unpacked size of every layer in the evidence. Return the number of layers."""
    from auditor.evidence.model import Seen
    from auditor.evidence.store import Store
    from auditor.oci.unpacked import UnpackedKind, UnpackedSeen

    sizes: dict[str, int] = {}
    for image in range(images):
        for platform in range(len(PLATFORMS)):
            for layer in json.loads(manifest(image, platform))["layers"]:
                sizes[layer["digest"]] = layer["size"]
    with Store.open(folder / "site.evidence", read_only=False) as store:
        for digest, size in sizes.items():
            store.put_unpacked(digest, Seen(UnpackedSeen(UnpackedKind.GZIP_TRAILER, size * 5 // 2), NOW, "bench"))
    return len(sizes)


def measure(folder: Path) -> None:
    """Budget once; print seconds and peak bytes as JSON."""
    from auditor.evidence.store import Store
    from auditor.needs.resolve import resolve_needs
    from auditor.plan.load import load_plan
    from auditor.site import Site

    gc.disable()  # like the command line
    plan = load_plan(folder / "plan.yaml")
    needs = resolve_needs(plan)
    with Store.open(folder / "site.evidence") as store:
        site = Site(plan, needs, store)
        start = time.perf_counter()
        assert site.pulled
        surveyed, busy = time.perf_counter() - start, time.process_time()
        stages = site.storage.stages
        seconds, cpu = time.perf_counter() - start - surveyed, time.process_time() - busy
    assert len(stages) == 4 + len(POOLS)
    assert all(stage.bytes for stage in stages)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "cpu": cpu, "survey": surveyed, "peak": peak}))


def once(folder: Path, runs: int) -> dict[str, float]:
    """Return the median of several runs, each in a fresh process."""
    command = [sys.executable, __file__, "--measure", str(folder)]
    results = [json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout) for _ in range(runs)]
    return sorted(results, key=lambda result: float(result["seconds"]))[runs // 2]


def main() -> None:
    """Measure, and print the results with the target."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--measure", type=Path)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, options.images)
        disks(folder)
        for known in (False, True):
            layers = trailers(folder, options.images) if known else 0
            found = once(folder, options.runs)
            what = f"{options.images:,} images x {len(POOLS)} pools, {layers:,} unpacked sizes"
            took = f"{found['seconds']:.2f} s (target 1.0; {found['cpu']:.2f} s of CPU)"
            print(f"budgets of {what}: {took}, peak {found['peak'] / 1e6:.0f} MB; the survey before: {found['survey']:.2f} s")


if __name__ == "__main__":
    main()
