"""Certificates that no library creates: patched bytes, weak signatures, and keys of OpenSSL."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from auditor.pki.certificate import Certificate, parse_certificate
from auditor.pki.loading import load_certificates
from auditor.testing.certificates import HOST, Made


def patched(made: Made, issuer: Made, old: bytes, new: bytes) -> Made:
    """The certificate with some bytes of its content replaced by as many others, and signed again by a P-256 issuer.

    So a certificate can hold what no library would put into one.
    """
    assert isinstance(issuer.key, ec.EllipticCurvePrivateKey)
    content = _replaced(made.certificate.parsed.tbs_certificate_bytes, old, new)
    signature = issuer.key.sign(content, ec.ECDSA(hashes.SHA256()))
    return _assembled(made, content, bytes.fromhex("06082a8648ce3d040302"), signature)


def weakly_signed(made: Made, issuer: Made, name: Literal["sha1", "md5"]) -> Made:
    """The certificate signed again by an RSA issuer with a digest that libraries no longer use for certificates."""
    assert isinstance(issuer.key, rsa.RSAPrivateKey)
    sha256 = bytes.fromhex("06092a864886f70d01010b0500")
    algorithm = sha256.replace(b"\x0b", b"\x05" if name == "sha1" else b"\x04")
    digest = hashes.SHA1() if name == "sha1" else hashes.MD5()  # noqa: S303 - weak on purpose
    content = _replaced(made.certificate.parsed.tbs_certificate_bytes, sha256, algorithm)
    return _assembled(made, content, algorithm, issuer.key.sign(content, padding.PKCS1v15(), digest))


def _replaced(content: bytes, old: bytes, new: bytes) -> bytes:
    assert (content.count(old), len(new)) == (1, len(old))
    return content.replace(old, new)


def _assembled(made: Made, content: bytes, algorithm: bytes, signature: bytes) -> Made:
    der = _tlv(0x30, content + _tlv(0x30, algorithm) + _tlv(0x03, b"\x00" + signature))
    return Made(parse_certificate(der), made.key, made.subject)


def _tlv(tag: int, content: bytes) -> bytes:
    size = len(content).to_bytes(2, "big")
    return bytes([tag]) + (b"\x82" + size if len(content) > 127 else size[1:]) + content


def with_openssl(openssl: str, folder: Path, digest: str) -> tuple[Certificate, ...]:
    """A leaf signed with a digest that `cryptography` refuses to sign with, and its RSA root."""
    root, leaf = folder / "root.pem", folder / "leaf.pem"
    settings = folder / "leaf.cnf"
    settings.write_text(
        f"subjectAltName=DNS:{HOST}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n", encoding="utf-8"
    )
    for command in (
        f"req -x509 -newkey rsa:2048 -nodes -subj /CN=Old -days 3650 -sha256 -keyout root.key -out {root}",
        f"req -newkey rsa:2048 -nodes -subj /CN={HOST} -keyout leaf.key -out leaf.csr",
        f"x509 -req -in leaf.csr -CA {root} -CAkey root.key -{digest} -CAcreateserial -days 3650 -extfile leaf.cnf -out {leaf}",
    ):
        subprocess.run([openssl, *command.split()], check=True, capture_output=True, cwd=folder)
    return load_certificates(leaf.read_bytes() + root.read_bytes()).certificates


def self_signed(openssl: str, folder: Path, algorithm: str) -> Certificate:
    """A root with a key of one of OpenSSL's algorithms."""
    parameters = folder / "parameters.pem"
    if algorithm == "dsa":
        generate = f"genpkey -genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:1024 -out {parameters}"
        subprocess.run([openssl, *generate.split()], check=True, capture_output=True, cwd=folder)
        algorithm = f"param:{parameters}"
    new_key, *options = algorithm.split(maxsplit=1)
    command = f"req -x509 -newkey {new_key} {' '.join(options)} -nodes -subj /CN=Root -days 30 -keyout root.key -out root.pem"
    subprocess.run([openssl, *command.split()], check=True, capture_output=True, cwd=folder)
    return load_certificates((folder / "root.pem").read_bytes()).certificates[0]
