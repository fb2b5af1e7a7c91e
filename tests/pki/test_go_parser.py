"""What Go's parser refuses, with Go's own error text. tests/peers/test_trust.py compares the verdicts with Go itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509

from auditor.pki.certificate import Certificate
from auditor.pki.clients import client_model
from auditor.pki.der import NotDer, elements
from auditor.pki.go_parser import dotted, go_parse_error, valid_domain
from auditor.pki.judge import judge
from auditor.pki.pool_trust import NOTHING, PoolTrust
from auditor.pki.raw_certificate import raw_certificate
from auditor.pki.trust_store import TrustStore
from auditor.pki.verdicts import Invalid
from auditor.testing.certificates import AT, CA, HOST, SERVER, hierarchy, make
from tests.peers.pki.judges import Go, Question
from tests.pki.cases import all_cases
from tests.pki.strict_cases import AIA

REFUSED = {
    "critical AIA in the leaf": "x509: authority info access incorrectly marked critical",
    "critical SKI in the leaf": "x509: subject key identifier incorrectly marked critical",
    "negative serial": "x509: negative serial number",
    "policy twice": "x509: invalid certificate policies",
    "p192 leaf": "x509: unsupported elliptic curve",
    "brainpool leaf": "x509: unsupported elliptic curve",
    "duplicate extensions": 'x509: certificate contains duplicate extension with OID "1.3.6.1.4.1.99999.10"',
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_error_is_the_one_of_go(name: str) -> None:
    assert go_parse_error(all_cases()[name].served[0]) == REFUSED[name]


@pytest.mark.peer
def test_go_says_the_same(tmp_path: Path) -> None:
    cases = [all_cases()[name] for name in REFUSED]
    assert [verdict.said for verdict in Go.built(tmp_path).verdicts(list(map(Question.of, cases)))] == list(REFUSED.values())


@pytest.mark.parametrize("name", ["good", "permitted with a dot", "address", "Ed25519 throughout", "ed448 leaf", "SHA-1 leaf"])
def test_go_parses_the_others(name: str) -> None:
    assert [go_parse_error(one) for one in all_cases()[name].served] == [""] * len(all_cases()[name].served)


def test_a_served_certificate_beside_the_path_ends_the_handshake_of_go() -> None:
    made, bad = hierarchy(), make("Other", None, replace(CA, extra=((AIA, True),)))
    model = client_model("containerd", "linux")
    assert model is not None
    trust = PoolTrust(TrustStore.of("roots", (made.root.certificate,)), ())
    verdict = judge((*made.served, bad.certificate), HOST, model, trust, AT)
    assert isinstance(verdict, Invalid)
    assert [flaw.error for flaw in verdict.path.flaws] == ["x509: authority info access incorrectly marked critical"]
    curl = client_model("curl", "linux")
    assert curl is not None
    assert not judge((*made.served, bad.certificate), HOST, curl, trust, AT).path.flaws
    assert NOTHING.anchors == ()


def test_names_outside_ascii_are_refused() -> None:
    emoji = x509.SubjectAlternativeName([x509.DNSName._init_without_validation("☺.plant7.local")])
    leaf = make(HOST, None, replace(SERVER, dns=None, extra=((emoji, False),))).certificate
    assert go_parse_error(leaf) == "x509: SAN dNSName is malformed"


@pytest.mark.parametrize(
    ("name", "constraint", "valid"),
    [("a.b", False, True), (".a.b", True, True), (".a.b", False, False), ("a..b", False, False), ("a b", True, False)],
)
def test_valid_domains(name: str, constraint: bool, valid: bool) -> None:
    assert valid_domain(name, constraint=constraint) is valid


def test_broken_der_is_refused() -> None:
    for bad in (b"\x30", b"\x30\x05\x00", b"\x30\x80\x00\x00", b"\x3f\x01\x00"):
        with pytest.raises(NotDer):
            list(elements(bad))
    with pytest.raises(NotDer):
        raw_certificate(b"\x30\x00")
    assert dotted(bytes.fromhex("2a864886f70d010101")) == "1.2.840.113549.1.1.1"
    assert isinstance(hierarchy().root.certificate, Certificate)
