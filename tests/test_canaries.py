"""No planted secret reaches any output of any command, in any encoding, and without secrets the evidence says the same."""

from __future__ import annotations

import base64
import html
import json
import os
import subprocess
import sys
import threading
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from auditor.evidence.store import Store
from tests.canary_site import Canaries, make_site, opened
from tests.canary_texts import BROKEN
from tests.cli.runner import ROOT, environment

FORMATS = ("text", "lines", "json", "html", "egress", "sarif", "junit", "github", "gitlab", "markdown", "csv")
DAY = "2026-11-25"


class Echo(BaseHTTPRequestHandler):
    """A registry and a proxy that repeat what they are sent, in every encoding, in each error."""

    token = ""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _answer(self) -> None:
        host = self.headers.get("Host", "")
        sent = self.headers.get("Authorization") or self.headers.get("Proxy-Authorization") or ""
        if self.path.startswith("/token"):
            self._send(200, json.dumps({"token": self.token}), {})
        elif not sent and host.startswith("127.0.0.1"):
            self._send(401, "{}", {"WWW-Authenticate": 'Basic realm="x"'})
        elif not sent:
            self._send(401, "{}", {"WWW-Authenticate": f'Bearer realm="http://{host}/token",service="x"'})
        else:
            status = 403 if "denied" in self.path else 404 if "missing" in self.path else 400 if "failing" in self.path else 407
            message = " ".join(_echoes(sent))
            body = {"errors": [{"code": "DENIED", "message": message, "detail": message}]}
            self._send(status, json.dumps(body, ensure_ascii=False), {})

    do_GET = do_HEAD = do_POST = do_CONNECT = _answer  # noqa: N815 - http.server's names

    def _send(self, status: int, text: str, headers: dict[str, str]) -> None:
        body = text.encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), "Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _echoes(sent: str) -> Iterator[str]:
    """What a header says, what is in it, and both as common encoders write them."""
    scheme, _, value = sent.partition(" ")
    plain = [value]
    if scheme == "Basic":
        login = base64.b64decode(value).decode()
        plain += [login, login.partition(":")[2]]
    for text in plain:
        yield from (text, urllib.parse.quote(text, safe=""), html.escape(text), json.dumps(text), text.encode().hex())
        yield base64.b64encode(text.encode()).decode()


@dataclass
class Searched:
    """The outputs that were searched, by name, and the canaries that each of them holds."""

    canaries: Canaries
    count: int = 0
    found: dict[str, list[str]] = field(default_factory=dict)

    def search(self, name: str, data: bytes) -> None:
        """Search one output."""
        self.count += 1
        if found := self.canaries.found_in(data):
            self.found[name] = found


@dataclass
class Bench:
    """Runs commands in the site and searches what they write."""

    folder: Path
    searched: Searched
    extra: dict[str, str]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """One command; its stdout and stderr are searched."""
        command = [sys.executable, "-m", "auditor", *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=environment(self.folder, self.extra), capture_output=True, timeout=300, check=False
        )
        assert done.returncode in {0, 1, 2, 3}, done.stderr.decode()
        name = " ".join(arguments)
        print(done.returncode, name, done.stderr[:200] if done.returncode == 2 else "")
        self.searched.search(f"stdout of {name}", done.stdout)
        self.searched.search(f"stderr of {name}", done.stderr)
        return done

    def files(self, *names: str) -> None:
        """Search files, and every file of a folder."""
        for name in names:
            path = self.folder / name
            for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
                if file.is_file():
                    self.searched.search(str(file.relative_to(self.folder)), file.read_bytes())


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """The site with its canaries, the registry that repeats them, and the environment of its user."""
    folder, canaries = tmp_path_factory.mktemp("canaries"), Canaries()
    Echo.token = canaries.at("token of a token service")
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"127.0.0.1:{server.server_port}"
        make_site(folder, canaries, address)
        proxy = f"http://robot:{canaries.at('proxy')}@{address}"
        path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        extra = {"HTTPS_PROXY": proxy, "NO_PROXY": "127.0.0.1,localhost", "PATH": path, "PYTHONPATH": str(ROOT)}
        yield Bench(folder, Searched(canaries), extra)
        server.shutdown()


