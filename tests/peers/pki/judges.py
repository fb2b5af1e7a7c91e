"""Real verifiers of chains: a small Go program (crypto/x509, crypto/tls), `openssl verify`, and curl against a running server.

Each says whether it takes a chain, and what it says when it does not. None sees this machine's trust, only what it is given.
"""

from __future__ import annotations

import base64
import datetime
import json
import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from auditor.pki.certificate import Certificate
from tests.peers.programs import require
from tests.pki.cases import Case

GO_SOURCE = Path(__file__).with_name("verify.go")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a client takes a chain; `said` is empty when it does."""

    takes: bool
    said: str = ""

    def __str__(self) -> str:
        return "takes it" if self.takes else f"refuses: {self.said}"


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask of a chain: `roots` are trusted, `host` is empty where names are not asked."""

    chain: tuple[Certificate, ...]
    roots: tuple[Certificate, ...]
    host: str
    at: datetime.datetime

    @classmethod
    def of(cls, case: Case) -> Question:
        return cls(case.served, case.anchors, case.host, case.at)

    def as_json(self, *, system: bool = False, address: str = "", bundle: bytes = b"") -> dict[str, object]:
        """The question as the Go program reads it. `bundle` is a CA file beside the roots."""
        return {
            "Chain": [base64.b64encode(certificate.der).decode() for certificate in self.chain],
            "Roots": [base64.b64encode(certificate.der).decode() for certificate in self.roots],
            "System": system,
            "Host": self.host,
            "At": self.at.isoformat().replace("+00:00", "Z"),
            "Address": address,
            "Bundle": base64.b64encode(bundle).decode(),
        }


def pem_of(certificates: Iterable[Certificate]) -> bytes:
    return b"".join(certificate.parsed.public_bytes(Encoding.PEM) for certificate in certificates)


@dataclass(frozen=True, slots=True)
class Go:
    """The Go program, built once."""

    program: Path

    @classmethod
    def built(cls, folder: Path) -> Go:
        """Build it; the test skips without Go.

        A module of its own names the toolchain's version, as Go behaves like 1.20 towards what names none.
        """
        go = require("go")
        told = subprocess.run([go, "env", "GOVERSION"], check=True, capture_output=True, text=True, cwd=folder, timeout=60)
        version = ".".join(told.stdout.strip().removeprefix("go").split(".")[:2])
        shutil.copy(GO_SOURCE, folder / "verify.go")
        (folder / "go.mod").write_text(f"module verify\n\ngo {version}\n")
        environment = {**os.environ, "GOFLAGS": "", "GOPROXY": "off", "GOTOOLCHAIN": "local", "GODEBUG": ""}
        command = [go, "build", "-o", "verify", "."]
        subprocess.run(command, check=True, capture_output=True, env=environment, cwd=folder, timeout=300)
        return cls(folder / "verify")

    def verdicts(
        self, questions: Sequence[Question], *, system: Sequence[Certificate] | None = None, address: str = ""
    ) -> list[Verdict]:
        """Return Go's verdict about each. `system` is the trust of the operating system; with `address`, that server is
        requested for its chain."""
        return self.answers([question.as_json(system=system is not None, address=address) for question in questions], system)

    def answers(self, asked: Sequence[dict[str, object]], system: Sequence[Certificate] | None = None) -> list[Verdict]:
        """The same for questions as the program reads them."""
        lines = "\n".join(map(json.dumps, asked))
        bundle = self.program.with_name("system.pem")
        bundle.write_bytes(pem_of(system or ()))
        environment = {**os.environ, "SSL_CERT_FILE": str(bundle), "SSL_CERT_DIR": str(self.program.parent / "nowhere")}
        done = subprocess.run(
            [self.program], input=lines, capture_output=True, text=True, check=True, env=environment, timeout=120
        )
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(answers) == len(asked)
        return [Verdict(answer["ok"], answer["error"]) for answer in answers]


