"""A loopback registry with the referrers API, as the OCI distribution specification v1.1.1 describes it.

No registry with this API can be installed here, so this server takes its place. It keeps everything in memory.
With `has_referrers=False` it answers 404 there, like a registry from before version 1.1.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import threading
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from auditor.oci.media_types import OCI_INDEX, OCI_MANIFEST
from tests.peers.images import digest_of

_PATH = re.compile(r"/v2/(?P<name>.+?)/(?P<kind>manifests|blobs|referrers|tags)/(?P<rest>.*)")


@dataclass
class Shelf:
    """The content of the registry, and the requests that it answered."""

    has_referrers: bool = True
    page: int = 0  # entries on a page of referrers; 0 for all of them
    status: int = 0  # the status of every answer of the referrers API, if not 0
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    tags: dict[tuple[str, str], str] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    host: str = ""
    uploads: Iterator[int] = field(default_factory=itertools.count)

    def referrers(self, name: str, digest: str) -> list[dict[str, Any]]:
        """Return the descriptors of the manifests whose subject is `digest`."""
        found = []
        for (repository, own), (media_type, body) in self.manifests.items():
            document = json.loads(body)
            if repository != name or (document.get("subject") or {}).get("digest") != digest:
                continue
            made = {"mediaType": media_type, "digest": own, "size": len(body)}
            kind = document.get("artifactType") or (document.get("config") or {}).get("mediaType")
            made |= {"artifactType": kind} if kind else {}
            found.append(made | ({"annotations": document["annotations"]} if document.get("annotations") else {}))
        return found


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    shelf: Shelf

    def do_GET(self) -> None:
        self._route()

    def do_HEAD(self) -> None:
        self._route()

    def do_POST(self) -> None:
        self._body()
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        name = self.path.removeprefix("/v2/").partition("/blobs/")[0]
        if (mount := query.get("mount", [""])[0]) in self.shelf.blobs:
            self._answer(201, {"Location": f"/v2/{name}/blobs/{mount}", "Docker-Content-Digest": mount})
        else:
            self._answer(202, {"Location": f"/v2/{name}/blobs/uploads/{next(self.shelf.uploads)}", "Range": "0-0"})

    def do_PATCH(self) -> None:
        body = self._body()
        path = urllib.parse.urlsplit(self.path).path
        self.shelf.blobs[path] = self.shelf.blobs.get(path, b"") + body
        self._answer(202, {"Location": path, "Range": f"0-{max(0, len(self.shelf.blobs[path]) - 1)}"})

    def do_PUT(self) -> None:
        body, parts = self._body(), urllib.parse.urlsplit(self.path)
        if "/blobs/uploads/" in parts.path:
            whole = self.shelf.blobs.pop(parts.path, b"") + body
            digest = urllib.parse.parse_qs(parts.query)["digest"][0]
            if digest_of(whole) != digest:
                self._refuse(400, "DIGEST_INVALID")
                return
            self.shelf.blobs[digest] = whole
            self._answer(201, {"Location": f"{parts.path.partition('/uploads/')[0]}/{digest}", "Docker-Content-Digest": digest})
            return
        found = _PATH.fullmatch(parts.path)
        assert found is not None
        name, target, digest = found["name"], found["rest"], digest_of(body)
        self.shelf.manifests[name, digest] = (self.headers.get("Content-Type", OCI_MANIFEST), body)
        if not target.startswith("sha256:"):
            self.shelf.tags[name, target] = digest
        subject = (json.loads(body).get("subject") or {}).get("digest")
        said = {"OCI-Subject": subject} if subject and self.shelf.has_referrers else {}
        self._answer(201, {"Location": f"/v2/{name}/manifests/{digest}", "Docker-Content-Digest": digest, **said})

    def _route(self) -> None:
        parts = urllib.parse.urlsplit(self.path)
        self.shelf.requests.append(f"{self.command} {self.path}")
        if parts.path.rstrip("/") == "/v2":
            self._answer(200, {})
            return
        found = _PATH.fullmatch(parts.path)
        if found is None:
            self._refuse(404, "NAME_UNKNOWN")
            return
        name, rest = found["name"], found["rest"]
        match found["kind"]:
            case "manifests":
                self._manifest(name, rest)
            case "blobs":
                body = self.shelf.blobs.get(rest)
                if body is None:
                    self._refuse(404, "BLOB_UNKNOWN")
                else:
                    self._answer(200, {"Content-Type": "application/octet-stream", "Docker-Content-Digest": rest}, body)
            case "tags":
                tags = sorted(tag for repository, tag in self.shelf.tags if repository == name)
                self._answer(200, {"Content-Type": "application/json"}, json.dumps({"name": name, "tags": tags}).encode())
            case _:
                self._referrers(name, rest, urllib.parse.parse_qs(parts.query))

    def _manifest(self, name: str, target: str) -> None:
        digest = self.shelf.tags.get((name, target), target)
        media_type, body = self.shelf.manifests.get((name, digest), ("", b""))
        if not body:
            self._refuse(404, "MANIFEST_UNKNOWN")
        else:
            self._answer(200, {"Content-Type": media_type, "Docker-Content-Digest": digest}, body)

    def _referrers(self, name: str, digest: str, query: dict[str, list[str]]) -> None:
        if not self.shelf.has_referrers:
            self._refuse(404, "NOT_FOUND")
            return
        if self.shelf.status:
            self._refuse(self.shelf.status, "UNKNOWN")
            return
        wanted = query.get("artifactType", [""])[0]
        every = [one for one in self.shelf.referrers(name, digest) if wanted in {"", one.get("artifactType", "")}]
        headers = {"Content-Type": OCI_INDEX} | ({"OCI-Filters-Applied": "artifactType"} if wanted else {})
        first = int(query.get("from", ["0"])[0])
        end = first + (self.shelf.page or len(every) or 1)
        if end < len(every):
            headers["Link"] = f'</v2/{name}/referrers/{digest}?from={end}>; rel="next"'
        body = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": every[first:end]}
        self._answer(200, headers, json.dumps(body).encode())

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "") == "chunked":
            body = b""
            while size := int(self.rfile.readline().strip() or b"0", 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def _refuse(self, status: int, code: str) -> None:
        self._answer(status, {"Content-Type": "application/json"}, json.dumps({"errors": [{"code": code}]}).encode())

    def _answer(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextlib.contextmanager
def serve_referrers(*, has_referrers: bool = True) -> Iterator[Shelf]:
    """Run the registry on a free loopback port until the block ends."""
    shelf = Shelf(has_referrers)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"shelf": shelf}))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    shelf.host = f"127.0.0.1:{server.server_address[1]}"
    try:
        yield shelf
    finally:
        server.shutdown()
        server.server_close()
