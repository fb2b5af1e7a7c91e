"""Collecting from a registry with high latency, compared with `xargs -P32` of crane and regctl on the same server, in one run.

    python bench/latency.py --images 400

For each delay: requests, seconds, and the speed as a ratio to requests x delay / 32, which 32 connections need at least. Then a
registry that accepts 20 requests a second and answers 429 above, and 10,000 layers on the internal registry at 1 ms.
The server has its own core. Without crane or regctl, their columns are empty. Load of other programs lowers the ratios.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).parent.parent))

from auditor.collectors.collect import Collected, CollectOptions, collect
from auditor.errors import Location
from auditor.evidence.model import Place
from auditor.evidence.store import Store
from auditor.needs.model import Need, Needs
from auditor.oci.platform import parse_platform
from auditor.oci.reference import parse_reference
from auditor.plan.model import Plan, Pool, Registry
from tests.peers.images import LAYER, Blob, build_image, build_index, digest_of
from tests.peers.programs import find

PLATFORM = "linux/amd64"
DELAYS = (0.0, 0.02, 0.05, 0.1, 0.2)
CONNECTIONS = 32
RATE = 20
CORES = sorted(os.sched_getaffinity(0))


class Server:
    """A running server of bench/delaying.py."""

    def __init__(self, port: int) -> None:
        self.host = f"127.0.0.1:{port}"
        self._client = httpx.Client(base_url=f"http://{self.host}", trust_env=False)

    def set(self, delay: float, rate: float = 0) -> None:
        """Set delay and rate."""
        self._client.get(f"/-/set?delay={delay}&rate={rate}").raise_for_status()

    def counts(self) -> dict[str, Any]:
        """Return the counts since `set`."""
        found: dict[str, Any] = self._client.get("/-/counts").raise_for_status().json()
        return found


@contextlib.contextmanager
def serve(folder: Path, answers: dict[str, tuple[str, str, str]]) -> Iterator[Server]:
    """Run a server until the block ends, on the last core."""
    (folder / "answers.json").write_text(json.dumps(answers))
    command = [sys.executable, str(Path(__file__).parent / "delaying.py"), str(folder), str(CORES[-1])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Server(int(process.stdout.readline()))
        finally:
            process.kill()


def built(images: int, layers: int) -> dict[str, tuple[str, str, str]]:
    """Return the answers of a registry with one repository per image, each with an index of one platform."""
    answers = {}
    for number in range(images):
        blobs = [Blob(f"layer {layer} of {number}".encode(), LAYER) for layer in range(layers)]
        image = build_image(PLATFORM, *blobs, label=str(number))
        index = build_index(image).index
        base = f"/v2/bench/app{number}"
        for name, blob in ((f"manifests/v{number}", index), (f"manifests/{image.digest}", image.manifest)):
            answers[f"{base}/{name}"] = (blob.media_type, blob.digest, blob.body.decode())
        for blob in (image.config, *blobs):
            answers[f"{base}/blobs/{blob.digest}"] = ("application/octet-stream", digest_of(blob.body), blob.body.decode())
    return answers


def names_of(host: str, images: int) -> list[str]:
    """Return the references."""
    return [f"{host}/bench/app{number}:v{number}" for number in range(images)]


def gather(host: str, images: int, path: Path, jobs: int | None = None) -> Collected:
    """Collect everything from `host` as the internal registry: tag, manifest, config and the size of each layer."""
    place = Location("bench")
    pool = Pool("pool", parse_platform(PLATFORM), place)
    needs = Needs(needs=tuple(Need(parse_reference(name), pool.name, pool.platform, ()) for name in names_of(host, images)))
    with Store.create(path) as store:
        options = CollectOptions(jobs=jobs, places=frozenset({Place.TARGET}), environment={}, home=path)
        return collect(Plan("bench", "", "bench", (pool,), registry=Registry(host, place)), needs, store, options)


def loop_of(command: list[str]) -> Callable[[list[str]], float]:
    """Return the seconds of `xargs -P32 -n1 COMMAND` over names; every process reads tag, manifest and config of one image."""

    def run(names: list[str]) -> float:
        started = time.perf_counter()
        text = "\n".join(names)
        xargs = ["xargs", f"-P{CONNECTIONS}", "-n1", *command]
        # The peers may use all cores; we pin only ourselves.
        free = lambda: os.sched_setaffinity(0, CORES)  # noqa: E731
        subprocess.run(xargs, input=text, text=True, stdout=subprocess.DEVNULL, check=True, preexec_fn=free)
        return time.perf_counter() - started

    return run


def peers(host: str) -> dict[str, Callable[[list[str]], float]]:
    """Run the loops of the installed programs."""
    options = ["--platform", PLATFORM]
    commands = {
        "crane": ["config", *options],
        "regctl": ["--host", f"reg={host},tls=disabled", "image", "inspect", *options],
    }
    found = {name: find(name) for name in commands}
    return {name: loop_of([program, *commands[name]]) for name, program in found.items() if program}


def delays(server: Server, folder: Path, images: int, rounds: int) -> None:
    """Print the figures for each delay."""
    for delay in DELAYS:
        found, seconds = Collected(0, 0, 0, (), 0.0), []
        cpu = time.process_time()
        for round_ in range(rounds):
            server.set(delay)
            found = gather(server.host, images, folder / f"{delay}-{round_}.evidence")
            counts = server.counts()
            assert (found.failures, counts["paths"]) == (0, 4 * images), (found, counts)
            seconds.append(found.seconds)
        cpu = (time.process_time() - cpu) / rounds / found.requests * 1000
        best = statistics.median(seconds)
        limit = found.requests * delay / CONNECTIONS
        told = f"{delay * 1000:3.0f} ms: {found.requests} requests in {best:.2f} s ({cpu:.2f} ms of CPU each)"
        told += f", {limit / best:.2f} of the limit of {limit:.2f} s (wanted: at least 0.9)" if limit else ""
        for name, loop in peers(server.host).items():
            took = loop(names_of(server.host, images))
            told += f"; {name} {took:.2f} s, {took / best:.1f} x as long"
        print(told, flush=True)


def limited(server: Server, folder: Path, images: int) -> None:
    """Print the figures for a registry with a rate limit."""
    server.set(0.05, RATE)
    done = gather(server.host, images, folder / "limited.evidence")
    counts = server.counts()
    wanted = 4 * images
    least = (wanted - RATE) / RATE
    took = f"{done.requests} requests in {done.seconds:.1f} s (at least {least:.1f} s)"
    print(
        f"{RATE} requests/s: {took}, {done.failures} failures, "
        f"{wanted - counts['paths']} lost, {counts['answered'].get('429', 0)} times 429 in {counts['episodes']} groups, "
        f"{counts['repeated']} requests got it twice in a row, {counts['in_a_row']} groups followed at once (wanted: 0)"
    )


def many_blobs(folder: Path, images: int, layers: int) -> None:
    """Print the time for the layers of the internal registry at 1 ms."""
    with serve(folder, built(images, layers)) as server:
        for run in ("first", "second"):
            server.set(0.001)
            cpu = time.process_time()
            done = gather(server.host, images, folder / "blobs.evidence")
            cpu = (time.process_time() - cpu) / done.requests * 1000
            told = f"{images * layers:,} layers on the internal registry at 1 ms, {run} run: {done.requests:,} requests"
            print(f"{told} in {done.seconds:.1f} s (wanted: at most 15), {cpu:.2f} ms of CPU each, {done.failures} failures")


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    os.sched_setaffinity(0, CORES[:1])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with serve(folder, built(arguments.images, 1)) as server:
            delays(server, folder, arguments.images, arguments.rounds)
            limited(server, folder, min(arguments.images, 50))
        many_blobs(folder, 100, 100)


if __name__ == "__main__":
    main()