def openssl_verdict(question: Question, folder: Path, *, partial: bool, level: int = 2, strict: bool = False) -> Verdict:
    """What `openssl verify` makes of it, as a client that looks for a TLS server. `level` is OpenSSL's security level."""
    parts = {"leaf": question.chain[:1], "untrusted": question.chain[1:], "roots": question.roots}
    for name, certificates in parts.items():
        (folder / f"{name}.pem").write_bytes(pem_of(certificates))
    command = ["openssl", "verify", "-no-CApath", "-no-CAstore", "-no-CAfile"] if not question.roots else ["openssl", "verify"]
    command += ["-attime", str(int(question.at.timestamp())), "-auth_level", str(level), "-purpose", "sslserver"]
    if question.roots:
        command += ["-no-CApath", "-no-CAstore", "-CAfile", "roots.pem"]
    if question.chain[1:]:
        command += ["-untrusted", "untrusted.pem"]
    if question.host:
        command += ["-verify_ip" if _is_address(question.host) else "-verify_hostname", question.host]
    command += ["-partial_chain"] if partial else []
    command += ["-x509_strict"] if strict else []
    require("openssl")
    done = subprocess.run([*command, "leaf.pem"], cwd=folder, capture_output=True, text=True, check=False, timeout=30)
    return Verdict(done.returncode == 0, "" if done.returncode == 0 else _reason(done.stderr))


def openssl_suite_verdict(
    chain: Sequence[bytes], roots: Sequence[bytes], host: str, at: datetime.datetime, folder: Path, *, strict: bool
) -> Verdict:
    """The same for DER that our library may not read, with any anchor, at security level 2."""
    parts = {"leaf": chain[:1], "untrusted": chain[1:], "roots": roots}
    for name, ders in parts.items():
        (folder / f"{name}.pem").write_text("".join(map(ssl.DER_cert_to_PEM_cert, ders)))
    command = [
        require("openssl"),
        "verify",
        "-no-CApath",
        "-no-CAstore",
        *(["-CAfile", "roots.pem"] if roots else ["-no-CAfile"]),
    ]
    command += ["-attime", str(int(at.timestamp())), "-auth_level", "2", "-purpose", "sslserver", "-partial_chain"]
    command += [*(["-untrusted", "untrusted.pem"] if chain[1:] else []), *(["-x509_strict"] if strict else [])]
    command += ["-verify_ip" if _is_address(host) else "-verify_hostname", host, "leaf.pem"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=30)
    return Verdict(done.returncode == 0, "" if done.returncode == 0 else _reason(done.stderr))


def _is_address(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


def _reason(told: str) -> str:
    """`error 10 at 0 depth lookup: certificate has expired` → its words."""
    found = [line.partition("lookup: ")[2] for line in told.splitlines() if "lookup: " in line]
    return found[0] if found else told.strip()


def curl_verdict(case: Case, port: int, folder: Path) -> Verdict:
    """What curl makes of a server on a port of loopback, asked by the case's name."""
    (folder / "ca.pem").write_bytes(pem_of(case.anchors))
    host = f"[{case.host}]" if ":" in case.host else case.host
    command = [require("curl"), "-sS", "--max-time", "10", "--cacert", "ca.pem", "--capath", "/nonexistent", "-o", os.devnull]
    command += ["--connect-to", f"{host}:443:127.0.0.1:{port}", f"https://{host}/"]
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=30)
    refused = done.returncode in {35, 51, 53, 60, 77, 91}
    return Verdict(not refused, done.stderr.strip().splitlines()[0] if refused else "")


def python_verdict(case: Case, port: int) -> Verdict:
    """What this Python's `ssl` makes of it, with the context that `urllib` and its like use."""
    context = ssl.create_default_context(cadata=pem_of(case.anchors).decode())
    try:
        with (
            socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname=case.host),
        ):
            return Verdict(True)
    except ssl.SSLError as error:  # with SSLCertVerificationError
        return Verdict(False, str(error))
