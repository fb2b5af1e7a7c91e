"""A signed report with evidence and a transfer, for the tests of this folder."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from auditor.custody.envelope import Envelope, EnvelopeSignature, pae, to_json
from auditor.custody.signing_keys import Private, sign
from auditor.custody.statement import PAYLOAD_TYPE
from auditor.evidence.store import Store
from auditor.pipeline.custody.sign import private_key, sign_report
from auditor.pipeline.custody.verify import Locations, Verified, read_public_key, verify_envelope
from auditor.pipeline.site_building import sha256_of

KEYS = {
    "ecdsa-p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ecdsa-p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
}
FILES = {"images/app.tar": b"an archive", "images/b.tar": b"", "charts/shop-1.0.tgz": b"chart", "run.sh": b"#!/bin/sh\n"}


def write_key(folder: Path, kind: str = "ecdsa-p256", passphrase: bytes = b"", name: str = "key") -> Private:
    """Write `key.pem` and `key.pub`, and return the private key."""
    key = KEYS[kind]()
    lock = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)
    (folder / f"{name}.pem").write_bytes(pem)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    (folder / f"{name}.pub").write_bytes(key.public_key().public_bytes(serialization.Encoding.PEM, form))
    return key


def report(evidence_sha256: str | None, **fields: Any) -> dict[str, Any]:
    """A small report of version 1."""
    return {
        "version": 1,
        "tool": {"name": "airgap-auditor", "version": "0.1.0"},
        "plan": {"name": "plant-7", "path": "plan.yaml", "sha256": None},
        "audited_at": "2026-11-23",
        "horizon": "2027-11-23",
        "verdict": "not-ready",
        "exit_code": 1,
        "summary": {"error": 2, "warning": 1},
        "findings": [],
        "works_offline_until": None,
        "evidence_basis": {"sha256": evidence_sha256},
        **fields,
    }


@dataclass(frozen=True)
class Case:
    """A folder with a signed report."""

    folder: Path

    @property
    def envelope(self) -> Path:
        return self.folder / "report.intoto.json"

    @property
    def medium(self) -> Path:
        return self.folder / "usb"

    def sign(self, key: str = "key.pem") -> None:
        signed = sign_report(
            self.folder / "report.json",
            private_key(self.folder / key, lambda: b""),
            self.folder / "site.evidence",
            [self.medium],
            self.envelope,
        )
        self.envelope.write_text(signed.text)

    def verify(self, key: str = "key.pub", where: Locations | None = None) -> Verified:
        return verify_envelope(self.envelope, read_public_key(self.folder / key), where or Locations())


def unsigned(folder: Path) -> Case:
    """Write a report, its evidence, a key and the files of a transfer."""
    with Store.create(folder / "site.evidence") as store:
        store.put_file("plan.yaml", b"version: 1\n")
        store.put_meta("plan.path", "plan.yaml")
    (folder / "report.json").write_text(json.dumps(report(sha256_of(folder / "site.evidence"))))
    write_key(folder)
    write_files(folder / "usb", FILES.items())
    return Case(folder)


def signed(folder: Path) -> Case:
    """Write and sign."""
    case = unsigned(folder)
    case.sign()
    return case


def write_files(folder: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """Write files below a folder."""
    for name, body in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)


def payload_of(case: Case) -> dict[str, Any]:
    """Return the statement in the envelope, without verifying it."""
    from auditor.custody.envelope import from_json

    document: dict[str, Any] = json.loads(from_json(case.envelope.read_bytes()).payload)
    return document


def sign_payload(case: Case, document: object, payload_type: str = PAYLOAD_TYPE) -> None:
    """Sign any payload with the right key: what a program that is not ours could sign."""
    payload = document if isinstance(document, bytes) else json.dumps(document).encode()
    key = private_key(case.folder / "key.pem", lambda: b"")
    value = sign(key, pae(payload_type, payload))
    case.envelope.write_text(to_json(Envelope(payload_type, payload, (EnvelopeSignature(value),))))


def certificate_of(key: Private) -> bytes:
    """Return a self-signed certificate in PEM."""
    import datetime

    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "site audit")])
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(1).public_key(key.public_key())
    builder = builder.not_valid_before(start).not_valid_after(start + datetime.timedelta(days=3650))
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, algorithm).public_bytes(serialization.Encoding.PEM)
