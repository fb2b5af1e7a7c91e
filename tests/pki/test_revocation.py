"""Whom a client asks about revocation, and what a CRL answers."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from auditor.pki.revocation import UnreadableCrl, questions, read_crl
from auditor.pki.verdicts import Path
from tests.pki.make_chains import AIA, AT, CA, END, SERVER, hierarchy, make, make_crl

CRL = "http://pki.plant7.local/issuing.crl"
MADE = hierarchy(leaf=replace(SERVER, crl=(CRL,), aia=(AIA,)))
DAY = datetime.timedelta(days=1)


def test_every_certificate_but_the_anchor_is_asked_about() -> None:
    asked = questions(Path(MADE.whole))
    assert [(one.certificate.name, one.issuer.name) for one in asked] == [
        ("registry.plant7.local", "Corp Issuing"),
        ("Corp Issuing", "Corp Root"),
    ]
    assert asked[0].urls == ("http://ocsp.example", CRL)  # CryptoAPI asks OCSP first
    assert asked[1].urls == ()
    assert questions(Path(MADE.whole[:1])) == ()


def test_a_crl_answers_for_its_time() -> None:
    crl = read_crl(make_crl(MADE.issuing, AT + DAY), MADE.issuing.certificate)
    assert crl.until == AT + DAY
    assert crl.ends(AT) == ""
    assert crl.ends(AT + 2 * DAY) == "it counted until 2026-11-24 23:59 UTC"
    assert crl.ends(crl.made - DAY).startswith("it counts from")
    assert not crl.revokes(MADE.leaf.certificate)


def test_a_crl_names_what_is_revoked() -> None:
    crl = read_crl(make_crl(MADE.issuing, END, (MADE.leaf.certificate,)), MADE.issuing.certificate)
    assert crl.revokes(MADE.leaf.certificate)
    assert not crl.revokes(MADE.issuing.certificate)


def test_pem_is_read_as_well() -> None:
    der = make_crl(MADE.issuing, END)
    pem = x509.load_der_x509_crl(der).public_bytes(Encoding.PEM)
    assert read_crl(pem, MADE.issuing.certificate).until == END


def test_crls_of_others_do_not_count() -> None:
    twin = make("Corp Issuing", MADE.root, replace(CA, key_name="another key"))
    for issuer, why in ((MADE.root, "it is the CRL of CN=Corp Root"), (twin, "signature does not verify")):
        with pytest.raises(UnreadableCrl, match=why):
            read_crl(make_crl(issuer, END), MADE.issuing.certificate)


def test_a_crl_that_is_too_large_is_refused() -> None:
    with pytest.raises(UnreadableCrl, match="more than"):
        read_crl(bytes(17 * 1024 * 1024), MADE.issuing.certificate)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_reason(data: bytes) -> None:
    with pytest.raises(UnreadableCrl) as caught:
        read_crl(data, MADE.issuing.certificate)
    assert str(caught.value)
