"""A slow registry on loopback, without any program to install."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclass
class Registry:
    """A registry on loopback that takes 10 ms for each answer. `log` has (time, method, path) of each request."""

    answers: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    log: list[tuple[float, str, str]] = field(default_factory=list)
    port: int = 0

    def add(self, tag: str) -> None:
        """Add a Linux image."""
        config = json.dumps({"os": "linux", "architecture": "amd64", "tag": tag}).encode()
        described = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest_of(config), "size": len(config)}
        manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": described, "layers": []}).encode()
        for name in (tag, digest_of(manifest)):
            self.answers[f"/v2/team/app/manifests/{name}"] = (MANIFEST, manifest)
        self.answers[f"/v2/team/app/blobs/{digest_of(config)}"] = ("application/octet-stream", config)


def digest_of(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    registry: Registry

    def do_GET(self) -> None:
        time.sleep(0.01)
        self.registry.log.append((time.monotonic(), self.command, self.path))
        kind, body = self.registry.answers.get(self.path, ("application/json", b"{}"))
        self.send_response(200 if self.path in self.registry.answers or self.path == "/v2/" else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Docker-Content-Digest", digest_of(body))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 - the base class calls it

    def handle_one_request(self) -> None:
        with contextlib.suppress(ConnectionError):  # the client was killed
            super().handle_one_request()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextlib.contextmanager
def serving(images: int) -> Iterator[Registry]:
    """Serve `team/app` with the tags v0, v1, … inside the block."""
    made = Registry()
    for number in range(images):
        made.add(f"v{number}")
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"registry": made}))
    server.daemon_threads = True
    made.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()
