"""Our path search and `cryptography`'s verifier agree on every chain that both can decide."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.x509 import verification

from auditor.pki.certificate import Certificate
from auditor.pki.host_names import as_address
from auditor.pki.path_rules import Strength, flaws_of
from auditor.pki.paths import find_ways
from auditor.pki.trust_store import TrustStore
from auditor.testing.certificates import AT, CA, HOST, hierarchy
from tests.pki.cases import all_cases


def ours(chain: tuple[Certificate, ...], roots: tuple[Certificate, ...], host: str) -> bool:
    ways = find_ways(chain[0], chain, (TrustStore.of("test", roots),)).anchored
    return any(not flaws_of(way.certificates, host, AT, Strength()) for way in ways)


def theirs(chain: tuple[Certificate, ...], roots: tuple[Certificate, ...], host: str) -> bool:
    address = as_address(host)
    try:
        subject: verification.Subject = x509.IPAddress(address) if address else x509.DNSName(host)
        store = verification.Store([root.parsed for root in roots])
        verifier = verification.PolicyBuilder().store(store).time(AT.replace(tzinfo=None)).build_server_verifier(subject)
        verifier.verify(chain[0].parsed, [certificate.parsed for certificate in chain[1:]])
    except (verification.VerificationError, ValueError):  # ValueError for a host that it rejects, and for no roots
        return False
    return True


# What `cryptography` refuses and ours takes, with the reason.
STRICTER = {
    "host with a dot at its end": "it takes no host name with a dot at its end; clients drop the dot",
    "any usage": "a server's own certificate must name the usage of servers; Go takes any",
    "permitted with a dot": "it takes no constraint with a dot before it; Go and OpenSSL do",
    "directory name permitted": "it knows no constraints on directory names; OpenSSL does",
    "wildcard over an excluded name": "it takes a wildcard for every name that it covers; older Go and OpenSSL do not",
    "RSA-1024 root": "keys of less than 2,048 bits; Go takes 1,024",
    "RSA-1024 intermediate": "keys of less than 2,048 bits; Go takes 1,024",
    "Ed25519 throughout": "it does not allow that algorithm for CAs; Go and OpenSSL do",
    "no authority key identifiers": "RFC 5280 wants them of public CAs; no client does",
    "negative serial": "OpenSSL takes it",
    "negative serial in the root": "OpenSSL takes it",
    "leaf that may only sign certificates": "Go ignores the key usage of a server",
    "leaf that is a CA": "Go ignores the key usage of a server",
    "p224 intermediate": "its curves are P-256, P-384 and P-521; Go and OpenSSL verify P-224",
    "secp256k1 intermediate": "its curves are P-256, P-384 and P-521; OpenSSL verifies more",
    "brainpool intermediate": "its curves are P-256, P-384 and P-521; OpenSSL verifies more",
    "ed448 intermediate": "it does not know the algorithm; OpenSSL does",
}
# What `cryptography` takes and ours refuses, because real clients refuse it.
LAXER = {
    "critical SKI in the leaf": "OpenSSL and Go refuse it",
    "common name beside an address not permitted": "OpenSSL and Windows compare the common name",
    "p192 leaf": "it does not look at the key of a server",
    "p224 leaf": "it does not look at the key of a server",
    "secp256k1 leaf": "it does not look at the key of a server",
    "brainpool leaf": "it does not look at the key of a server",
}


@pytest.mark.parametrize("name", all_cases())
def test_path_search_agrees_with_the_library(name: str) -> None:
    case = all_cases()[name]
    found = ours(case.served, case.anchors, case.host), theirs(case.served, case.anchors, case.host)
    if name in STRICTER or name in LAXER:
        assert found == (name in STRICTER, name in LAXER)
    else:
        assert found[0] == found[1]


def test_known_differences_from_the_library_hold() -> None:
    """`cryptography` wants what RFC 5280 says of public CAs and no client on a node asks of private ones."""
    lax = hierarchy(issuing=replace(CA, cert_sign=None))
    assert ours(lax.served, (lax.root.certificate,), HOST)
    assert not theirs(lax.served, (lax.root.certificate,), HOST)
