"""A small registry on loopback that serves the content of registry.yaml: indexes, manifests, configs, and HEAD of their blobs.

It serves gzip trailers of stand-in layers, but not of layers with published digests, because their bytes are not available.
inside.yaml lists the parts that the internal registry lacks.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from auditor.oci import media_types
from auditor.oci.platform import parse_platform
from auditor.oci.reference import parse_reference

LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
CONFIG = "application/vnd.docker.container.image.v1+json"
USUAL = 2.5  # ratio of unpacked to compressed size of stand-in layers


def digest_of(data: bytes) -> str:
    """Return the digest of bytes."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Images:
    """The documents of the stand-in registry, by digest and by (repository path, tag)."""

    def __init__(self, table: dict[str, list[dict[str, object]]]) -> None:
        self.documents: dict[str, tuple[str, bytes]] = {}
        self.blobs: dict[str, int] = {}
        self.unpacked: dict[str, int] = {}
        self.manifests: list[str] = []
        self.tags: dict[tuple[str, str], str] = {}
        for name, platforms in table.items():
            reference = parse_reference(name)
            entries = [self._entry(entry) for entry in platforms]
            body = json.dumps({"schemaVersion": 2, "mediaType": media_types.DOCKER_LIST, "manifests": entries}).encode()
            self.tags[reference.path, reference.tag] = self._add(media_types.DOCKER_LIST, body)

    def lack(self, digest: str) -> None:
        """Stop serving the document or blob with this digest."""
        self.documents.pop(digest, None)
        self.blobs.pop(digest, None)

    def _add(self, media_type: str, body: bytes) -> str:
        digest = digest_of(body)
        self.documents[digest] = (media_type, body)
        return digest

    def _entry(self, entry: dict) -> dict[str, object]:
        platform = parse_platform(entry["platform"])
        described = {"architecture": platform.architecture, "os": platform.os}
        if platform.os_version:
            described["os.version"] = platform.os_version
        config = entry.get("config")
        layers = [self._layer(layer) for layer in entry["layers"]]
        if config is None:
            rootfs = {"type": "layers", "diff_ids": [layer["digest"] for layer in layers]}
            body = json.dumps({**described, "rootfs": rootfs}).encode()
            config = {"digest": self._add(CONFIG, body), "size": len(body)}
        self.blobs[config["digest"]] = config["size"]
        manifest = {
            "schemaVersion": 2,
            "mediaType": media_types.DOCKER_MANIFEST,
            "config": {"mediaType": CONFIG, "size": config["size"], "digest": config["digest"]},
            "layers": layers,
        }
        # Docker's JSON layout, so that a manifest with published values has its published digest.
        body = json.dumps(manifest, indent=3).encode()
        self.manifests.append(self._add(media_types.DOCKER_MANIFEST, body))
        return {
            "mediaType": media_types.DOCKER_MANIFEST,
            "size": len(body),
            "digest": self.manifests[-1],
            "platform": described,
        }

    def _layer(self, layer: dict) -> dict[str, object]:
        digest = layer.get("digest") or digest_of(layer["name"].encode())
        if "digest" not in layer:
            self.unpacked[digest] = round(layer["size"] * USUAL)
        if "foreign-url" not in layer:  # only Microsoft's registry has these
            self.blobs[digest] = layer["size"]
        found = {"mediaType": FOREIGN if "foreign-url" in layer else LAYER, "size": layer["size"], "digest": digest}
        return {**found, "urls": [layer["foreign-url"]]} if "foreign-url" in layer else found


@contextmanager
def serving(images: Images) -> Iterator[int]:
    """Serve the documents on loopback and yield the port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            _, _, rest = self.path.partition("/v2/")
            for kind in ("/manifests/", "/blobs/"):
                repository, found, target = rest.partition(kind)
                if found and self.command == "HEAD" and target in images.blobs:
                    self._headers(200, "application/octet-stream", images.blobs[target], target)
                    return
                if found and self.headers["Range"] and target in images.unpacked:
                    self._trailer(images.blobs[target], images.unpacked[target])
                    return
                if found:
                    self._answer(images.documents.get(images.tags.get((repository, target), target)))
                    return
            self._answer(("application/json", b"{}") if not rest else None)

        do_HEAD = do_GET  # noqa: N815 - as above

        def _answer(self, document: tuple[str, bytes] | None) -> None:
            missing = ("application/json", b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}')
            media_type, body = document or missing
            self._headers(200 if document else 404, media_type, len(body), digest_of(body) if document else "")
            if self.command != "HEAD":
                self.wfile.write(body)

        def _trailer(self, size: int, unpacked: int) -> None:
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {size - 8}-{size - 1}/{size}")
            self.send_header("Content-Length", "8")
            self.end_headers()
            self.wfile.write(b"crc!" + (unpacked % 2**32).to_bytes(4, "little"))

        def _headers(self, status: int, media_type: str, size: int, digest: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(size))
            if digest:
                self.send_header("Docker-Content-Digest", digest)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Suppress the log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
