"""Real copies by real tools: the predicted and the observed result for a layer with `urls`.

The source is a real registry behind a proxy that notes who asks for the layer, and the layer's URL leads to a server that
notes it too, so that the order shows whom a tool asks first.
"""

from __future__ import annotations

import contextlib
import gzip
import itertools
import json
import re
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from auditor.oci.media_types import ACCEPT
from auditor.transfer.copy_options import read_options
from auditor.transfer.hops import Hop
from tests.peers.images import Blob, BuiltImage, build_image, digest_of, real_image, tar_of, with_diff_ids
from tests.peers.programs import find, newest_of, require
from tests.peers.registry import RunningRegistry, allow_urls, serve

PINNED = {"crane": "0.20.6", "regctl": "0.11.7", "oras": "1.2.3", "cosign": "2.5.3"}
WINDOWS = "windows/amd64:10.0.20348.587"


@cache
def version_of(tool: str) -> str:
    """The version of a tool: what a newest release says, else as pinned, else what is installed; empty when it is not."""
    if newest := newest_of(tool):
        told = [run([newest, word]) for word in ("version", "--version")]
        found = re.search(r"v?(\d+\.\d+\.\d+)", "".join(one.stdout + one.stderr for one in told))
        return found[1] if found is not None else ""
    path = None if tool in PINNED else find(tool)
    return PINNED.get(tool) or (run([path, "--version"]).stdout.split()[-1] if path else "")


@dataclass(frozen=True)
class Case:
    """One tool, its options, and the places on the way behind the source registry."""

    tool: str
    options: tuple[str, ...]
    way: tuple[str, ...]
    form: str = ""  # a word that chooses among the tool's ways of writing archives, as plans give it

    @property
    def hops(self) -> tuple[Hop, ...]:
        """The way as the model knows it."""
        places = ("registry", *self.way)
        given = read_options((*self.options, self.form))
        return tuple(Hop(self.tool, version_of(self.tool), origin, to, given) for origin, to in itertools.pairwise(places))

    def __str__(self) -> str:
        return f"{self.words} to {', then '.join(self.way)}"

    @property
    def words(self) -> str:
        """The tool, its options and the form."""
        return " ".join((self.tool, *self.options, *((f"({self.form})",) if self.form else ())))


@dataclass
class Desk:
    """Source and target, and the notes of who was asked for what, in order."""

    source: RunningRegistry
    inside: RunningRegistry
    proxy: str
    layers: str
    notes: list[tuple[str, str]] = field(default_factory=list)
    served: dict[str, bytes] = field(default_factory=dict)

    def image(self, name: str, media_type: str) -> BuiltImage:
        """A Windows image whose base is of that media type, pushed to the source; its URL leads to the layer server."""
        made = foreign_image(media_type, self.layers)
        self.served[made.layers[0].digest] = made.layers[0].body
        with self.source.uploader() as push:
            push.image(name, made, "1")
        return made


def foreign_image(media_type: str, layers: str, *, stored: bool = True, label: str = "") -> BuiltImage:
    """An image whose base is of that media type and has a URL. Its layers are real tars, as skopeo unpacks them."""
    docker = media_type.startswith("application/vnd.docker.")
    plain = real_image(WINDOWS, docker=docker)
    base = gzip.compress(tar_of(f"a base of {media_type} {label} " * 300), mtime=0)
    foreign = Blob(base, media_type, (f"{layers}/{digest_of(base)}",), stored)
    built = build_image(WINDOWS, foreign, plain.layers[1], docker=docker)
    return with_diff_ids(built, [gzip.decompress(layer.body) for layer in built.layers])


def _handler(desk: Desk, who: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer()

        def do_GET(self) -> None:
            digest = self.path.rpartition("/")[2]
            if digest in desk.served:
                desk.notes.append((who, digest))
            self._answer()

        def _answer(self) -> None:
            status, headers, body = self._registry() if who == "registry" else self._layer()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def _layer(self) -> tuple[int, dict[str, str], bytes]:
            body = desk.served.get(self.path.rpartition("/")[2])
            return (404 if body is None else 200), {"Content-Length": str(len(body or b""))}, body or b""

        def _registry(self) -> tuple[int, dict[str, str], bytes]:
            passed = {name: ", ".join(values) for name in ("Accept", "Range") if (values := self.headers.get_all(name))}
            url = f"{desk.source.url}{self.path}"
            given = httpx.request(self.command, url, headers=passed, trust_env=False, timeout=10)
            names = ("Content-Type", "Docker-Content-Digest", "Content-Length", "Docker-Distribution-Api-Version")
            return given.status_code, {name: given.headers[name] for name in names if name in given.headers}, given.content

        def log_message(self, *_: object) -> None:
            """Nothing: the notes are what is looked at."""

    return Handler


@contextlib.contextmanager
def _listening(desk: Desk, who: str) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(desk, who))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def desk(folder: Path) -> Iterator[Desk]:
    """A source behind a recording proxy, an internal registry, and the server of the URLs."""
    with serve(folder / "source", more=allow_urls(".+")) as source, serve(folder / "inside", more=allow_urls(".+")) as inside:
        made = Desk(source, inside, "", "")
        with _listening(made, "registry") as proxy, _listening(made, "url") as layers:
            made.proxy, made.layers = proxy, f"http://{layers}"
            yield made


def run(words: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a tool, without any configuration of the machine's user."""
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)


