"""Chains that some parsers and verifiers refuse and others take: criticality, name constraints, keys, key usages."""

from __future__ import annotations

from dataclasses import replace

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from auditor.testing.certificates import CA, CURVES, HOST, SERVER, Shape, hierarchy, make
from tests.pki.chains import Case, whole
from tests.pki.odd_chains import patched

_URL = x509.UniformResourceIdentifier("http://pki.plant7.local/ca.crt")
AIA = x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, _URL)])
_KEY_ID = x509.SubjectKeyIdentifier(b"0123456789")
POLICIES = x509.CertificatePolicies(
    [x509.PolicyInformation(x509.ObjectIdentifier(f"1.3.6.1.4.1.99999.{number}"), None) for number in (21, 22)]
)


def usage(**bits: bool) -> x509.KeyUsage:
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    return x509.KeyUsage(
        **{name: bits.get(name, False) for name in (*names, "key_cert_sign", "crl_sign")},
        encipher_only=False,
        decipher_only=False,
    )


def critical(ca: Shape = CA) -> dict[str, Case]:
    """Extensions that RFC 5280 wants not critical."""
    aki = x509.AuthorityKeyIdentifier(b"0123456789", None, None)
    return {
        "critical AIA in the leaf": whole(replace(SERVER, extra=((AIA, True),))),
        "critical AIA in the intermediate": whole(issuing=replace(ca, extra=((AIA, True),))),
        "critical SKI in the leaf": whole(replace(SERVER, ski=False, extra=((_KEY_ID, True),))),
        "critical SKI in the root": whole(
            root=replace(ca, ski=False, extra=((_KEY_ID, True),)), issuing=replace(ca, aki=False)
        ),
        "critical AKI in the root": whole(root=replace(ca, aki=False, extra=((aki, True),))),
    }


def constraints() -> dict[str, Case]:
    """Names and constraints that are compared by some only."""
    other = replace(CA, extra=((x509.SubjectAlternativeName([x509.DNSName("ca.plant8.local")]), False),))
    top, root = make("Corp Top", None, replace(CA, permitted=("plant7.local",))), replace(CA, permitted=("plant7.local",))
    renewed = make("Corp Top", top, replace(other, key_name="renewed"))
    leafless = replace(SERVER, dns=(), ips=("10.1.2.3",))
    return {
        "name of an intermediate not permitted": whole(issuing=other, root=root),
        "name of a self-issued intermediate not permitted": Case((make(HOST, renewed, SERVER), renewed), (top,)),
        "constraint with a dot does not permit the name itself": whole(issuing=replace(CA, permitted=(f".{HOST}",))),
        "common name beside an address not permitted": whole(
            leafless, replace(CA, permitted=("plant8.local",)), host="10.1.2.3", name=HOST
        ),
        "wildcard below a permitted name": whole(
            replace(SERVER, dns=("*.plant7.local",)), replace(CA, permitted=("registry.plant7.local",))
        ),
    }


def _policies_twice() -> Case:
    made = hierarchy(leaf=replace(SERVER, extra=((POLICIES, False),)))
    twice = patched(made.leaf, made.issuing, bytes.fromhex("868d1f16"), bytes.fromhex("868d1f15"))
    return Case((twice, made.issuing), (made.root,))


def usages() -> dict[str, Case]:
    """Key usages of leaves, and names that are no DNS names."""
    bare = replace(SERVER, cert_sign=None)
    return {
        "leaf that may only sign certificates": whole(replace(SERVER, cert_sign=True)),
        "leaf that is a CA": whole(replace(SERVER, ca=True, cert_sign=True)),
        "leaf that may only sign data": whole(replace(bare, extra=((usage(content_commitment=True), True),))),
        "leaf for key agreement": whole(replace(bare, extra=((usage(key_agreement=True), True),))),
        "leaf without key usage": whole(bare),
        "policy twice": _policies_twice(),
        "wildcard of one label": whole(replace(SERVER, dns=("*.local",)), host="registry.local", name="registry.local"),
        "name of one label": whole(replace(SERVER, dns=("registry",)), host="registry", name="registry"),
    }


def keys() -> dict[str, Case]:
    """Keys on other curves, in the leaf and in the issuing CA."""
    found = {}
    for kind in (*CURVES, "ed448"):
        found[f"{kind} leaf"] = whole(replace(SERVER, key_kind=kind))
        found[f"{kind} intermediate"] = whole(issuing=replace(CA, key_kind=kind))
    return found


def strict_cases() -> dict[str, Case]:
    """Every case by name."""
    return {**critical(), **constraints(), **usages(), **keys()}
