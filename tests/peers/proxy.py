"""A real HTTP proxy, tinyproxy, on a free loopback port."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.peers.programs import require
from tests.peers.tls import free_port, running


@contextmanager
def proxying(folder: Path, *settings: str) -> Iterator[tuple[int, Path]]:
    """A proxy with more `settings`; yields its port and its log, which names each connection."""
    port, log = free_port(), folder / "proxy.log"
    config = folder / "proxy.conf"
    lines = (f"Port {port}", "Listen 127.0.0.1", "Timeout 20", "Allow 127.0.0.1", f'LogFile "{log}"', "LogLevel Connect")
    config.write_text("\n".join((*lines, *settings, "")))
    with running([require("tinyproxy"), "-d", "-c", config], port):
        yield port, log
