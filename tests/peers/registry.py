"""A real docker-registry (distribution) on a free loopback port, with its own storage and configuration."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.peers.images import Uploader
from tests.peers.programs import require

READY_WITHIN = 20.0


@dataclass(frozen=True, slots=True)
class Authority:
    """Files of a certificate authority and of the server certificate that it signed for loopback."""

    ca: Path
    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class RunningRegistry:
    """A registry that answers. `host` is `127.0.0.1:port`."""

    host: str
    scheme: str
    ca: Path | None = None
    login: tuple[str, str] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"{self.scheme}://{self.host}"

    def client(self) -> httpx.Client:
        """A client that may push to it."""
        verify = ssl.create_default_context(cafile=self.ca) if self.ca else True
        return httpx.Client(base_url=self.url, auth=self.login, verify=verify, trust_env=False, timeout=10)

    @contextlib.contextmanager
    def uploader(self) -> Iterator[Uploader]:
        """Something to push images with."""
        with self.client() as client:
            yield Uploader(client)


def free_port() -> int:
    """A loopback port that nothing listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _configuration(folder: Path, port: int, more: Mapping[str, Any]) -> Path:
    storage = {"filesystem": {"rootdirectory": str(folder / "storage")}, "cache": {"blobdescriptor": "inmemory"}}
    http = {"addr": f"127.0.0.1:{port}", "secret": "of-a-test", **more.get("http", {})}
    rest = {key: value for key, value in more.items() if key != "http"}
    log = {"level": "error", "accesslog": {"disabled": True}}
    path = folder / "config.yml"
    path.write_text(json.dumps({"version": "0.1", "log": log, "storage": storage, "http": http, **rest}))  # JSON is YAML
    return path


def _wait(url: str, process: subprocess.Popen[bytes], log: Path, ca: Path | None) -> None:
    verify = ssl.create_default_context(cafile=ca) if ca else True
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with contextlib.suppress(httpx.HTTPError):
            httpx.get(f"{url}/v2/", verify=verify, trust_env=False, timeout=2)
            return
        time.sleep(0.05)
    raise RuntimeError(f"docker-registry did not answer at {url}: {log.read_text(errors='replace')[-2000:]}")


@contextlib.contextmanager
def serve(
    folder: Path,
    *,
    more: Mapping[str, Any] | None = None,
    authority: Authority | None = None,
    login: tuple[str, str] | None = None,
    port: int = 0,
) -> Iterator[RunningRegistry]:
    """Run a registry with its storage under `folder` until the block ends. `more` is added to its configuration.

    It listens on `port`, or on a free one: the same folder can be served again later, under the same name.
    """
    program = require("docker-registry")
    folder.mkdir(parents=True, exist_ok=True)
    settings = dict(more or {})
    if authority:
        settings["http"] = {"tls": {"certificate": str(authority.certificate), "key": str(authority.key)}}
    if login:
        settings["auth"] = {"htpasswd": {"realm": "test", "path": str(_htpasswd(folder, login))}}
    port, log = port or free_port(), folder / "log.txt"
    running = RunningRegistry(f"127.0.0.1:{port}", "https" if authority else "http", authority.ca if authority else None, login)
    config = _configuration(folder, port, settings)
    with log.open("wb") as output:
        process = subprocess.Popen([program, "serve", str(config)], stdout=output, stderr=output)
        try:
            _wait(running.url, process, log, running.ca)
            yield running
        finally:
            process.kill()
            process.wait(timeout=10)


@contextlib.contextmanager
def serve_v3(folder: Path) -> Iterator[RunningRegistry]:
    """Run distribution v3 with its storage under `folder` until the block ends."""
    program = require("registry")
    folder.mkdir(parents=True, exist_ok=True)
    port, log = free_port(), folder / "log.txt"
    running = RunningRegistry(f"127.0.0.1:{port}", "http")
    config = _configuration(folder, port, {})
    with log.open("wb") as output:
        process = subprocess.Popen([program, "serve", str(config)], stdout=output, stderr=output)
        try:
            _wait(running.url, process, log, None)
            yield running
        finally:
            process.kill()
            process.wait(timeout=10)


def _htpasswd(folder: Path, login: tuple[str, str]) -> Path:
    path = folder / "htpasswd"
    made = subprocess.run(
        [require("htpasswd"), "-Bbn", "-C", "4", *login], capture_output=True, text=True, timeout=10, check=True
    )
    path.write_text(made.stdout.strip() + "\n")
    return path


def allow_urls(*patterns: str) -> dict[str, Any]:
    """Configuration without which distribution refuses every manifest that has `urls`."""
    return {"validation": {"manifests": {"urls": {"allow": list(patterns or (".+",))}}}}
