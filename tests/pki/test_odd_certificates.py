"""Certificates for which the library raises any error: a reason for that certificate only, and the run continues."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs7

from auditor.pki import certificate, signature
from auditor.pki.certificate import UnreadableCertificate, parse_certificate
from auditor.pki.loading import load_certificates
from auditor.pki.revocation import UnreadableCrl, read_crl
from auditor.pki.signature import signature_flaw
from auditor.pki.stores.store_reader import read_store
from auditor.testing.certificates import AT, CA, SERVER, Hierarchy, hierarchy, make, make_crl
from tests.pki.odd_chains import patched

MADE = hierarchy()


def odd_mask() -> Hierarchy:
    """An issuing CA whose name constraints have the address range 10.0.0.0 with the mask 255.0.255.0."""
    plain = hierarchy(issuing=replace(CA, permitted=("10.0.0.0/8",)))
    odd = patched(plain.issuing, plain.root, bytes.fromhex("0a000000ff000000"), bytes.fromhex("0a000000ff00ff00"))
    return replace(plain, issuing=odd)


def test_invalid_network_mask_is_a_defect_of_the_extensions() -> None:
    assert odd_mask().issuing.certificate.extensions.defect
    loaded = load_certificates(odd_mask().issuing.pem + MADE.root.pem)
    assert (len(loaded.certificates), loaded.problems) == (2, ())
    assert len(read_store(odd_mask().issuing.pem + MADE.root.pem).certificates) == 2


@pytest.mark.parametrize("error", [TypeError("mask"), KeyError("x"), OverflowError(), RuntimeError(), AssertionError()])
def test_any_parser_error_is_a_reason_for_one_certificate(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = MADE.leaf, MADE.root
    read = certificate.read_extensions

    def raising(parsed: x509.Certificate) -> object:
        if parsed.serial_number == bad.certificate.serial:
            raise error
        return read(parsed)

    monkeypatch.setattr(certificate, "read_extensions", raising)
    with pytest.raises(UnreadableCertificate, match="."):
        parse_certificate(bad.certificate.der)
    loaded = load_certificates(bad.pem + good.pem)
    assert loaded.certificates == (good.certificate,)
    assert len(loaded.problems) == 1
    assert loaded.problems[0].startswith("line 1: ")


def test_parser_error_of_a_bundle_is_its_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def raising(_data: bytes) -> object:
        raise TypeError

    monkeypatch.setattr(pkcs7, "load_der_pkcs7_certificates", raising)
    pem = b"-----BEGIN PKCS7-----\nMAA=\n-----END PKCS7-----\n"
    loaded = load_certificates(pem + MADE.root.pem)
    assert loaded.certificates == (MADE.root.certificate,)
    assert loaded.problems == ("line 1: TypeError",)


def test_signature_error_is_the_reason_for_an_invalid_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    def raising(*_: object) -> bool:
        raise OverflowError

    monkeypatch.setattr(signature, "_verify", raising)
    fresh = make("fresh", MADE.issuing, SERVER)
    assert "cannot be verified with the key of Corp Issuing: OverflowError" in signature_flaw(
        fresh.certificate, MADE.issuing.certificate
    )


def test_crl_with_a_repeated_extension_is_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    data = make_crl(MADE.root, datetime.datetime(2027, 1, 1, tzinfo=datetime.UTC))
    crl = read_crl(data, MADE.root.certificate)
    assert not crl.revokes(MADE.leaf.certificate)
    assert not crl.ends(AT)

    def raising(_data: bytes) -> object:
        raise x509.DuplicateExtension("twice", x509.ObjectIdentifier("2.5.29.20"))

    monkeypatch.setattr(x509, "load_der_x509_crl", raising)
    with pytest.raises(UnreadableCrl, match="twice"):
        read_crl(data, MADE.root.certificate)
