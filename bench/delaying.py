"""A loopback registry in its own process that answers every request after a fixed delay, or at a limited rate.

    python bench/delaying.py FOLDER      # serves FOLDER/answers.json: {path: [status, media type, digest, text]}

It prints its port. `/-/set?delay=SECONDS&rate=N` sets delay and rate (rate 0: no limit) and resets the counts,
`/-/counts` returns them as JSON. Above the rate it answers 429 with `Retry-After: 1`; the bucket holds one second.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
import urllib.parse
from collections import Counter
from pathlib import Path

APART = 0.5  # seconds within which concurrent requests get their 429


class Counts:
    """Counts of requests and answers."""

    def __init__(self) -> None:
        self.answered: Counter[int] = Counter()
        self.paths: dict[str, int] = {}
        self.repeated = 0  # 429 for a path whose last answer was 429 as well
        self.episodes = 0  # groups of 429
        self.in_a_row = 0  # groups with fewer than ten good answers since the one before
        self._good = 1000
        self._last = 0.0
        self.cpu = time.process_time()

    def add(self, path: str, status: int) -> None:
        """Count an answer."""
        self.answered[status] += 1
        if status == 429:
            self.repeated += self.paths.get(path) == 429
            if time.monotonic() - self._last > APART:
                self.episodes += 1
                self.in_a_row += self._good < 10
            self._last, self._good = time.monotonic(), 0
        else:
            self._good += 1
        self.paths[path] = status

    def as_json(self) -> bytes:
        """The counts."""
        return json.dumps(
            {
                "answered": dict(self.answered),
                "paths": sum(status == 200 for status in self.paths.values()),
                "repeated": self.repeated,
                "episodes": self.episodes,
                "in_a_row": self.in_a_row,
                "cpu": time.process_time() - self.cpu,
            }
        ).encode()


class Site:
    """The answers, with delay and rate."""

    def __init__(self, folder: Path) -> None:
        self.delay = 0.0
        self.rate = 0.0
        self.counts = Counts()
        self._tokens, self._filled = 0.0, time.monotonic()
        self._answers: dict[str, tuple[bytes, bytes]] = {}
        for path, (media_type, digest, text) in json.loads((folder / "answers.json").read_text()).items():
            body = text.encode()
            size = len(body)
            head = f"HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nContent-Length: {size}\r\n"
            self._answers[path] = (f"{head}Docker-Content-Digest: {digest}\r\n\r\n".encode(), body)

    def answer(self, method: str, path: str) -> tuple[float, bytes]:
        """Return the delay and the bytes of an answer."""
        if path.startswith("/-/"):
            return 0.0, self._control(path)
        if path == "/v2/":
            return self.delay, _reply(200, b"{}")
        if not self._has_token():
            self.counts.add(path, 429)
            return self.delay, _reply(429, b'{"errors":[{"code":"TOOMANYREQUESTS"}]}', b"Retry-After: 1\r\n")
        found = self._answers.get(path)
        self.counts.add(path, 200 if found else 404)
        if found is None:
            return self.delay, _reply(404, b'{"errors":[{"code":"NOT_FOUND"}]}')
        return self.delay, found[0] if method == "HEAD" else found[0] + found[1]

    def _has_token(self) -> bool:
        if not self.rate:
            return True
        now = time.monotonic()
        self._tokens = min(self.rate, self._tokens + (now - self._filled) * self.rate)
        self._filled = now
        self._tokens -= (is_good := self._tokens >= 1)
        return is_good

    def _control(self, path: str) -> bytes:
        if path.startswith("/-/counts"):
            return _reply(200, self.counts.as_json())
        wanted = urllib.parse.parse_qs(urllib.parse.urlsplit(path).query)
        self.delay, self.rate = float(wanted["delay"][0]), float(wanted["rate"][0])
        self.counts, self._tokens, self._filled = Counts(), self.rate, time.monotonic()
        return _reply(200, b"{}")


def _reply(status: int, body: bytes, more: bytes = b"") -> bytes:
    return b"HTTP/1.1 %d X\r\n%sContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
        status,
        more,
        len(body),
        body,
    )


class Protocol(asyncio.Protocol):
    """One connection."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._loop = asyncio.get_running_loop()
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Called by the event loop. Requests have no body."""
        self._read += data
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            method, path, _ = self._read[: self._read.index(b"\r\n")].decode("latin-1").split(" ", 2)
            self._read = self._read[end + 4 :]
            delay, sent = self._site.answer(method, path)
            if delay:
                self._loop.call_later(delay, self._transport.write, sent)
            else:
                self._transport.write(sent)


async def serve(folder: Path) -> None:
    """Serve until the process ends."""
    site = Site(folder)
    server = await asyncio.get_running_loop().create_server(lambda: Protocol(site), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    if len(sys.argv) > 2:
        os.sched_setaffinity(0, {int(sys.argv[2])})
    asyncio.run(serve(Path(sys.argv[1])))