def _named(case: Case, place: str, where: str) -> str:
    """A source or target as a tool's argument: a registry's image, or a path."""
    if case.tool == "skopeo":
        transport = {"registry": "docker://", "oci-layout": "oci:", "docker-archive": "docker-archive:", "dir": "dir:"}[place]
        return f"{transport}{where}{':made:1' if place in {'oci-layout', 'docker-archive'} else ''}"
    if case.tool == "oras" and place == "oci-layout":
        return f"{where}:1"
    return f"ocidir://{where}:1" if case.form == "ocidir" and place == "oci-layout" else where


def command(case: Case, hop: Hop, origin: str, to: str, hosts: tuple[str, ...]) -> list[str]:
    """The words of one hop."""
    there, here = _named(case, hop.origin, origin), _named(case, hop.to, to)
    program, options = require(case.tool), list(case.options)
    match case.tool:
        case "crane" if hop.origin == hop.to:
            return [program, "--insecure", "copy", *options, there, here]
        case "crane" if hop.to == "registry":
            pulls_only = {"--format", "oci", "--annotate-ref"}
            index = ["--index"] if Path(there).is_dir() and _is_index(Path(there)) else []
            return [program, "--insecure", "push", *index, *(word for word in options if word not in pulls_only), there, here]
        case "crane":
            layout = ["--format", "oci"] if hop.to == "oci-layout" else []
            return [program, "--insecure", "pull", *layout, *options, there, here]
        case "regctl":
            archived = {"registry": ["import", here, there], "oci-layout": ["export", *options, there, here]}
            copied = ["copy", *options, there, here]
            plain = [word for host in hosts for word in ("--host", f"reg={host},tls=disabled")]
            return [program, *plain, "image", *(archived[hop.to] if case.form == "export" else copied)]
        case "oras":
            kinds = {"registry": "plain-http", "oci-layout": "oci-layout"}
            return [program, "cp", "--no-tty", f"--from-{kinds[hop.origin]}", f"--to-{kinds[hop.to]}", *options, there, here]
        case _:
            insecure = ["--src-tls-verify=false", "--dest-tls-verify=false"]
            return [program, "--insecure-policy", "copy", *insecure, *options, there, here]


def _is_index(layout: Path) -> bool:
    return len(json.loads((layout / "index.json").read_text())["manifests"]) > 1


def copied(desk: Desk, case: Case, image: str, folder: Path) -> Iterator[tuple[Hop, str]]:
    """Go the whole way with `image`: after each hop, where the copy is. Every run must succeed."""
    place = f"{desk.proxy}/{image}"
    for number, hop in enumerate(case.hops):
        target = f"{desk.inside.host}/copied/{folder.name.lower()}:1" if hop.to == "registry" else str(folder / f"hop{number}")
        done = run(command(case, hop, place, target, (desk.proxy, desk.inside.host)))
        assert done.returncode == 0, f"{done.args}: {done.stdout}{done.stderr}"
        place = target
        yield hop, place


@dataclass(frozen=True)
class Arrived:
    """What is at a place: the manifest or index (of a docker-archive its sources), its digest, and the digests of all blobs."""

    document: dict[str, Any]
    digest: str
    blobs: frozenset[str]
    names: tuple[str, ...] = ()


def read_back(desk: Desk, place: str, where: str) -> Arrived:
    """Look at a place where a copy arrived, without the auditor's own readers."""
    match place:
        case "registry":
            return _from_registry(desk, where)
        case "docker-archive":
            return _from_tar(Path(where))
        case "dir":
            body = (Path(where) / "manifest.json").read_bytes()
            return Arrived(
                json.loads(body), digest_of(body), frozenset(f"sha256:{path.name}" for path in Path(where).iterdir())
            )
        case _:
            return _from_layout(Path(where))


def _from_layout(path: Path) -> Arrived:
    files = (
        dict(_unpacked(path))
        if path.is_file()
        else {str(f.relative_to(path)): f.read_bytes() for f in path.rglob("*") if f.is_file()}
    )
    blobs = {f"sha256:{name.rpartition('/')[2]}": body for name, body in files.items() if name.startswith("blobs/")}
    entries = json.loads(files["index.json"])["manifests"]
    # oras lists an index, under its name, and then every manifest of it.
    (entry,) = [one for one in entries if len(entries) == 1 or one.get("annotations")]
    names = tuple((entry.get("annotations") or {}).values())
    return Arrived(json.loads(blobs[entry["digest"]]), entry["digest"], frozenset(blobs), names)


def _unpacked(path: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(path) as archive:
        for member in archive.getmembers():
            if (file := archive.extractfile(member)) is not None:
                yield member.name, file.read()


def _from_registry(desk: Desk, where: str) -> Arrived:
    repository = where.removeprefix(f"{desk.inside.host}/").rpartition(":")[0]
    with desk.inside.client() as client:
        answer = client.get(f"/v2/{repository}/manifests/1", headers={"Accept": ACCEPT})
        answer.raise_for_status()
        document: dict[str, Any] = answer.json()
        heads = {
            part["digest"]: client.head(f"/v2/{repository}/{kind}/{part['digest']}", headers={"Accept": ACCEPT})
            for key, kind in (("layers", "blobs"), ("manifests", "manifests"))
            for part in document.get(key, ())
        }
    there = frozenset(digest for digest, head in heads.items() if head.status_code == 200)
    return Arrived(document, digest_of(answer.content), there)


def _from_tar(path: Path) -> Arrived:
    files = dict(_unpacked(path))
    bodies = list(files.values())
    (entry,) = json.loads(files["manifest.json"])
    unpacked = {digest_of(gzip.decompress(body)) for body in bodies if body.startswith(b"\x1f\x8b")}
    sources = {"layers": list(entry.get("LayerSources", {}).values()), "config": entry["Config"]}
    return Arrived(sources, "", frozenset({digest_of(body) for body in bodies} | unpacked), tuple(entry["RepoTags"] or ()))
