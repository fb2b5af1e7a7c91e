"""Unpacked sizes of layers from a local docker-registry, against wrk on the same range requests, side by side in one run.

    python bench/unpacked.py --layers 2000

Needs docker-registry and wrk. The manifests are collected before, so a round only requests and stores sizes. wrk runs
before and after each round, because other load changes the registry's speed.
"""

from __future__ import annotations

import argparse
import gzip
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from auditor.collectors.collect import Collected, CollectOptions, collect
from auditor.errors import Location
from auditor.evidence.store import Store
from auditor.needs.model import Need, Needs
from auditor.oci.platform import parse_platform
from auditor.oci.reference import parse_reference
from auditor.plan.model import Plan, Pool
from tests.peers.images import LAYER, Blob, Uploader, build_image, tar_of
from tests.peers.programs import find
from tests.peers.registry import RunningRegistry, serve

PLATFORM = "linux/amd64"
LAYERS_OF_AN_IMAGE = 10
LUA = """
local asked, at = {}, 0
for line in io.lines("%s") do
  local path, part = line:match("(%%S+) (%%S+)")
  asked[#asked + 1] = {path, part}
end
request = function()
  at = at %% #asked + 1
  return wrk.format("GET", asked[at][1], {["Range"] = asked[at][2]})
end
"""


def fill(uploader: Uploader, host: str, layers: int) -> tuple[list[str], list[str]]:
    """Push images of ten layers each. Return their names, and the path and range of each request for a layer."""
    names, asked = [], []
    for number in range(layers // LAYERS_OF_AN_IMAGE):
        texts = (f"layer {place} of {number} " * 50 for place in range(LAYERS_OF_AN_IMAGE))
        blobs = [Blob(gzip.compress(tar_of(text), mtime=0), LAYER) for text in texts]
        repository, image = f"bench/app{number}", build_image(PLATFORM, *blobs)
        uploader.image(repository, image)
        names.append(f"{host}/{repository}@{image.digest}")
        asked += [f"/v2/{repository}/blobs/{blob.digest} bytes={len(blob.body) - 8}-{len(blob.body) - 1}" for blob in blobs]
    return names, asked


def wrk(url: str, asked: list[str], folder: Path, connections: int) -> float:
    """Return the requests per second of wrk."""
    (folder / "asked").write_text("\n".join(asked))
    (folder / "script.lua").write_text(LUA % (folder / "asked"))
    command = [find("wrk") or "wrk", "-t1", f"-c{connections}", "-d3s", "-s", str(folder / "script.lua"), url]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in output, output
    return float(output.split("Requests/sec:")[1].split()[0])


def gather(names: list[str], path: Path, jobs: int, *, unpacked: bool) -> Collected:
    """Collect into `path`, with or without sizes."""
    pool = Pool("pool", parse_platform(PLATFORM), Location("bench"))
    needs = Needs(needs=tuple(Need(parse_reference(name), pool.name, pool.platform, ()) for name in names))
    options = CollectOptions(jobs=jobs, unpacked=unpacked, environment={}, home=path)
    with Store.create(path) as store:
        return collect(Plan("bench", "", "bench", (pool,)), needs, store, options)


def measure(registry: RunningRegistry, folder: Path, arguments: argparse.Namespace) -> None:
    """Print the figures."""
    with registry.uploader() as uploader:
        names, asked = fill(uploader, registry.host, arguments.layers)
    ratios = []
    for run in range(arguments.rounds):
        path = folder / f"{run}.evidence"
        gather(names, path, arguments.jobs, unpacked=False)
        before = wrk(registry.url, asked, folder, arguments.jobs)
        cpu = time.process_time()
        done = gather(names, path, arguments.jobs, unpacked=True)
        cpu = (time.process_time() - cpu) / done.requests
        after = wrk(registry.url, asked, folder, arguments.jobs)
        assert (done.requests, done.failures) == (len(asked), 0), done
        ours, theirs = done.requests / done.seconds, (before + after) / 2
        ratios.append(ours / theirs)
        told = f"sizes {ours:,.0f}/s ({cpu * 1000:.2f} ms of processor each), wrk {before:,.0f}/s and {after:,.0f}/s"
        print(f"round {run + 1}: {told}, ratio {ratios[-1]:.2f}", flush=True)
    print(f"sizes / wrk, median of {arguments.rounds}: {statistics.median(ratios):.2f} (wanted: at least 0.8)")
    again = gather(names, path, arguments.jobs, unpacked=True)
    print(f"a second collection asks for {again.requests} sizes of {len(asked):,}")


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layers", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    if missing := [name for name in ("docker-registry", "wrk") if find(name) is None]:
        parser.exit(0, f"not measured: {', '.join(missing)} not installed\n")
    with tempfile.TemporaryDirectory() as name, serve(Path(name) / "registry") as registry:
        measure(registry, Path(name), arguments)


if __name__ == "__main__":
    main()
