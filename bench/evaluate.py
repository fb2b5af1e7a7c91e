"""`evaluate` of N images x 6 pools from an evidence file: seconds, peak memory, and how the cost grows.

    python bench/evaluate.py [--images 10000]

Target: 10,000 images in <= 2 s and <= 300 MB; twice the images at most 2.2 times the time. Every size is measured in a
process of its own, after the evidence file was written by another one, so that peak memory is that of reading and judging.
"""

from __future__ import annotations

import argparse
import datetime
import gc
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NOW = datetime.datetime(2026, 11, 23, tzinfo=datetime.UTC)
POOLS = {
    "control": "linux/amd64",
    "edge": "linux/arm64",
    "win2019": "windows/amd64:ltsc2019",
    "win2022": "windows/amd64:ltsc2022",
    "win2025": "windows/amd64:ltsc2025",
    "build": "linux/amd64",
}
PLATFORMS = (
    {"os": "linux", "architecture": "amd64"},
    {"os": "linux", "architecture": "arm64"},
    {"os": "windows", "architecture": "amd64", "os.version": "10.0.17763.6893"},
    {"os": "windows", "architecture": "amd64", "os.version": "10.0.20348.3207"},
    {"os": "windows", "architecture": "amd64", "os.version": "10.0.26100.2894"},
)
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


def digest_of(data: bytes) -> str:
    """The digest of bytes."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def layer(name: str, size: int) -> dict[str, object]:
    """A layer descriptor; its digest is that of its name."""
    return {"mediaType": LAYER, "digest": digest_of(name.encode()), "size": size}


def manifest(image: int, platform: int) -> bytes:
    """A manifest of three shared base layers (one of 40 bases) and four of its own."""
    layers = [layer(f"base {image % 40} {platform} {n}", 30_000_000 + n) for n in range(3)]
    layers += [layer(f"own {image} {platform} {n}", 1_000_000 + n) for n in range(4)]
    config = {
        "mediaType": "application/vnd.oci.image.config.v1+json",
        "digest": digest_of(f"c{image}{platform}".encode()),
        "size": 1500,
    }
    return json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}).encode()


def write(folder: Path, images: int) -> None:
    """Write plan, list and evidence."""
    from auditor.evidence.model import Seen, TagSeen
    from auditor.evidence.store import Store

    names = [f"registry.example.com/team-{n % 50}/app-{n}:1.{n % 7}" for n in range(images)]
    (folder / "list.txt").write_text("\n".join(names) + "\n")
    pools = "".join(f"  {name}: {{platform: '{platform}', runtime: containerd 2.1.6}}\n" for name, platform in POOLS.items())
    registry = "registry: {host: 'r.local:5000', disk: 90TB}"
    plan = f"version: 1\nname: bench\npools:\n{pools}images: [{{list: list.txt}}]\n{registry}\n"
    (folder / "plan.yaml").write_text(plan)
    with Store.create(folder / "site.evidence") as store:
        for number, name in enumerate(names):
            repository = name.rsplit(":", 1)[0]
            entries = []
            for place, platform in enumerate(PLATFORMS):
                body = manifest(number, place)
                entries.append({"mediaType": MANIFEST, "digest": digest_of(body), "size": len(body), "platform": platform})
                store.put_document(digest_of(body), MANIFEST, body, repository, NOW, "bench")
            body = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).encode()
            store.put_document(digest_of(body), INDEX, body, repository, NOW, "bench")
            store.put_tag(name, Seen(TagSeen(digest_of(body), INDEX, len(body)), NOW, "bench"))


def measure(folder: Path) -> None:
    """Evaluate once; print seconds and peak bytes as JSON."""
    from auditor.engine import evaluate
    from auditor.evidence.store import Store
    from auditor.needs.resolve import resolve_needs
    from auditor.plan.load import load_plan
    from auditor.site import Site
    from checks import CATALOGUE

    gc.disable()  # as the command line does
    plan = load_plan(folder / "plan.yaml")
    needs = resolve_needs(plan)
    with Store.open(folder / "site.evidence") as store:
        start, busy = time.perf_counter(), time.process_time()
        outcomes = evaluate(Site(plan, needs, store), CATALOGUE, NOW.date())
        seconds, cpu = time.perf_counter() - start, time.process_time() - busy
    assert sum(result.examined for result in outcomes.results) > len(needs.lines)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak": peak, "needs": len(needs.needs)}))


def one(images: int, runs: int) -> dict[str, float]:
    """The median of several runs, each in a fresh process."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, images)
        command = [sys.executable, __file__, "--measure", name]
        results = [json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout) for _ in range(runs)]
        return sorted(results, key=lambda result: result["seconds"])[runs // 2]


def main() -> None:
    """Measure, and print what came out beside the target."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--measure", type=Path)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure)
        return
    half, full = one(options.images // 2, options.runs), one(options.images, options.runs)
    what = f"{options.images:,} images x {len(POOLS)} pools"
    took = f"{full['seconds']:.2f} s (target 2.0; {full['cpu']:.2f} s of CPU)"
    print(f"evaluate {what}: {took}, peak {full['peak'] / 1e6:.0f} MB (target 300)")
    print(f"twice the images cost {full['seconds'] / half['seconds']:.2f} x the time (target 2.2)")


if __name__ == "__main__":
    main()
