"""Keys and signatures that libraries treat differently: RSA keys for PSS only, and ECDSA with SHA-1."""

from __future__ import annotations

import datetime
import subprocess
from pathlib import Path

import pytest

from auditor.pki.certificate import Certificate
from auditor.pki.loading import load_certificates
from auditor.pki.public_keys import in_chain, in_handshake, key_name
from auditor.pki.signature import signature_flaw
from tests.peers.programs import require

pytestmark = pytest.mark.peer
PSS = ("-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048")
EC = ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")


def self_signed(folder: Path, key: tuple[str, ...], digest: str = "-sha256") -> Certificate:
    require("openssl")
    subprocess.run(["openssl", "genpkey", *key, "-out", "k.pem"], cwd=folder, check=True, capture_output=True)
    command = ["openssl", "req", "-x509", "-new", "-key", "k.pem", digest, "-subj", "/CN=odd", "-days", "9", "-out", "c.pem"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    (found,) = load_certificates((folder / "c.pem").read_bytes()).certificates
    assert found.not_before.date() <= datetime.datetime.now(datetime.UTC).date()
    return found


def test_rsa_key_for_pss_only_is_no_key_for_go(tmp_path: Path) -> None:
    name = key_name(self_signed(tmp_path, PSS))
    assert name == "RSA-PSS"
    assert in_chain("go", name)[0] == in_handshake("go", name)[0] == "refused"
    assert in_chain("openssl", name)[0] == "accepted"
    assert in_chain("windows", name)[0] == "unknown"


def test_ecdsa_signature_with_sha1_is_verified(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path, EC, "-sha1")
    assert certificate.signature_hash == "sha1"
    assert signature_flaw(certificate, certificate) == ""


def test_post_quantum_keys_depend_on_the_version() -> None:
    assert in_chain("go", "ML-DSA-65", ("1.26",))[0] == "refused"
    assert in_chain("go", "ML-DSA-65", ("1.27",))[0] == "accepted"
    assert in_chain("go", "ML-DSA-65", ("1.26", "1.27"))[0] == "unknown"
    assert in_chain("go", "ML-DSA-65")[0] == "unknown"
    assert in_chain("openssl", "ML-DSA-65", ("3.0",))[0] == "refused"
