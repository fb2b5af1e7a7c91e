"""NIST's Public Key Interoperability Test Suite: every end entity of it, with all its CAs as what was served.

The file names carry the expected verdict (`ValidCertificatePathTest1EE.crt`). A few leave it to the policies that a client
insists on; no client of a node insists on any, and those have no expectation here.
"""

from __future__ import annotations

import datetime
import importlib.resources
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from cryptography import x509

from auditor.pki.certificate import Certificate, UnreadableCertificate, parse_certificate
from auditor.pki.path_rules import FlawKind, Strength, flaws_of
from auditor.pki.paths import find_ways
from auditor.pki.revocation import RevocationSubject as Asked
from auditor.pki.revocation import UnreadableCrl, questions, read_crl
from auditor.pki.trust_store import TrustStore
from auditor.pki.verdicts import Path
from tests.peers.pki.judges import Question

AT = datetime.datetime(2026, 11, 23, tzinfo=datetime.UTC)
_NAMES = frozenset({FlawKind.NAME, FlawKind.COMMON_NAME})
Known = Mapping[str, tuple[str, ...]]

# Where our walk and another judge differ: why, and how the names of those tests begin. Each that matches must differ.
_MAIL_AND_URI = "mailboxes, URIs and directory names among a server's names are not compared with name constraints"
_ENCODED = "names are compared byte by byte, as Go does; OpenSSL and NIST overlook case, spaces and encoding"
_POLICIES = "certificate policies are not judged: no client of a node insists on any, and few private CAs have them"
_BROKEN_POLICIES = (
    "InvalidMapping",
    "InvalidPolicyMapping",
    "Invalid(SelfIssued)?inhibit(AnyPolicy|PolicyMapping)",
    "Invalid(SelfIssued)?requireExplicitPolicy",
)
_ODD_NAMES = ("Invalid(RFC822|URI)nameConstraints", "InvalidDNandRFC822", "InvalidDNnameConstraintsTest3$")
_SAME_BUT_FOR_ENCODING = ("ValidNameChaining", "ValidRollover", "ValidUTF8StringCase")
_NIST: Known = {
    "the path is good: revocation is judged apart from it": (
        "Invalid(Bad|Missing|Old|Wrong|Unknown|delta|pre2000)CRL",
        "InvalidRevoked",
        "InvalidIDPwith",
        "InvalidcRLIssuer",
        "InvaliddistributionPoint",
        "Invalidonly(Contains|Some)",
        "InvalidkeyUsage.*cRLSignFalse",
        "InvalidSeparateCertificateandCRLKeys",
        "InvalidBasicSelfIssued(CRLSigningKeyTest7|NewWithOld|OldWithNew)",
        "Invalid(LongSerialNumberTest18|NegativeSerialNumberTest15)",
    ),
    _POLICIES: _BROKEN_POLICIES,
    _MAIL_AND_URI: _ODD_NAMES,
    _ENCODED: _SAME_BUT_FOR_ENCODING,
    "DSA is not verified: Go refuses it too": ("ValidDSASignatures",),
}
_SIGNER = "a CRL counts only when the issuer of the certificate signed it with the key of this path; else it is not known"
_WITH_CRLS: Known = {
    _POLICIES: tuple(pattern.replace("(SelfIssued)?", "") for pattern in _BROKEN_POLICIES),
    _MAIL_AND_URI: _ODD_NAMES,
    _ENCODED: _SAME_BUT_FOR_ENCODING,
    "DSA is not verified: Go refuses it too": ("ValidDSASignatures",),
    _SIGNER: (
        "ValidBasicSelfIssuedOldWithNew",
        "ValidSelfIssued",
        "ValidDNnameConstraintsTest19",
        "ValidSeparateCertificateandCRLKeys",
        "ValidIDPwithindirect",
        "ValidcRLIssuerTest(28|3[03])",
    ),
    "a delta CRL is not read, and neither is one of some reasons": (
        "ValiddeltaCRLTest5",
        "ValidonlySomeReasonsTest1[89]",
        "InvaliddeltaCRLTest4",
    ),
    "a distribution point relative to its issuer is compared as it is written": (
        "InvaliddistributionPointTest9",
        "ValidcRLIssuerTest29",
        "ValiddistributionPointTest[47]",
    ),
    "a CRL key that was renewed by the CA itself is compared by the path only": (
        "InvalidBasicSelfIssued(CRLSigningKeyTest7|NewWithOldTest5)",
    ),
}
_GO: Known = {
    _POLICIES: ("DifferentPoliciesTest(4|5|7|8|9|12)$", *_BROKEN_POLICIES),
    _MAIL_AND_URI: (
        "InvalidRFC822nameConstraintsTest2[26]",
        "ValidRFC822nameConstraintsTest25",
        "(In)?[vV]alidURI.*Test3[567]",
    ),
    "Go does not read a certificate whose CRL is named relative to its issuer": (
        "InvaliddistributionPointTest6",
        "ValidcRLIssuerTest29",
        "ValiddistributionPointTest[45]",
    ),
}
_OPENSSL: Known = {_MAIL_AND_URI: _ODD_NAMES, _ENCODED: _SAME_BUT_FOR_ENCODING}