def outcomes(report: Path) -> set[tuple[str, str, str]]:
    """The findings of a JSON report by fingerprint, and its undetermined outcomes by subject."""
    said = json.loads(report.read_bytes())
    found = {(item["check"], item["fingerprint"], "") for item in said["findings"]}
    return found | {(item["check"], json.dumps(item["subject"]), item["kind"]) for item in said["undetermined"]}


def test_no_canary_reaches_an_output(bench: Bench) -> None:
    outputs = [word for name in FORMATS for word in ("--format", f"{name}=offline.{name}")]
    connected = [word for name in FORMATS for word in ("--format", f"{name}=connected.{name}")]
    bench.run("--verbose", "collect", "plan.yaml", "-o", "site.evidence")
    bench.run("audit", "plan.yaml", "--evidence", "site.evidence", "--at", DAY, *connected)
    bench.run("audit", "site.evidence", "--at", DAY, *outputs)
    bench.run("--verbose", "audit", "plan.yaml", "--at", DAY)
    for name in FORMATS:
        bench.run("audit", "plan.yaml", "--evidence", "site.evidence", "--at", DAY, "--format", name)
    bench.run("fix", "plan.yaml", "--evidence", "site.evidence", "-o", "fixed")
    bench.run("fix", "site.evidence", "-o", "fixed-offline")
    bench.run("fix", "connected.json", "-o", "fixed-by-report")
    for layout in ("text", "json", "list"):
        bench.run("images", "plan.yaml", "--format", layout)
        bench.run(
            "images", *(f"lists/{name}" for name in ("plain.txt", "regsync.yaml", "zarf.yaml")), "deploy", "--format", layout
        )
    address = next(word for word in (bench.folder / "plan.yaml").read_text().split('"') if word.startswith("127.0.0.1"))
    for layout in ("text", "json"):
        bench.run("inspect", address, "--format", layout)
        bench.run("chain", "lists/plain.txt", "--format", layout)
        bench.run("diff", "connected.json", "offline.json", "--format", layout)
    for number in range(len(BROKEN)):
        bench.run("audit", f"broken-{number}.yaml", "--offline")
    bench.run("audit", "broken-0.yaml", "--offline", "--format", "github")
    bench.files("site.evidence", "fixed", "fixed-offline", "fixed-by-report", "cache")
    bench.files(*(f"{side}.{name}" for side in ("connected", "offline") for name in FORMATS))
    with Store.open(bench.folder / "site.evidence") as store:
        for name, data in store.files().items():
            for part in opened(data):
                bench.searched.search(f"{name} in the evidence", part)
    searched, planted = bench.searched, len(bench.searched.canaries.planted)
    found = sum(map(len, searched.found.values()))
    print(f"canaries planted: {planted}, outputs searched: {searched.count}, found: {found}")
    assert planted >= 120
    assert searched.count >= 100
    assert searched.found == {}
    # The evidence without secrets says the same as the files with them.
    assert outcomes(bench.folder / "offline.json") == outcomes(bench.folder / "connected.json")
    assert len(outcomes(bench.folder / "connected.json")) > 10
    for file in [*bench.folder.glob("fixed*/**/*"), *bench.folder.glob("connected.*")]:
        if file.is_file():
            assert "\ufffe" not in file.read_text(encoding="utf-8")


def test_search_finds_a_planted_canary() -> None:
    canaries = Canaries()
    value = canaries.at("here", "+/&<'\"é")
    for text in (value, urllib.parse.quote(value, safe=""), html.escape(value), json.dumps(value), value.encode().hex()):
        assert canaries.found_in(f"xx{text}xx".encode()) == ["here"]
    for before in (b"", b"a", b"ab"):
        assert canaries.found_in(base64.b64encode(before + value.encode() + b"tail")) == ["here"]
