"""Archives with known content, in the formats of other tools, as bytes."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import zstandard

from auditor.collectors.archives import ReadArchive, read_archive
from tests.peers.images import Blob, BuiltImage, BuiltIndex, build_image, build_index, digest_of, to_bytes

Files = Mapping[str, bytes]
MARKER = b'{"imageLayoutVersion": "1.0.0"}'
CONTAINERD = "io.containerd.image.name"
REF_NAME = "org.opencontainers.image.ref.name"


def tar(files: Files, links: Mapping[str, tuple[bytes, str]] | None = None, form: int = tarfile.USTAR_FORMAT) -> bytes:
    """A tar of files; `links` maps a name to a type flag and a target."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=form) as archive:
        for name, body in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
        for name, (kind, target) in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            archive.addfile(info)
    return made.getvalue()


def inner_tar(text: str) -> bytes:
    """A layer: a small tar."""
    return tar({"file.txt": text.encode()})


def layer(text: str) -> Blob:
    """A gzip layer as a registry has it."""
    return Blob(gzip.compress(inner_tar(text), mtime=0), "application/vnd.oci.image.layer.v1.tar+gzip")


LINUX = build_image("linux/amd64", layer("linux"))
WINDOWS = build_image("windows/amd64:10.0.20348.2", layer("windows"))
INDEX = build_index(LINUX, WINDOWS)


def blob_files(*blobs: Blob) -> dict[str, bytes]:
    """Return blobs at their paths in a layout."""
    return {f"blobs/sha256/{blob.digest.partition(':')[2]}": blob.body for blob in blobs}


def image_files(*images: BuiltImage) -> dict[str, bytes]:
    """Return all blobs of some images."""
    return blob_files(*(blob for image in images for blob in (image.manifest, image.config, *image.layers) if blob.stored))


def layout(*roots: tuple[Blob, Mapping[str, str]], files: Files | None = None) -> dict[str, bytes]:
    """An OCI layout with these entries in `index.json`."""
    listed = [root.descriptor(annotations=dict(notes)) for root, notes in roots]
    index = to_bytes({"schemaVersion": 2, "manifests": listed})
    return {"oci-layout": MARKER, "index.json": index, **blob_files(*(root for root, _ in roots)), **(files or {})}


def index_layout(name: str = "registry.example.com/app:1", built: BuiltIndex = INDEX) -> dict[str, bytes]:
    """Return a layout with one complete index."""
    return layout((built.index, {CONTAINERD: name}), files=image_files(*built.children))


def config_of(layers: Sequence[bytes], platform: Mapping[str, str] | None = None) -> bytes:
    """A config for uncompressed layers."""
    where = platform or {"os": "linux", "architecture": "amd64"}
    return json.dumps({**where, "rootfs": {"type": "layers", "diff_ids": [digest_of(body) for body in layers]}}).encode()


def docker(*tags: str, stored: Mapping[str, bytes] | None = None, plain: Sequence[bytes] = (), **more: Any) -> dict[str, bytes]:
    """A docker-archive of one image. `stored` are its layers by name, `plain` the same uncompressed."""
    plain = plain or [inner_tar("one"), inner_tar("two")]
    stored = stored or {f"{n:064x}/layer.tar": body for n, body in enumerate(plain)}
    config = config_of(plain)
    name = f"{digest_of(config).partition(':')[2]}.json"
    item = {"Config": name, "RepoTags": list(tags), "Layers": list(stored), **more}
    return {**stored, name: config, "manifest.json": json.dumps([item]).encode()}


def written(folder: Path, data: bytes | Files, name: str = "archive.tar") -> Path:
    """An archive on disk: bytes as a file, files as a folder."""
    path = folder / name
    if isinstance(data, bytes):
        path.write_bytes(data)
        return path
    for inner, body in data.items():
        (path / inner).parent.mkdir(parents=True, exist_ok=True)
        (path / inner).write_bytes(body)
    return path


def read(folder: Path, data: bytes | Files, name: str = "archive.tar") -> ReadArchive:
    """Return the result of reading an archive with this content."""
    return read_archive(written(folder, data, name), jobs=2)


def defects(found: ReadArchive) -> set[tuple[str, str]]:
    """The problems as entry and defect."""
    return {(problem.entry, problem.defect.value) for problem in found.inventory.problems}


def gzipped(data: bytes, parts: int = 1) -> bytes:
    """Return gzip with this many members."""
    step = -(-len(data) // parts)
    return b"".join(gzip.compress(data[place : place + step], mtime=0) for place in range(0, len(data), step))


def zstded(data: bytes, parts: int = 1) -> bytes:
    """Return zstd with this many frames, with checksums."""
    step = -(-len(data) // parts)
    packer = zstandard.ZstdCompressor(write_checksum=True)
    return b"".join(packer.compress(data[place : place + step]) for place in range(0, len(data), step))


def sha256_hex(data: bytes) -> str:
    """Return only the hex digits."""
    return hashlib.sha256(data).hexdigest()
