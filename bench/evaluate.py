"""`evaluate` of N images x 6 pools from an evidence file: CPU seconds, peak memory, compared with a floor.

    python bench/evaluate.py [--images 10000]

The floor is the work that no evaluation of this evidence can avoid: read every row of the used tables, hash every document and
compare the digest, and decode every document with msgspec into a typed struct. It keeps the decoded documents and evaluates
nothing. Both measurements start after the file is open, so they exclude the seal that `Store.open` verifies. The last line
includes it in both.

Targets for 10,000 images: <= 6 times the floor and <= 250 MB; four times the images in at most 4.4 times the time. Each run has
its own process and reads evidence that another process wrote, so the peak memory is that of the evaluation.
"""

from __future__ import annotations

import argparse
import datetime
import gc
import hashlib
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EVIDENCE = "site.evidence"
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
    """Return the digest of bytes."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def layer(name: str, size: int) -> dict[str, object]:
    """Return a layer descriptor with the digest of its name."""
    return {"mediaType": LAYER, "digest": digest_of(name.encode()), "size": size}


def manifest(image: int, platform: int) -> bytes:
    """Return a manifest of three shared base layers (one of 40 bases) and four distinct layers."""
    layers = [layer(f"base {image % 40} {platform} {n}", 30_000_000 + n) for n in range(3)]
    layers += [layer(f"own {image} {platform} {n}", 1_000_000 + n) for n in range(4)]
    config = {
        "mediaType": "application/vnd.oci.image.config.v1+json",
        "digest": digest_of(f"c{image}{platform}".encode()),
        "size": 1500,
    }
    return json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}).encode()


def write(folder: Path, images: int) -> None:
    """Write plan, list and evidence, with the rows that a collection from source registries writes."""
    from auditor.evidence.model import BlobSeen, Seen, TagSeen
    from auditor.evidence.store import Store

    names = [f"registry.example.com/team-{n % 50}/app-{n}:1.{n % 7}" for n in range(images)]
    (folder / "list.txt").write_text("\n".join(names) + "\n")
    pools = "".join(f"  {name}: {{platform: '{platform}', runtime: containerd 2.1.6}}\n" for name, platform in POOLS.items())
    registry = "registry: {host: 'r.local:5000', disk: 90TB}"
    plan = f"version: 1\nname: bench\npools:\n{pools}images: [{{list: list.txt}}]\n{registry}\n"
    (folder / "plan.yaml").write_text(plan)
    with Store.create(folder / EVIDENCE) as store:

        def keep(repository: str, media_type: str, body: bytes) -> str:
            digest = digest_of(body)
            source = f"https://{repository.replace('/', '/v2/', 1)}/manifests/{digest}"
            store.put_document(digest, media_type, body, repository, NOW, source)
            store.put_blob(repository, digest, Seen(BlobSeen(len(body), media_type, digest), NOW, source))
            return digest

        for number, name in enumerate(names):
            repository = name.rsplit(":", 1)[0]
            entries = []
            for place, platform in enumerate(PLATFORMS):
                body = manifest(number, place)
                digest = keep(repository, MANIFEST, body)
                entries.append({"mediaType": MANIFEST, "digest": digest, "size": len(body), "platform": platform})
            body = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).encode()
            store.put_tag(name, Seen(TagSeen(keep(repository, INDEX, body), INDEX, len(body)), NOW, "bench"))


def measure(folder: Path) -> None:
    """Evaluate once; print CPU seconds and peak bytes as JSON."""
    from auditor.engine import evaluate
    from auditor.evidence.store import Store
    from auditor.needs.resolve import resolve_needs
    from auditor.plan.load import load_plan
    from auditor.site import Site
    from checks import CATALOGUE

    gc.disable()  # like the command line
    plan = load_plan(folder / "plan.yaml")
    needs = resolve_needs(plan)
    opening = time.process_time()
    with Store.open(folder / EVIDENCE) as store:
        start = time.process_time()
        outcomes = evaluate(Site(plan, needs, store), CATALOGUE, NOW.date())
        seconds = time.process_time() - start
    assert sum(result.examined for result in outcomes.results) > len(needs.lines)
    report(seconds, start - opening)


def floor(folder: Path) -> None:
    """Read, hash and decode once what `measure` reads; print CPU seconds and peak bytes as JSON."""
    import msgspec

    from auditor.evidence.store import Store
    from auditor.oci.document import Index, Manifest

    decoders = {kind: msgspec.json.Decoder(shape) for kind, shape in ((INDEX, Index), (MANIFEST, Manifest))}
    gc.disable()
    opening = time.process_time()
    with Store.open(folder / EVIDENCE) as store:
        start = time.process_time()
        known = []
        for digest, media_type, body, *_ in store.rows("SELECT * FROM document"):
            assert digest_of(body) == digest
            known.append(decoders[media_type].decode(body))
        rows = [sum(1 for _ in store.rows(statement)) for statement in ("SELECT * FROM tag", "SELECT * FROM blob")]
        seconds = time.process_time() - start
    assert len(known) == rows[1] == rows[0] * (len(PLATFORMS) + 1)
    report(seconds, start - opening)


def report(seconds: float, opening: float) -> None:
    """Print the result of one run."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "opening": opening, "peak": peak}))


def runs_of(images: int, runs: int) -> tuple[dict[str, float], dict[str, float]]:
    """Run evaluation and floor in turn, each in a fresh process, and return the medians."""
    with tempfile.TemporaryDirectory() as name:
        write(Path(name), images)
        found: dict[str, list[dict[str, float]]] = {"--measure": [], "--floor": []}
        for _ in range(runs):
            for what, results in found.items():
                done = subprocess.run([sys.executable, __file__, what, name], check=True, capture_output=True, text=True)
                results.append(json.loads(done.stdout))
    judged, least = ({key: statistics.median(one[key] for one in results) for key in results[0]} for results in found.values())
    return judged, least


def main() -> None:
    """Measure, and print the results with the targets."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--measure", type=Path)
    parser.add_argument("--floor", type=Path)
    options = parser.parse_args()
    if options.measure or options.floor:
        (measure if options.measure else floor)(options.measure or options.floor)
        return
    judged, least = runs_of(options.images, options.runs)
    times, megabytes = judged["seconds"] / least["seconds"], judged["peak"] / 1e6
    print(f"evaluate {options.images:,} images x {len(POOLS)} pools: {judged['seconds']:.2f} s of CPU, peak {megabytes:.0f} MB")
    print(f"floor: {least['seconds']:.2f} s of CPU, peak {least['peak'] / 1e6:.0f} MB")
    print(f"{times:.1f} times the floor (target 6.0), peak {megabytes:.0f} MB (target 250)")
    more, _ = runs_of(4 * options.images, options.runs)
    print(f"4 times the images: {more['seconds']:.2f} s, {more['seconds'] / judged['seconds']:.2f} times the time (target 4.4)")
    opened, least_opened = (one["seconds"] + one["opening"] for one in (judged, least))
    print(f"with opening the file: {opened:.2f} s, the floor {least_opened:.2f} s, {opened / least_opened:.1f} times")


if __name__ == "__main__":
    main()
