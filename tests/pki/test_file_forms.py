"""What a trust file is that holds no usable certificate, and how to make it usable."""

from __future__ import annotations

import gzip

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from auditor.pki.file_forms import form_of, hint_for
from auditor.testing.certificates import hierarchy

ROOT = hierarchy().root
PFX = pkcs12.serialize_key_and_certificates(None, None, ROOT.certificate.parsed, None, serialization.NoEncryption())
REQUEST = b"-----BEGIN CERTIFICATE REQUEST-----\nMA==\n-----END CERTIFICATE REQUEST-----\n"
DER = ROOT.certificate.der


@pytest.mark.parametrize(
    ("data", "what", "hint"),
    [
        (PFX, "PKCS#12 keystore (PFX)", "openssl pkcs12 -nokeys"),
        (b"\xfe\xed\xfe\xed\0\0\0\2\0\0\0\1", "Java keystore (JKS)", "keytool -list -rfc"),
        (b"\xce\xce\xce\xce\0\0\0\2\0\0\0\1", "Java keystore (JCEKS)", "-storetype JCEKS"),
        (ROOT.pem[:300], "PEM file that is cut off", "Copy the file again"),
        (DER[:60], "DER file that is cut off: 60 of", "Copy the file again"),
        (b"-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n", "private key", "Remove the private key"),
        (
            b"-----BEGIN CERTIFICATE REQUEST-----\nMA==\n-----END CERTIFICATE REQUEST-----\n",
            "signing request",
            "that the CA issued",
        ),
        (b"-----BEGIN X509 CRL-----\nMA==\n-----END X509 CRL-----\n", "revocation list", "the CA that issued it"),
        (b"<!DOCTYPE html><html>", "HTML or XML page", "login page"),
        (gzip.compress(ROOT.pem), "gzip archive", "gunzip"),
        (b"PK\x03\x04rest", "zip archive", "unzip"),
        (b"", "empty", "checksum"),
        ("".join(ROOT.pem.decode().splitlines()[1:-1]).encode(), "base64 text", "base64 -d"),
        (b"ssh-ed25519 AAAAC3Nz", "SSH key", "X.509"),
        (b"see the wiki", "text without a certificate", "BEGIN CERTIFICATE"),
    ],
    ids=range(15),
)
def test_form_is_named_with_its_remedy(data: bytes, what: str, hint: str) -> None:
    form = form_of(data)
    assert form is not None
    assert what in form.what
    assert hint in form.hint


@pytest.mark.parametrize("data", [ROOT.pem, DER, ROOT.pem + ROOT.pem], ids=range(3))
def test_usable_file_has_no_form(data: bytes) -> None:
    assert form_of(data) is None


def test_bad_block_is_to_be_exported_again() -> None:
    assert "Export the certificate again" in hint_for(ROOT.pem, "line 1: not base64")
