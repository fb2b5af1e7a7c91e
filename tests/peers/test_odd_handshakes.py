"""Odd TLS servers: `auditor chain` predicts what curl, Python, OpenSSL and a Go program really do."""

from __future__ import annotations

import datetime
import json
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from auditor.testing.certificates import CA, SERVER, Hierarchy, hierarchy
from tests.cli.runner import auditor
from tests.peers.programs import require
from tests.peers.tls import openssl_server

pytestmark = pytest.mark.peer
NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
DAYS = {"start": NOW - datetime.timedelta(days=9), "end": NOW + datetime.timedelta(days=90)}
GO = """package main
import ("crypto/tls"; "crypto/x509"; "fmt"; "net/http"; "os"; "time")
func main() {
  pool := x509.NewCertPool(); pem, _ := os.ReadFile(os.Args[2]); pool.AppendCertsFromPEM(pem)
  transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
  answer, err := (&http.Client{Timeout: 9 * time.Second, Transport: transport}).Get("https://localhost:" + os.Args[1] + "/")
  if err != nil { fmt.Println(err); os.Exit(1) }
  answer.Body.Close()
}
"""
PYTHON = """
import socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[2])
with context.wrap_socket(socket.create_connection(("localhost", int(sys.argv[1])), 9), server_hostname="localhost") as tls:
    tls.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
    sys.exit(0 if tls.recv(4) else 1)
"""


def made(kind: str = "rsa") -> Hierarchy:
    leaf = replace(SERVER, dns=("localhost",), key_kind=kind, key_name=f"odd {kind}", **DAYS)  # type: ignore[arg-type]
    ca = replace(CA, **DAYS)  # type: ignore[arg-type]
    return hierarchy(leaf=leaf, issuing=ca, root=ca, name="localhost")


@dataclass(frozen=True)
class Odd:
    """A server: its options for `openssl s_server`, and the kind of its key."""

    options: tuple[str, ...]
    kind: str = "rsa"


SERVERS = {
    "RSA key exchange": Odd(("-tls1_2", "-cipher", "AES128-GCM-SHA256")),
    "CBC and SHA-1": Odd(("-tls1_2", "-cipher", "ECDHE-RSA-AES256-SHA")),
    "CBC and SHA-256": Odd(("-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA256")),
    "DHE": Odd(("-tls1_2", "-cipher", "DHE-RSA-AES256-GCM-SHA384")),
    "Camellia": Odd(("-tls1_2", "-cipher", "ECDHE-RSA-CAMELLIA256-SHA384")),
    "TLS 1.3 with CCM": Odd(("-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_SHA256")),
    "CCM with TLS 1.3, more with TLS 1.2": Odd(("-cipher", "AES128-SHA", "-ciphersuites", "TLS_AES_128_CCM_SHA256")),
    "only x448": Odd(("-tls1_3", "-curves", "X448")),
    "only P-521": Odd(("-tls1_3", "-curves", "P-521")),
    "only brainpool": Odd(("-tls1_2", "-cipher", "ECDHE+AESGCM", "-curves", "brainpoolP384r1")),
    "TLS 1.1": Odd(("-tls1_1", "-cipher", "ALL:@SECLEVEL=0")),
    "client certificate, TLS 1.2": Odd(("-tls1_2", "-Verify", "1")),
    "client certificate, TLS 1.3": Odd(("-tls1_3", "-Verify", "1")),
    "client certificate, optional": Odd(("-tls1_3", "-verify", "1")),
    "Ed25519": Odd(("-tls1_3",), "ed25519"),
    "Ed448": Odd(("-tls1_3",), "ed448"),
    "secp256k1": Odd(("-tls1_2", "-cipher", "ALL:!aNULL:@SECLEVEL=0", "-curves", "secp256k1:P-256"), "secp256k1"),
}


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """The program, and the release whose defaults it has."""
    folder = tmp_path_factory.mktemp("go")
    program = require("go")
    told = subprocess.run([program, "env", "GOVERSION"], capture_output=True, text=True, check=True).stdout.strip()
    release = ".".join(told.removeprefix("go").split(".")[:2])
    (folder / "go.mod").write_text(f"module odd\n\ngo {release}\n")
    (folder / "main.go").write_text(GO)
    subprocess.run([program, "build", "-o", "odd", "."], cwd=folder, check=True)
    return str(folder / "odd"), release


@pytest.mark.parametrize("name", SERVERS)
def test_prediction_is_what_each_client_does(name: str, go: tuple[str, str], tmp_path: Path) -> None:
    server = SERVERS[name]
    chain = made(server.kind)
    (tmp_path / "root.pem").write_bytes(chain.root.pem)
    asking = ("-CAfile", str(tmp_path / "root.pem")) if {"-verify", "-Verify"} & set(server.options) else ()
    served, options = chain.leaf.pem + chain.issuing.pem, (*server.options, "-www", *asking)
    with openssl_server(require("openssl"), tmp_path, served, chain.leaf.key_pem, *options) as port:
        root = str(tmp_path / "root.pem")
        python = f"python {'.'.join(platform.python_version_tuple()[:2])}"
        commands = {
            f"go {go[1]}": [go[0], str(port), root],
            "curl": ["curl", "-sS", "-m", "9", "--cacert", root, f"https://localhost:{port}/", "-o", str(tmp_path / "page")],
            python: [sys.executable, "-c", PYTHON, str(port), root],
        }
        if shutil.which("curl") is None:
            del commands["curl"]
        runs = {client: subprocess.run(command, capture_output=True, check=False) for client, command in commands.items()}
        real = {client: run.returncode == 0 for client, run in runs.items()}
        asked = [part for client in real for part in ("--client", client)]
        done = auditor(
            "chain", f"localhost:{port}", "--trust", root, *asked, "--platform", "linux/amd64", "--format", "json", cwd=tmp_path
        )
    found = json.loads(done.stdout)
    assert found["trouble"] is None
    assert {row["client"]: row["verdict"] for row in found["trust"]} == {
        client: "verifies" if works else "fails" for client, works in real.items()
    }
