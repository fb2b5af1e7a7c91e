"""Images of known content, and how to push them to a registry over plain HTTP requests."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import httpx

from auditor.oci.media_types import DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from auditor.oci.platform import Platform, parse_platform

LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
FOREIGN_LAYER = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
CONFIG = "application/vnd.oci.image.config.v1+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"


def digest_of(body: bytes) -> str:
    """The sha256 digest of the bytes."""
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes of a media type. With `stored` false a manifest names them, but they are not pushed."""

    body: bytes
    media_type: str
    urls: tuple[str, ...] = ()
    stored: bool = True

    @property
    def digest(self) -> str:
        """The digest of the bytes."""
        return digest_of(self.body)

    def descriptor(self, **more: object) -> dict[str, Any]:
        """What a manifest or an index says about it."""
        urls = {"urls": list(self.urls)} if self.urls else {}
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.body), **urls, **more}


@dataclass(frozen=True, slots=True)
class BuiltImage:
    """One platform's image."""

    platform: Platform
    manifest: Blob
    config: Blob
    layers: tuple[Blob, ...]

    @property
    def digest(self) -> str:
        """The manifest's digest."""
        return self.manifest.digest


@dataclass(frozen=True, slots=True)
class BuiltIndex:
    """An index and what it points at; `entries` are the raw descriptors."""

    index: Blob
    children: tuple[BuiltImage, ...]

    @property
    def digest(self) -> str:
        """The index's digest."""
        return self.index.digest


def to_bytes(document: object) -> bytes:
    """JSON as registries serve it."""
    return json.dumps(document, indent=1).encode()


def platform_field(platform: Platform, *, os_version: bool = True) -> dict[str, str]:
    """The `platform` of an index entry."""
    field = {"architecture": platform.architecture, "os": platform.os}
    if platform.variant:
        field["variant"] = platform.variant
    if platform.os_version and os_version:
        field["os.version"] = platform.os_version
    return field


def build_image(platform: str, *layers: Blob, label: str = "", docker: bool = False) -> BuiltImage:
    """An image whose config names `platform`; `label` makes its digest differ from its like."""
    where = parse_platform(platform)
    layers = layers or (Blob(f"layer of {platform}".encode(), DOCKER_LAYER if docker else LAYER),)
    told: dict[str, Any] = {
        "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in layers]},
        "config": {"Labels": {"n": label}},
    }
    config = Blob(to_bytes({**platform_field(where), **told}), DOCKER_CONFIG if docker else CONFIG)
    body = {
        "schemaVersion": 2,
        "mediaType": DOCKER_MANIFEST if docker else OCI_MANIFEST,
        "config": config.descriptor(),
        "layers": [layer.descriptor() for layer in layers],
    }
    return BuiltImage(where, Blob(to_bytes(body), str(body["mediaType"])), config, layers)


def entry(image: BuiltImage, *, os_version: bool = True) -> dict[str, Any]:
    """The index entry of an image."""
    return image.manifest.descriptor(platform=platform_field(image.platform, os_version=os_version))


def attestation(image: BuiltImage) -> tuple[BuiltImage, dict[str, Any]]:
    """BuildKit's attestation for `image`, and its index entry. The collector must never fetch it."""
    notes = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": image.digest}
    made = build_image("unknown/unknown", label=f"attests {image.digest}")
    return made, {**entry(made), "annotations": notes}


def build_index(*images: BuiltImage, entries: tuple[Mapping[str, Any], ...] | None = None, note: str = "") -> BuiltIndex:
    """An index of `images`; `entries` replaces what it says about them, `note` makes its digest differ."""
    told = [entry(image) for image in images] if entries is None else [dict(one) for one in entries]
    body: dict[str, Any] = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": told}
    if note:
        body["annotations"] = {"note": note}
    return BuiltIndex(Blob(to_bytes(body), OCI_INDEX), images)


def windows_image(platform: str, *, url: str, stored: bool = True, label: str = "") -> BuiltImage:
    """A Windows image as before June 2023: a foreign base layer with a URL, and an ordinary layer on top."""
    base = Blob(f"base layer of {platform}".encode() * 50, FOREIGN_LAYER, (url,), stored)
    return build_image(platform, base, Blob(b"application" + label.encode(), DOCKER_LAYER), label=label, docker=True)


def tar_of(text: str) -> bytes:
    """A tar with one file."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        info = tarfile.TarInfo("file.txt")
        info.size = len(text)
        archive.addfile(info, io.BytesIO(text.encode()))
    return made.getvalue()


def real_image(platform: str, *, docker: bool = False, foreign: str = "", label: str = "") -> BuiltImage:
    """An image whose layers are real tars and whose config has their diff ids: skopeo unpacks and compares.

    With `foreign`, its base layer may not be redistributed, and that is where a URL of it begins: the digest is added.
    """
    plain = [tar_of(f"base of {platform} " * 200), tar_of(f"application on {platform} {label}")]
    layers = [Blob(gzip.compress(body, mtime=0), DOCKER_LAYER if docker else LAYER) for body in plain]
    if foreign:
        layers[0] = Blob(layers[0].body, FOREIGN_LAYER, (f"{foreign}{layers[0].digest}",))
    return with_diff_ids(build_image(platform, *layers, docker=docker), plain)


def with_diff_ids(image: BuiltImage, plain: Sequence[bytes]) -> BuiltImage:
    """The image, its config with the digests of its layers as plain tars: skopeo unpacks layers and compares."""
    told = json.loads(image.config.body)
    told["rootfs"]["diff_ids"] = [digest_of(body) for body in plain]
    config = replace(image.config, body=to_bytes(told))
    manifest = json.loads(image.manifest.body) | {"config": config.descriptor()}
    return replace(image, config=config, manifest=replace(image.manifest, body=to_bytes(manifest)))


class Uploader:
    """Pushes to one registry. `client` has the registry's address as its base URL."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def blob(self, repository: str, blob: Blob) -> None:
        """Upload a blob in one piece."""
        started = self._client.post(f"/v2/{repository}/blobs/uploads/")
        started.raise_for_status()
        there = httpx.URL(started.headers["location"])
        put = self._client.put(there.copy_merge_params({"digest": blob.digest}), content=blob.body)
        put.raise_for_status()

    def manifest(self, repository: str, target: str, blob: Blob) -> httpx.Response:
        """Put a manifest or an index under a tag or its digest. The answer may be a refusal."""
        return self._client.put(
            f"/v2/{repository}/manifests/{target}", content=blob.body, headers={"Content-Type": blob.media_type}
        )

    def image(self, repository: str, image: BuiltImage, tag: str = "") -> None:
        """Push an image, by its digest when there is no tag."""
        for blob in (image.config, *image.layers):
            if blob.stored:
                self.blob(repository, blob)
        self.manifest(repository, tag or image.digest, image.manifest).raise_for_status()

    def index(self, repository: str, index: BuiltIndex, tag: str) -> None:
        """Push an index and everything it was built of."""
        for image in index.children:
            self.image(repository, image)
        self.manifest(repository, tag, index.index).raise_for_status()
