"""Stapled OCSP responses: good, revoked, ended, about another certificate, and signed by a stranger."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from auditor.pki.staples import StapleState, read_staple
from auditor.testing.certificates import Made, hierarchy

MADE = hierarchy()
OTHER = hierarchy(name="other.plant7.local")
AT = datetime.datetime(2026, 11, 23, 12, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)


def response(
    subject: Made = MADE.leaf,
    issuer: Made = MADE.issuing,
    signer: Made = MADE.issuing,
    *,
    status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
    start: int = -1,
    end: int = 6,
) -> bytes:
    revoked = status is ocsp.OCSPCertStatus.REVOKED
    key: Any = signer.key
    return (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=subject.certificate.parsed,
            issuer=issuer.certificate.parsed,
            algorithm=hashes.SHA1(),  # noqa: S303 - the hash of the protocol
            cert_status=status,
            this_update=AT + start * DAY,
            next_update=AT + end * DAY,
            revocation_time=AT - 3 * DAY if revoked else None,
            revocation_reason=None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate.parsed)
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.DER)
    )


def read(body: bytes) -> tuple[StapleState, str]:
    found = read_staple(body, MADE.leaf.certificate, MADE.issuing.certificate, AT)
    return found.state, found.why


def test_good_response_is_good() -> None:
    assert read(response()) == (StapleState.GOOD, "")


def test_revoked_response_is_revoked() -> None:
    state, why = read(response(status=ocsp.OCSPCertStatus.REVOKED))
    assert state is StapleState.REVOKED
    assert "revoked it on 2026-11-20" in why


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (response(start=-9, end=-2), "it ended on 2026-11-21"),
        (response(start=2), "it is valid only from 2026-11-25"),
        (response(subject=OTHER.leaf, issuer=OTHER.issuing), "it is about another certificate"),
        (response(signer=MADE.root), "neither the issuer nor a responder that it authorised signed it"),
        (response(signer=MADE.leaf), "neither the issuer nor a responder that it authorised signed it"),
        (response(status=ocsp.OCSPCertStatus.UNKNOWN), "the responder does not know the certificate"),
        (b"\x30\x03\x0a\x01\x03", "the responder answered try later"),
        (b"\x30\x82\xff\xff", "it cannot be read"),
        (b"<html>", "it cannot be read"),
    ],
    ids=range(9),
)
def test_unusable_response_gives_the_reason(body: bytes, why: str) -> None:
    state, said = read(body)
    assert state is StapleState.UNUSABLE
    assert why in said


def test_no_response_is_none() -> None:
    assert read(b"")[0] is StapleState.NONE
