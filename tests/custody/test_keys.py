"""Keys: which files are accepted, and what the error says about the others."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa, x25519

from auditor.errors import UsageError
from auditor.pipeline.custody.sign import private_key
from auditor.pipeline.custody.verify import read_public_key
from tests.custody.signed import KEYS, write_key

PEM = serialization.Encoding.PEM
PKCS8 = serialization.PrivateFormat.PKCS8
OPEN = serialization.NoEncryption()


def no_passphrase() -> bytes:
    raise AssertionError("this key is not encrypted")


@pytest.mark.parametrize("kind", KEYS)
def test_encrypted_key_needs_its_passphrase(kind: str, tmp_path: Path) -> None:
    write_key(tmp_path, kind, b"correct horse")
    path = tmp_path / "key.pem"
    assert private_key(path, lambda: b"correct horse")
    with pytest.raises(UsageError, match="the passphrase is wrong"):
        private_key(path, lambda: b"wrong")
    with pytest.raises(UsageError, match="the passphrase is empty"):
        private_key(path, lambda: b"")


@pytest.mark.parametrize("kind", ["ecdsa-p256", "rsa"])
@pytest.mark.parametrize("passphrase", [b"", b"correct horse"])
def test_traditional_openssl_format_is_read(kind: str, passphrase: bytes, tmp_path: Path) -> None:
    lock = serialization.BestAvailableEncryption(passphrase) if passphrase else OPEN
    pem = KEYS[kind]().private_bytes(PEM, serialization.PrivateFormat.TraditionalOpenSSL, lock)
    (tmp_path / "key.pem").write_bytes(pem)
    assert private_key(tmp_path / "key.pem", (lambda: passphrase) if passphrase else no_passphrase)


def unusable() -> dict[str, tuple[bytes, str]]:
    weak = rsa.generate_private_key(65537, 1024)  # noqa: S505 - must be refused
    odd = ec.generate_private_key(ec.SECP256K1())
    old = dsa.generate_private_key(2048)
    exchange = x25519.X25519PrivateKey.generate()
    return {
        "weak": (weak.private_bytes(PEM, PKCS8, OPEN), "its RSA key has 1024 bits"),
        "curve": (odd.private_bytes(PEM, PKCS8, OPEN), "its key is on the curve secp256k1"),
        "dsa": (old.private_bytes(PEM, PKCS8, OPEN), "its key is of the kind"),
        "x25519": (exchange.private_bytes(PEM, PKCS8, OPEN), "its key is of the kind X25519"),
        "empty": (b"", "it holds no private key in PEM form"),
        "text": (b"ssh-ed25519 AAAA me@host\n", "it holds no private key in PEM form"),
        "damaged": (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "damaged or of an unknown kind"),
        "cosign": (b"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAA\n-----END", "cosign's own encrypted format"),
        "large": (b"x" * 100_000, "it is larger than 65,536 bytes"),
    }


@pytest.mark.parametrize("name", unusable())
def test_unusable_private_key_is_a_usage_error_with_a_hint(name: str, tmp_path: Path) -> None:
    data, words = unusable()[name]
    (tmp_path / "key.pem").write_bytes(data)
    with pytest.raises(UsageError, match=words) as caught:
        private_key(tmp_path / "key.pem", no_passphrase)
    assert caught.value.hint


def test_public_and_private_key_are_not_mixed_up(tmp_path: Path) -> None:
    write_key(tmp_path)
    with pytest.raises(UsageError, match="it holds a public key or a certificate, not a private key"):
        private_key(tmp_path / "key.pub", no_passphrase)
    with pytest.raises(UsageError, match="it is a private key") as caught:
        read_public_key(tmp_path / "key.pem")
    assert "openssl pkey -in KEY -pubout" in caught.value.hint
    for data in (b"", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", b"-----BEGIN CERTIFICATE-----\n"):
        (tmp_path / "odd.pub").write_bytes(data)
        with pytest.raises(UsageError):
            read_public_key(tmp_path / "odd.pub")


def test_missing_file_and_folder_are_usage_errors(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(UsageError):
            private_key(path, no_passphrase)
        with pytest.raises(UsageError):
            read_public_key(path)
