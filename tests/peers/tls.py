"""Real TLS servers on loopback: Python's `ssl` in a thread, `openssl s_server` and nginx as processes, and bad ones."""

from __future__ import annotations

import contextlib
import random
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

Behaviour = Callable[[socket.socket], None]


def _write(folder: Path, chain: bytes, key: bytes) -> tuple[Path, Path]:
    (folder / "chain.pem").write_bytes(chain)
    (folder / "server.key").write_bytes(key)
    return folder / "chain.pem", folder / "server.key"


@contextmanager
def listening(behave: Behaviour, address: str = "127.0.0.1") -> Iterator[int]:
    """A server that gives each connection to `behave`; yields its port. Ends its thread when left."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), family=family) as server:
        server.settimeout(0.1)
        stopping = threading.Event()

        def serve() -> None:
            while not stopping.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                with connection, contextlib.suppress(OSError):  # clients that hang up are part of the test
                    connection.settimeout(5)
                    behave(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            stopping.set()
            thread.join(timeout=10)


@contextmanager
def python_server(
    folder: Path, chain: bytes, key: bytes, *, names: list[str | None] | None = None, ask: str = "", address: str = "127.0.0.1"
) -> Iterator[int]:
    """A TLS server with `chain` (PEM). `names` collects the SNI of each client; `ask` demands a client certificate of a CA
    over that version: TLSv1_2 or TLSv1_3."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*_write(folder, chain, key))
    if names is not None:
        context.sni_callback = lambda _socket, name, _context: names.append(name)
    if ask:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(folder / "chain.pem")
        context.minimum_version = context.maximum_version = ssl.TLSVersion[ask]

    def behave(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as tls:
            tls.recv(1)

    with listening(behave, address) as port:
        yield port


def free_ports(count: int) -> list[int]:
    """Free loopback ports: a random row below the ephemeral ports of the system. Between a request
    for an ephemeral port and its use, another process may get it."""
    while True:
        first = random.randrange(20_000, 32_000 - count)
        row = list(range(first, first + count))
        with contextlib.suppress(OSError), contextlib.ExitStack() as held:
            for port in row:
                held.enter_context(socket.create_server(("127.0.0.1", port)))
            return row


def free_port() -> int:
    """One such port."""
    return free_ports(1)[0]


@contextmanager
def openssl_server(openssl: str, folder: Path, chain: bytes, key: bytes, *options: str) -> Iterator[int]:
    """`openssl s_server` with `chain`: the first certificate as its own, all of them as its chain."""
    chain_file, key_file = _write(folder, chain, key)
    port = free_port()
    command = [openssl, "s_server", "-accept", f"127.0.0.1:{port}", "-cert", chain_file, "-cert_chain", chain_file]
    with running([*command, "-key", key_file, "-quiet", *options], port):
        yield port


@contextmanager
def nginx_server(nginx: str, folder: Path, chain: bytes, key: bytes, protocols: str, ciphers: str = "DEFAULT") -> Iterator[int]:
    """nginx with `chain` over `protocols` (`TLSv1.2 TLSv1.3`) and OpenSSL's `ciphers`."""
    chain_file, key_file = _write(folder, chain, key)
    port = free_port()
    settings = folder / "nginx.conf"
    settings.write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; client_body_temp_path {folder}/body; server {{ listen 127.0.0.1:{port} ssl;\n"
        f"  ssl_certificate {chain_file}; ssl_certificate_key {key_file}; ssl_protocols {protocols};\n"
        f"  ssl_ciphers {ciphers}; ssl_prefer_server_ciphers on; return 204; }} }}\n"
    )
    with running([nginx, "-c", settings, "-p", folder, "-e", "stderr"], port):
        yield port


@contextmanager
def running(command: Sequence[str | Path], port: int) -> Iterator[None]:
    """A server process, from when it listens until the block ends."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _await(port)
        assert process.poll() is None, f"{command[0]} ended at once"
        yield
    finally:
        process.terminate()
        process.wait(timeout=10)


def _await(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port}")
