"""Our walk against `cryptography`'s verifier on the same chains: where both can decide, they agree."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID

from auditor.pki.certificate import Certificate
from auditor.pki.names import as_address
from auditor.pki.paths import find_ways
from auditor.pki.rules import Strength, flaws_of
from auditor.pki.store import TrustStore
from tests.pki.make_chains import AT, CA, HOST, SERVER, Hierarchy, hierarchy, make

PAST = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)
FUTURE = datetime.datetime(2027, 6, 1, tzinfo=datetime.UTC)


def ours(chain: tuple[Certificate, ...], roots: tuple[Certificate, ...], host: str) -> bool:
    ways = find_ways(chain[0], chain, (TrustStore.of("test", roots),)).anchored
    return any(not flaws_of(way.certificates, host, AT, Strength()) for way in ways)


def theirs(chain: tuple[Certificate, ...], roots: tuple[Certificate, ...], host: str) -> bool:
    address = as_address(host)
    subject: verification.Subject = x509.IPAddress(address) if address else x509.DNSName(host)
    verifier = (
        verification.PolicyBuilder()
        .store(verification.Store([root.parsed for root in roots]))
        .time(AT.replace(tzinfo=None))
        .build_server_verifier(subject)
    )
    try:
        verifier.verify(chain[0].parsed, [certificate.parsed for certificate in chain[1:]])
    except verification.VerificationError:
        return False
    return True


CASES: dict[str, tuple[Hierarchy, str]] = {
    "good": (hierarchy(), HOST),
    "wildcard": (hierarchy(leaf=replace(SERVER, dns=("*.plant7.local",))), HOST),
    "wildcard too deep": (hierarchy(leaf=replace(SERVER, dns=("*.local",))), HOST),
    "address": (hierarchy(leaf=replace(SERVER, dns=(), ips=("10.1.2.3",))), "10.1.2.3"),
    "wrong address": (hierarchy(leaf=replace(SERVER, ips=("10.1.2.3",))), "10.1.2.4"),
    "wrong name": (hierarchy(leaf=replace(SERVER, dns=("other.example",))), HOST),
    "common name only": (hierarchy(leaf=replace(SERVER, dns=None)), HOST),
    "expired leaf": (hierarchy(leaf=replace(SERVER, end=PAST)), HOST),
    "future leaf": (hierarchy(leaf=replace(SERVER, start=FUTURE)), HOST),
    "expired intermediate": (hierarchy(issuing=replace(CA, end=PAST)), HOST),
    "expired root": (hierarchy(root=replace(CA, end=PAST)), HOST),
    "intermediate is no CA": (hierarchy(issuing=replace(CA, ca=False)), HOST),
    "no basic constraints": (hierarchy(issuing=replace(CA, ca=None)), HOST),
    "no certificate signing": (hierarchy(issuing=replace(CA, cert_sign=False)), HOST),
    "path too long": (hierarchy(root=replace(CA, path_length=0)), HOST),
    "path long enough": (hierarchy(root=replace(CA, path_length=1)), HOST),
    "client certificate": (hierarchy(leaf=replace(SERVER, ekus=(ExtendedKeyUsageOID.CLIENT_AUTH,))), HOST),
    "no usage": (hierarchy(leaf=replace(SERVER, ekus=None)), HOST),
    "permitted": (hierarchy(issuing=replace(CA, permitted=("plant7.local",))), HOST),
    "not permitted": (hierarchy(issuing=replace(CA, permitted=("plant8.local",))), HOST),
    "excluded": (hierarchy(issuing=replace(CA, excluded=("plant7.local",))), HOST),
    "unknown critical": (hierarchy(leaf=replace(SERVER, critical_unknown=True)), HOST),
}


@pytest.mark.parametrize("name", CASES)
def test_both_agree(name: str) -> None:
    made, host = CASES[name]
    roots = (made.root.certificate,)
    assert ours(made.served, roots, host) == theirs(made.served, roots, host)


@pytest.mark.parametrize("served", ["missing intermediate", "wrong root", "intermediate trusted", "root served"])
def test_both_agree_on_what_is_served(served: str) -> None:
    made, other = hierarchy(), make("Other Root", None, CA)
    chain, roots = {
        "missing intermediate": (made.served[:1], (made.root.certificate,)),
        "wrong root": (made.served, (other.certificate,)),
        "intermediate trusted": (made.served, (made.issuing.certificate,)),
        "root served": (made.whole, (made.root.certificate,)),
    }[served]
    assert ours(chain, roots, HOST) == theirs(chain, roots, HOST)


def test_both_agree_on_cross_signs() -> None:
    old, new = make("Old Root", None, replace(CA, end=PAST)), make("New Root", None, CA)
    cross = make("New Root", old, CA)
    leaf = make(HOST, new, SERVER)
    for roots in ((old.certificate,), (new.certificate,), (old.certificate, new.certificate)):
        chain = (leaf.certificate, cross.certificate)
        assert ours(chain, roots, HOST) == theirs(chain, roots, HOST)


def test_where_we_differ_knowingly() -> None:
    """`cryptography` wants what RFC 5280 says of public CAs and no client on a node asks of private ones."""
    lax = hierarchy(issuing=replace(CA, cert_sign=None))
    assert ours(lax.served, (lax.root.certificate,), HOST)
    assert not theirs(lax.served, (lax.root.certificate,), HOST)
