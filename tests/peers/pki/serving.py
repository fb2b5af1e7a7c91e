"""One real nginx that serves every made chain, each on its own port: over TLS 1.2, over TLS 1.3, or over both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.peers.programs import require
from tests.peers.tls import free_ports, running
from tests.pki.cases import Case

PROTOCOLS = ("TLSv1.2", "TLSv1.3", "TLSv1.2 TLSv1.3")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a chain is served, and over which versions."""

    port: int
    versions: tuple[str, ...]


def _server(folder: Path, number: int, case: Case, place: Place) -> str:
    chain, key = folder / f"{number}.pem", folder / f"{number}.key"
    chain.write_bytes(case.pem)
    key.write_bytes(case.chain[0].key_pem)
    return (
        f"server {{ listen 127.0.0.1:{place.port} ssl; ssl_certificate {chain}; ssl_certificate_key {key};\n"
        f"  ssl_protocols {' '.join(place.versions)}; ssl_ciphers ALL:@SECLEVEL=0; return 204; }}\n"
    )


@contextmanager
def serving(folder: Path, cases: Mapping[str, Case]) -> Iterator[dict[str, Place]]:
    """Serve all cases until the block ends."""
    ports = free_ports(len(cases))
    places = {
        name: Place(port, tuple(PROTOCOLS[number % len(PROTOCOLS)].split()))
        for number, (name, port) in enumerate(zip(cases, ports, strict=True))
    }
    servers = "".join(_server(folder, number, case, places[name]) for number, (name, case) in enumerate(cases.items()))
    settings = folder / "nginx.conf"
    settings.write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log; events {{}}\n"
        f"http {{ access_log off; client_body_temp_path {folder}/body;\n{servers}}}\n"
    )
    with running([require("nginx"), "-c", settings, "-p", folder, "-e", folder / "error.log"], ports[-1]):
        yield places
