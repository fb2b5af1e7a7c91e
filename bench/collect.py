"""Collecting from a local docker-registry, against wrk on the same URLs and a loop of crane, side by side in one run.

    python bench/collect.py --images 500

Needs docker-registry, wrk and crane. The registry has one core. The auditor and wrk use another core in turn. Prints
requests per second, the ratios, the CPU time of a request on both sides, and the requests of a first and a second run. On a
machine with one core, or with other load, the ratio shows how CPU time is shared.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from auditor.collectors.collect import Collected, CollectOptions, collect
from auditor.errors import Location
from auditor.evidence.model import Place
from auditor.evidence.store import Store
from auditor.needs.model import Need, Needs
from auditor.oci.media_types import ACCEPT
from auditor.oci.platform import parse_platform
from auditor.oci.reference import parse_reference
from auditor.plan.model import Plan, Pool, Registry
from bench.stacks import children_cpu, compare
from tests.peers.images import Blob, BuiltImage, Uploader, build_image, build_index, to_bytes
from tests.peers.programs import find
from tests.peers.registry import RunningRegistry, serve

PLATFORMS = ("linux/amd64", "linux/arm64", "linux/arm/v7", "windows/amd64:10.0.17763.7000", "windows/amd64:10.0.20348.3000")
REPOSITORIES = 50
CRANE_IMAGES = 10
CORES = sorted(os.sched_getaffinity(0))
LUA = """
local urls, at = {}, 0
for line in io.lines("%s") do urls[#urls + 1] = line end
request = function()
  at = at %% #urls + 1
  return wrk.format("GET", urls[at], {["Accept"] = "%s"})
end
"""


def _numbered(image: BuiltImage, number: int) -> BuiltImage:
    """Return an image with a distinct manifest of a usual size, on shared blobs."""
    notes = {"number": str(number), **{f"org.example.note-{n}": "v" * 60 for n in range(8)}}
    body = json.loads(image.manifest.body) | {"annotations": notes}
    return BuiltImage(image.platform, Blob(to_bytes(body), image.manifest.media_type), image.config, image.layers)


def fill(uploader: Uploader, images: int) -> list[str]:
    """Push `images` images of five platforms. Return the paths that a collection must request."""
    paths = []
    base = [build_image(platform) for platform in PLATFORMS]
    for number in range(images):
        repository = f"bench/app{number % REPOSITORIES}"
        if number < REPOSITORIES:
            for image in base:
                uploader.image(repository, image)
        children = [_numbered(image, number) for image in base]
        for image in children:
            uploader.manifest(repository, image.digest, image.manifest).raise_for_status()
        uploader.manifest(repository, f"v{number}", build_index(*children).index).raise_for_status()
        paths += [
            f"/v2/{repository}/manifests/v{number}",
            *(f"/v2/{repository}/manifests/{image.digest}" for image in children),
        ]
    return paths


def wrk(url: str, paths: list[str], folder: Path, seconds: int, connections: int) -> float:
    """Return the requests per second of wrk on the paths."""
    (folder / "paths").write_text("\n".join(paths))
    (folder / "script.lua").write_text(LUA % (folder / "paths", ACCEPT))
    command = [find("wrk") or "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(folder / "script.lua"), url]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in output, output
    return float(output.split("Requests/sec:")[1].split()[0])


def crane(host: str, images: int) -> float:
    """Return the seconds per image of a loop of `crane manifest` and `crane config` for each platform."""
    program = find("crane") or "crane"
    started = time.perf_counter()
    for number in range(images):
        reference = f"{host}/bench/app{number % REPOSITORIES}:v{number}"
        for platform in PLATFORMS:
            for verb in ("manifest", "config"):
                subprocess.run(
                    [program, verb, "--insecure", "--platform", platform, reference], stdout=subprocess.DEVNULL, check=True
                )
    return (time.perf_counter() - started) / images


def gather(host: str, images: int, path: Path, jobs: int, *, inside: bool = False) -> Collected:
    """Collect everything into `path`, with the host as a source or as the internal registry."""
    place = Location("bench")
    pools = tuple(Pool(f"pool-{n}", parse_platform(text), place) for n, text in enumerate(PLATFORMS))
    names = [parse_reference(f"{host}/bench/app{number % REPOSITORIES}:v{number}") for number in range(images)]
    needs = Needs(needs=tuple(Need(name, pool.name, pool.platform, ()) for name in names for pool in pools))
    with Store.create(path) as store:
        places = frozenset({Place.TARGET if inside else Place.SOURCE})
        options = CollectOptions(jobs=jobs, places=places, environment={}, home=path)
        plan = Plan("bench", "", "bench", pools, registry=Registry(host, place) if inside else None)
        return collect(plan, needs, store, options)


def measure(registry: RunningRegistry, folder: Path, arguments: argparse.Namespace) -> None:
    """Print the figures."""
    with registry.uploader() as uploader:
        paths = fill(uploader, arguments.images)
    ours, theirs, seconds = [], [], []
    for run in range(arguments.rounds):
        cpu = children_cpu()
        theirs.append(wrk(registry.url, paths, folder, 3, arguments.jobs))
        wrk_cpu, cpu, own_cpu = (children_cpu() - cpu) / (3 * theirs[-1]), children_cpu(), time.process_time()
        done = gather(registry.host, arguments.images, folder / f"{run}.evidence", arguments.jobs)
        assert (done.requests, done.documents, done.failures) == (len(paths), len(paths), 0), done
        ours.append(done.requests / done.seconds)
        seconds.append(done.seconds)
        own_cpu, cpu = (time.process_time() - own_cpu) / done.requests, (children_cpu() - cpu) / done.requests
        told = (
            f"CPU of a request: ours {own_cpu * 1000:.2f} ms, the registry's {cpu * 1000:.2f} ms (for wrk {wrk_cpu * 1000:.2f})"
        )
        ratio = ours[-1] / theirs[-1]
        print(f"round {run + 1}: collect {ours[-1]:,.0f}/s, wrk {theirs[-1]:,.0f}/s, ratio {ratio:.2f}; {told}", flush=True)
    again = gather(registry.host, arguments.images, folder / "0.evidence", arguments.jobs)
    each = crane(registry.host, min(CRANE_IMAGES, arguments.images))
    ratio = statistics.median(our / their for our, their in zip(ours, theirs, strict=True))
    print(f"collect / wrk, median of {arguments.rounds}: {ratio:.2f} (wanted: at least 0.8)")
    print(f"crane loop / collect: {each * arguments.images / statistics.median(seconds):.0f} (wanted: at least 10)")
    each_image = f"{again.requests / arguments.images:.1f} for an image of {len(PLATFORMS)} platforms"
    print(f"requests: first run {len(paths)} (GET), second run {again.requests} (HEAD; {each_image})")
    print(f"documents: first run {len(paths)}, second run {again.documents}; second run in {again.seconds:.2f} s")
    inside_runs(registry, arguments.images, folder / "inside.evidence", arguments.jobs)

    def once(name: str) -> int:
        return gather(registry.host, arguments.images, folder / f"{name}.evidence", arguments.jobs).requests

    compare(registry.url, paths, arguments.jobs, arguments.rounds, once)


def inside_runs(registry: RunningRegistry, images: int, path: Path, jobs: int) -> None:
    """Print the requests of two runs to the internal registry. It has every image in `bench/appN`, on shared blobs."""
    for run in ("first", "second"):
        done = gather(registry.host, images, path, jobs, inside=True)
        counts = f"{done.requests} requests, {done.requests / images:.1f} for an image, {done.failures} failures"
        print(f"internal registry, {run} run: {counts}, {done.seconds:.2f} s")


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--jobs", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    if missing := [name for name in ("docker-registry", "wrk", "crane") if find(name) is None]:
        parser.exit(0, f"not measured: {', '.join(missing)} not installed\n")
    os.sched_setaffinity(0, CORES[-1:])  # which the registry inherits
    with tempfile.TemporaryDirectory() as name, serve(Path(name) / "registry") as registry:
        os.sched_setaffinity(0, CORES[:1])
        measure(registry, Path(name), arguments)


if __name__ == "__main__":
    main()
