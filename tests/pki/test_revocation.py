"""Which revocation sources a client requests, and what a CRL states."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from auditor.pki.revocation import Crl, UnreadableCrl, questions, read_crl
from auditor.pki.verdicts import Path
from auditor.testing.certificates import AIA, AT, CA, END, HOST, SERVER, START, Made, hierarchy, make, make_crl
from tests.pki.cases import all_cases

CRL = "http://pki.plant7.local/issuing.crl"
MADE = hierarchy(leaf=replace(SERVER, crl=(CRL,), aia=(AIA,)))
DAY = datetime.timedelta(days=1)


def test_revocation_is_checked_for_all_certificates_except_the_anchor() -> None:
    asked = questions(Path(MADE.whole))
    assert [(one.certificate.name, one.issuer.name) for one in asked] == [
        ("registry.plant7.local", "Corp Issuing"),
        ("Corp Issuing", "Corp Root"),
    ]
    assert asked[0].urls == ("http://ocsp.example", CRL)  # CryptoAPI asks OCSP first
    assert asked[1].urls == ()
    assert questions(Path(MADE.whole[:1])) == ()


def test_crl_is_valid_only_for_its_period() -> None:
    crl = read_crl(make_crl(MADE.issuing, AT + DAY), MADE.issuing.certificate)
    assert crl.until == AT + DAY
    assert crl.ends(AT) == ""
    assert crl.ends(AT + 2 * DAY) == "it expired on 2026-11-24 23:59 UTC"
    assert crl.ends(crl.made - DAY).startswith("it is valid only from")
    assert not crl.revokes(MADE.leaf.certificate)


def test_crl_lists_revoked_certificates() -> None:
    crl = read_crl(make_crl(MADE.issuing, END, (MADE.leaf.certificate,)), MADE.issuing.certificate)
    assert crl.revokes(MADE.leaf.certificate)
    assert not crl.revokes(MADE.issuing.certificate)


def test_crl_in_pem_is_read() -> None:
    der = make_crl(MADE.issuing, END)
    pem = x509.load_der_x509_crl(der).public_bytes(Encoding.PEM)
    assert read_crl(pem, MADE.issuing.certificate).until == END


def test_crl_of_another_issuer_does_not_count() -> None:
    twin = make("Corp Issuing", MADE.root, replace(CA, key_name="another key"))
    for issuer, why in ((MADE.root, "it is the CRL of CN=Corp Root"), (twin, "signature does not verify")):
        with pytest.raises(UnreadableCrl, match=why):
            read_crl(make_crl(issuer, END), MADE.issuing.certificate)


def test_crl_that_is_too_large_is_rejected() -> None:
    with pytest.raises(UnreadableCrl, match="more than"):
        read_crl(bytes(17 * 1024 * 1024), MADE.issuing.certificate)


@given(st.binary(max_size=200))
def test_invalid_crl_gives_a_reason(data: bytes) -> None:
    with pytest.raises(UnreadableCrl) as caught:
        read_crl(data, MADE.issuing.certificate)
    assert str(caught.value)


def test_negative_serial_number_gives_no_traceback() -> None:
    negative = all_cases()["negative serial"].served[0]
    crl = read_crl(make_crl(MADE.issuing, END, (MADE.leaf.certificate,)), MADE.issuing.certificate)
    assert not crl.revokes(negative)


_SCOPE = {"full_name": None, "relative_name": None, "only_contains_user_certs": False, "only_contains_ca_certs": False}


@pytest.mark.parametrize(
    ("extension", "why"),
    [
        (x509.DeltaCRLIndicator(7), "delta CRL"),
        (
            x509.IssuingDistributionPoint(
                **_SCOPE, only_some_reasons=None, indirect_crl=True, only_contains_attribute_certs=False
            ),
            "other issuers",
        ),
        (
            x509.IssuingDistributionPoint(
                **_SCOPE,
                only_some_reasons=frozenset({x509.ReasonFlags.key_compromise}),
                indirect_crl=False,
                only_contains_attribute_certs=False,
            ),
            "only some reasons",
        ),
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00"), "critical extension"),
    ],
)
def test_partial_or_indirect_crl_is_not_used(extension: x509.ExtensionType, why: str) -> None:
    parsed = MADE.issuing.certificate.parsed
    builder = x509.CertificateRevocationListBuilder().issuer_name(parsed.subject).last_update(AT).next_update(END)
    assert isinstance(MADE.issuing.key, ec.EllipticCurvePrivateKey)
    made = builder.add_extension(extension, critical=True).sign(MADE.issuing.key, hashes.SHA256())
    with pytest.raises(UnreadableCrl, match=why):
        read_crl(made.public_bytes(Encoding.DER), MADE.issuing.certificate)


def scoped(point: x509.IssuingDistributionPoint, issuer: Made = MADE.issuing) -> Crl:
    """A CRL of an issuer with an issuing distribution point."""
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.certificate.parsed.subject).last_update(START)
    builder = builder.next_update(END).add_extension(point, critical=True)
    signed = builder.sign(issuer.key, hashes.SHA256())  # type: ignore[arg-type]
    return read_crl(signed.public_bytes(Encoding.DER), issuer.certificate)


def point(*urls: str, ca: bool = False, user: bool = False) -> x509.IssuingDistributionPoint:
    names = [x509.UniformResourceIdentifier(url) for url in urls] or None
    return x509.IssuingDistributionPoint(names, None, user, ca, None, indirect_crl=False, only_contains_attribute_certs=False)


@pytest.mark.parametrize(
    ("scope", "leaf", "ca"),
    [
        (point(ca=True), "it covers only CA certificates", ""),
        (point(user=True), "", "it covers no CA certificates"),
        (point("http://pki.plant7.local/one.crl"), "", ""),
        (point("http://pki.plant7.local/two.crl"), "it was issued for another distribution point", ""),
    ],
)
def test_a_crl_answers_only_for_its_scope(scope: x509.IssuingDistributionPoint, leaf: str, ca: str) -> None:
    crl = scoped(scope)
    of_one = make(HOST, MADE.issuing, replace(SERVER, crl=("http://pki.plant7.local/one.crl",)))
    assert crl.leaves_out(of_one.certificate) == leaf
    assert crl.leaves_out(MADE.issuing.certificate) == ca


def test_an_issuer_that_may_not_sign_crls_has_no_crl() -> None:
    usage = x509.KeyUsage(*([False] * 5), True, *([False] * 3))
    issuer = make("Corp Root", None, replace(CA, cert_sign=None, extra=((usage, True),)))
    with pytest.raises(UnreadableCrl, match="does not allow it to sign CRLs"):
        read_crl(make_crl(issuer, END), issuer.certificate)
