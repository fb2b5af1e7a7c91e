"""`collect --verify full` of a local docker-registry, compared with a loop of `crane validate --remote`, in one run.

    python bench/verify.py --images 8 --megabytes 24

Both read every layer of every image. crane unpacks them as well, to compare the config's digests of the plain tars. The third
figure is reading alone: curl reads the same blobs and sha256sum hashes them. Prints seconds, the ratios and the peak memory.
"""

from __future__ import annotations

import argparse
import gzip
import io
import os
import resource
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from auditor.collectors.collect import Collected, CollectOptions, collect
from auditor.errors import Location
from auditor.evidence.model import Place, Verify
from auditor.evidence.store import Store
from auditor.needs.model import Need, Needs
from auditor.oci.platform import parse_platform
from auditor.oci.reference import parse_reference
from auditor.plan.model import Plan, Pool, Registry
from tests.peers.images import LAYER, Blob, BuiltImage, build_image, with_diff_ids
from tests.peers.programs import find
from tests.peers.registry import serve

LAYERS = 3


def _tar(size: int) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        info = tarfile.TarInfo("data")
        info.size = size
        archive.addfile(info, io.BytesIO(os.urandom(size)))
    return made.getvalue()


def image_of(megabytes: int, number: int) -> BuiltImage:
    """Return an image of several layers with `megabytes` million bytes in total."""
    plain = [_tar(megabytes * 1_000_000 // LAYERS) for _ in range(LAYERS)]
    layers = [Blob(gzip.compress(body, 1, mtime=0), LAYER) for body in plain]
    return with_diff_ids(build_image("linux/amd64", *layers, label=str(number)), plain)


def full(host: str, images: int, verify: Verify) -> Collected:
    """Collect from the registry as the internal registry."""
    place = Location("bench")
    pool = Pool("linux", parse_platform("linux/amd64"), place)
    plan = Plan("bench", "", "bench", (pool,), registry=Registry(host, place, rewrites={"example.com": host}))
    names = [parse_reference(f"example.com/app:{number}") for number in range(images)]
    needs = Needs(needs=tuple(Need(name, pool.name, pool.platform, ()) for name in names))
    options = CollectOptions(places=frozenset({Place.TARGET}), environment={}, home=Path("/nonexistent"), verify=verify)
    with Store.memory() as store:
        return collect(plan, needs, store, options)


def crane(host: str, images: int) -> float:
    """Return the seconds of `crane validate` for every image."""
    started = time.perf_counter()
    for number in range(images):
        command = [find("crane") or "crane", "validate", "--insecure", "--remote", f"{host}/app:{number}"]
        subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def curl(host: str, made: list[BuiltImage]) -> float:
    """Return the seconds of reading every layer with curl into sha256sum."""
    urls = [f"http://{host}/v2/app/blobs/{layer.digest}" for image in made for layer in image.layers]
    started = time.perf_counter()
    with subprocess.Popen([find("curl") or "curl", "-sf", *urls], stdout=subprocess.PIPE) as reading:
        subprocess.run(["sha256sum"], stdin=reading.stdout, check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=8)
    parser.add_argument("--megabytes", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    if missing := [name for name in ("docker-registry", "crane", "curl") if find(name) is None]:
        parser.exit(0, f"not measured: {', '.join(missing)} not installed\n")
    with tempfile.TemporaryDirectory() as name, serve(Path(name) / "registry") as registry:
        made = [image_of(arguments.megabytes, number) for number in range(arguments.images)]
        with registry.uploader() as uploader:
            for number, image in enumerate(made):
                uploader.image("app", image, str(number))
        total = sum(len(layer.body) for image in made for layer in image.layers)
        to_crane, to_curl = [], []
        for run in range(arguments.rounds):
            theirs, reading = crane(registry.host, arguments.images), curl(registry.host, made)
            done = full(registry.host, arguments.images, Verify.FULL)
            assert done.failures == 0, done
            to_crane.append(theirs / done.seconds)
            to_curl.append(done.seconds / reading)
            print(f"round {run + 1}: ours {done.seconds:.2f} s, crane {theirs:.2f} s, curl | sha256sum {reading:.2f} s")
        sizes = full(registry.host, arguments.images, Verify.SIZE)
    print(f"crane validate / verify full, median: {statistics.median(to_crane):.1f} (wanted: at least 1)")
    print(f"verify full / curl | sha256sum, median: {statistics.median(to_curl):.1f}")
    print(f"{total / 1e6:.0f} MB in {LAYERS * arguments.images} layers; {done.requests} requests, {sizes.requests} for sizes")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(f"peak memory of this process, with the images that it made: {peak / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
