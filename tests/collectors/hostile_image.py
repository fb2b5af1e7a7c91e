"""The image of the hostile server, and its correct answers."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property

OCI = "application/vnd.oci.image"


DEEP = b'{"errors":' + b"[" * 200_000


def digest_of(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def _json(document: object) -> bytes:
    return json.dumps(document).encode()


@dataclass(frozen=True)
class Image:
    """An image with a foreign layer. `label` makes its digests unique, so that registries do not answer for each other."""

    label: str

    @cached_property
    def layer(self) -> bytes:
        """Its one layer."""
        return f"a foreign layer of {self.label}".encode()

    @cached_property
    def config(self) -> bytes:
        """Its config."""
        rootfs = {"type": "layers", "diff_ids": [digest_of(self.layer)]}
        return _json({"os": "linux", "architecture": "amd64", "rootfs": rootfs})

    @cached_property
    def manifest(self) -> bytes:
        """Its manifest."""
        layer = _descriptor(f"{OCI}.layer.nondistributable.v1.tar+gzip", self.layer, urls=["https://layers.example.com/one"])
        config = _descriptor(f"{OCI}.config.v1+json", self.config)
        return _json({"schemaVersion": 2, "mediaType": f"{OCI}.manifest.v1+json", "config": config, "layers": [layer]})

    @cached_property
    def index(self) -> bytes:
        """An index of it alone."""
        entry = _descriptor(f"{OCI}.manifest.v1+json", self.manifest, platform={"os": "linux", "architecture": "amd64"})
        return _json({"schemaVersion": 2, "mediaType": f"{OCI}.index.v1+json", "manifests": [entry]})


def _descriptor(media_type: str, body: bytes, **more: object) -> dict[str, object]:
    return {"mediaType": media_type, "digest": digest_of(body), "size": len(body), **more}


@dataclass(frozen=True)
class Good:
    """The correct answer to a request."""

    body: bytes
    media_type: str
    is_head: bool = False

    @property
    def head(self) -> bytes:
        """Its status line and headers."""
        return (
            f"HTTP/1.1 200 OK\r\nContent-Type: {self.media_type}\r\nContent-Length: {len(self.body)}\r\n"
            f"Docker-Content-Digest: {digest_of(self.body)}\r\n\r\n"
        ).encode()
