"""Time to index and verify an archive, compared with `tar -tf` and `sha256sum` on all cores, in one run.

    python bench/archives.py [--gib 10] [--entries 20000] [--verify-gib 6]

Indexing is measured on a sparse archive of `--gib`, because only headers are read. It prints three times: `tar -tf` as a
process, the same work in a running interpreter, and a process that imports the reader and indexes. Verifying needs real
bytes: `--verify-gib` of them in an OCI layout, and again as single files for `sha256sum` under `xargs -P`. Sizes are those
of real layers, 1 KiB to 64 MiB. Both are in the page cache if memory allows. All files are deleted.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from auditor.collectors.archives import read_archive
from auditor.collectors.archives.hashing import cores
from auditor.collectors.tar_index import index

ROUNDS = 5
GIB = 1 << 30
DRIVER = """
import io, sys
from auditor.collectors.tar_index import index
members, error = index(io.FileIO(sys.argv[1]))
print(len(members), error)
"""
SIZES = (1 << 10, 16 << 10, 256 << 10, 2 << 20, 16 << 20, 64 << 20)


def interleaved(works: dict[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, float]:
    """Return the median of several rounds for each. Candidates alternate in every round, so that load affects all equally."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            taken[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in taken.items()}


def add(archive: BinaryIO, name: str, size: int, body: bytes | None) -> None:
    """Append an entry. Without a body, its bytes are a hole."""
    info = tarfile.TarInfo(name)
    info.size = size
    archive.write(info.tobuf(tarfile.GNU_FORMAT))
    if body is not None:
        archive.write(body)
        archive.write(bytes(-size % 512))
    else:
        archive.seek(size + -size % 512, os.SEEK_CUR)


def make_sparse(path: Path, total: int, entries: int) -> None:
    """Write a sparse archive."""
    with path.open("wb") as archive:
        for number in range(entries):
            add(archive, f"blobs/sha256/{number:064x}", total // entries, None)
        archive.write(bytes(10_240))


def make_layout(folder: Path, total: int) -> int:
    """Write an OCI layout of one image in a tar, and its layers as files. Return the number of layers."""
    chance, layers, left = random.Random(1), [], total
    block = random.Random(2).randbytes(1 << 20)
    (folder / "blobs").mkdir()
    with (folder / "layout.tar").open("wb") as archive:
        while left > 0:
            size = chance.choice(SIZES)
            body = (len(layers).to_bytes(8, "big") + block * (size // len(block) + 1))[:size]
            digest = hashlib.sha256(body).hexdigest()
            add(archive, f"blobs/sha256/{digest}", size, body)
            (folder / "blobs" / digest).write_bytes(body)
            layers.append({"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": f"sha256:{digest}", "size": size})
            left -= size
        put_documents(archive, layers)
    return len(layers)


def put_documents(archive: BinaryIO, layers: list[dict[str, object]]) -> None:
    """Write the documents of a layout with one image of these layers, and the end of the archive."""

    def put(document: object, media_type: str, name: str = "") -> dict[str, object]:
        body = json.dumps(document).encode()
        digest = hashlib.sha256(body).hexdigest()
        add(archive, name or f"blobs/sha256/{digest}", len(body), body)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(body)}

    config = put({"os": "linux", "architecture": "amd64"}, "application/vnd.oci.image.config.v1+json")
    kind = "application/vnd.oci.image.manifest.v1+json"
    manifest = put({"schemaVersion": 2, "mediaType": kind, "config": config, "layers": layers}, kind)
    put({"schemaVersion": 2, "manifests": [manifest]}, "", "index.json")
    put({"imageLayoutVersion": "1.0.0"}, "", "oci-layout")
    archive.write(bytes(1024))


def bench_index(folder: Path, total: int, entries: int) -> None:
    """Measure indexing against `tar -tf`."""
    path = folder / "sparse.tar"
    make_sparse(path, total, entries)

    def in_process() -> None:
        with io.FileIO(path) as file:
            members, error = index(file)
            assert (len(members), error) == (entries, None)

    taken = interleaved(
        {
            "tar -tf": lambda: subprocess.run(["tar", "-tf", path], stdout=subprocess.DEVNULL, check=True),
            "index in a running interpreter": in_process,
            "index as a process": lambda: subprocess.run(
                [sys.executable, "-I", "-c", DRIVER, path], stdout=subprocess.DEVNULL, check=True
            ),
        },
        rounds=2 * ROUNDS + 1,
    )
    print(f"indexing {total / GIB:.1f} GiB, {entries:,} entries")
    for name, seconds in taken.items():
        print(f"  {name}: {seconds:.3f} s ({seconds / taken['tar -tf']:.2f} x tar -tf)")
    path.unlink()


def bench_verify(folder: Path, total: int) -> None:
    """Measure verifying against `sha256sum`."""
    count = make_layout(folder, total)
    path, blobs = folder / "layout.tar", folder / "blobs"
    names = "\0".join(sorted(str(blob) for blob in blobs.iterdir())).encode()

    def ours() -> None:
        found = read_archive(path).inventory
        assert not found.problems
        assert len(found.blobs) == count + 2

    def theirs(*program: str) -> None:
        command = ["xargs", "-0", "-P", str(cores()), "-n", "8", *program]
        subprocess.run(command, input=names, stdout=subprocess.DEVNULL, check=True)

    works: dict[str, Callable[[], object]] = {"sha256sum": lambda: theirs("sha256sum"), "read_archive": ours}
    if shutil.which("openssl"):  # the harder comparison if sha256sum does not use the processor's SHA instructions
        works["openssl"] = lambda: theirs("openssl", "dgst", "-sha256")
    taken = interleaved(works, rounds=3)
    rates = {name: total / 1e6 / seconds for name, seconds in taken.items()}
    print(f"verifying {total / GIB:.1f} GiB, {count:,} layers, {cores()} cores")
    for name, rate in rates.items():
        print(f"  {name}: {rate:,.0f} MB/s (read_archive makes {rates['read_archive'] / rate:.2f} x of it)")


def main() -> None:
    """Print the medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gib", type=float, default=10)
    parser.add_argument("--entries", type=int, default=20_000)
    parser.add_argument("--verify-gib", type=float, default=6)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="auditor-bench-") as folder:
        bench_index(Path(folder), int(options.gib * GIB), options.entries)
        bench_verify(Path(folder), int(options.verify_gib * GIB))


if __name__ == "__main__":
    main()