@dataclass(frozen=True)
class Test:
    """One end entity. `expected` is None where it depends on policies."""

    name: str
    expected: bool | None
    question: Question


@cache
def tests() -> tuple[Test, ...]:
    """All that can be read, by name."""
    read, _ = _certificates()
    authorities = tuple(certificate for name, certificate in sorted(read.items()) if not name.endswith("EE"))
    roots = (read["TrustAnchorRootCertificate"],)
    return tuple(
        Test(name.removesuffix("EE"), _expected(name), Question((leaf, *authorities), roots, "", AT))
        for name, leaf in sorted(read.items())
        if name.endswith("EE")
    )


def unread() -> tuple[str, ...]:
    """The certificates that `cryptography` does not read."""
    return _certificates()[1]


@cache
def _certificates() -> tuple[dict[str, Certificate], tuple[str, ...]]:
    folder = importlib.resources.files("cryptography_vectors") / "x509" / "PKITS_data" / "certs"
    read: dict[str, Certificate] = {}
    bad: list[str] = []
    for path in folder.iterdir():
        name = path.name.removesuffix(".crt")
        try:
            read[name] = parse_certificate(path.read_bytes())
        except UnreadableCertificate:
            bad.append(name)
    return read, tuple(sorted(bad))


def _expected(name: str) -> bool | None:
    return True if name.startswith("Valid") else False if name.startswith("Invalid") else None


def ours(question: Question, strength: Strength) -> tuple[bool, str]:
    """Return whether our path search accepts a chain without a host name, and what is wrong otherwise."""
    ways = find_ways(question.chain[0], question.chain, (TrustStore.of("root", question.roots),))
    best = "no way to the root"
    for way in ways.anchored:
        found = flaws_of(way.certificates, "host.unused", question.at, strength)
        flaws = [flaw for flaw in found if flaw.kind not in _NAMES]
        if not flaws:
            return True, ""
        best = str(flaws[0])
    return False, best


def with_crls(question: Question) -> tuple[bool, str]:
    """The same for a client that insists on a CRL for every certificate, with all CRLs of the suite at hand."""
    store = TrustStore.of("root", question.roots)
    why = "no good path to the root"
    for way in find_ways(question.chain[0], question.chain, (store,)).anchored:
        flaws = flaws_of(way.certificates, "host.unused", question.at, Strength())
        if any(flaw.kind not in _NAMES for flaw in flaws):
            continue
        states = [_revocation(asked, question.at) for asked in questions(Path(way.certificates))]
        if not any(states):
            return True, ""
        why = next(filter(None, states))
    return False, why


def _revocation(asked: Asked, at: datetime.datetime) -> str:
    """Empty when a CRL answers for the certificate and does not name it."""
    why = "no CRL answers for it"
    for body in _crls().get(asked.issuer.subject_der, ()):
        try:
            crl = read_crl(body, asked.issuer)
        except UnreadableCrl:
            continue
        if not crl.ends(at) and not crl.leaves_out(asked.certificate):
            why = "it was revoked" if crl.revokes(asked.certificate) else ""
            if why:
                return why
    return why


@cache
def _crls() -> dict[bytes, tuple[bytes, ...]]:
    """By issuer."""
    folder = importlib.resources.files("cryptography_vectors") / "x509" / "PKITS_data" / "crls"
    found: dict[bytes, tuple[bytes, ...]] = {}
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        body = path.read_bytes()
        issuer = x509.load_der_x509_crl(body).issuer.public_bytes()
        found[issuer] = (*found.get(issuer, ()), body)
    return found


def _reason(known: Known, name: str) -> str:
    return next((why for why, patterns in known.items() if any(re.match(pattern, name) for pattern in patterns)), "")


def known(name: str) -> str:
    """Why our walk differs from what NIST expects of a test; empty when it must not."""
    return _reason(_NIST, name)


def known_with_crls(name: str) -> str:
    """Why it differs when CRLs are asked too."""
    return _reason(_WITH_CRLS, name)


def known_of_go(name: str) -> str:
    """Why it differs from Go."""
    return _reason(_GO, name)


def known_of_openssl(name: str) -> str:
    """Why it differs from `openssl verify`."""
    return _reason(_OPENSSL, name)
