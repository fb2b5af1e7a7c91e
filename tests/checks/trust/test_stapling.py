"""Hard and soft clients with stapled OCSP responses, clients that ignore them, and must-staple."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.x509 import ocsp

from auditor.evidence.model import ChainSeen, Handshakes, Seen, TlsOffered
from auditor.needs.model import Needs
from auditor.site import Site
from auditor.site.trust.prospect import Prospect
from auditor.site.trust.reasons import reason_of
from auditor.testing import plan_of
from auditor.testing.certificates import CA, SERVER, hierarchy
from auditor.testing.memory import MemoryEvidence
from checks.trust import crl_stale
from tests.pki.test_staples import response

TODAY = datetime.date(2026, 11, 23)
AT = datetime.datetime(2026, 11, 23, 12, tzinfo=datetime.UTC)
FAR = "http://pki.example.com/x.crl"
DIRECT = hierarchy(leaf=replace(SERVER, crl=(FAR,)), issuing=CA)
MUST = replace(SERVER, extra=((x509.TLSFeature([x509.TLSFeatureType.status_request]), False),))
PLAN = """
version: 1
horizon: 2027-06-30
pools:
  win: {platform: "windows/amd64:ltsc2022", clients: [curl, git, powershell, go], trust: [issuing.pem]}
  lin: {platform: linux/amd64, clients: [curl, python 3.12], trust: [issuing.pem]}
endpoints: ["registry.plant7.local:5000"]
"""


def site(made: object = DIRECT, staple: bytes = b"") -> Site:
    """A site whose only trusted CA issued the leaf, so that only the leaf's revocation is checked."""
    assert hasattr(made, "leaf")
    evidence = MemoryEvidence()
    name = "registry.plant7.local:5000"
    root = made.root.pem  # type: ignore[attr-defined]
    chain = (made.leaf.certificate.der, made.issuing.certificate.der)  # type: ignore[attr-defined]
    evidence.chains[name] = Seen(ChainSeen(chain, "TLSv1.3"), AT, f"tls://{name}")
    details = Handshakes(staple=staple, staple_known=True)
    evidence.offers[name] = Seen(TlsOffered(("TLSv1.2", "TLSv1.3"), (), details), AT, f"tls://{name}")
    return Site(plan_of(PLAN, {"issuing.pem": root}), Needs(), evidence, frozenset())


def prospects(found: Site) -> dict[str, Prospect]:
    return {f"{case.client} {case.pool.name}": case.prospect for case in found.trust(TODAY)}


def leaf_answer(found: Site, client: str) -> str:
    (case,) = (one for one in found.trust(TODAY) if one.client == client and one.pool.name == "win")
    assert case.revocation is not None
    return case.revocation.asked[0].answer.value


def test_good_response_answers_for_the_leaf_of_a_hard_client() -> None:
    assert leaf_answer(site(), "curl") == "blocked"
    body = response(DIRECT.leaf, DIRECT.issuing, DIRECT.issuing)
    assert leaf_answer(site(staple=body), "curl") == "good"


@pytest.mark.parametrize("client", ["curl", "git"])
def test_revoked_response_fails_hard_and_soft_clients(client: str) -> None:
    body = response(DIRECT.leaf, DIRECT.issuing, DIRECT.issuing, status=ocsp.OCSPCertStatus.REVOKED)
    found = site(staple=body)
    assert prospects(found)[f"{client} win"] is Prospect.FAILS
    (case,) = (one for one in found.trust(TODAY) if one.client == client and one.pool.name == "win")
    assert "its CA revoked it on 2026-11-20" in reason_of(case)


def test_clients_that_do_not_use_it_ignore_a_revoked_response() -> None:
    body = response(DIRECT.leaf, DIRECT.issuing, DIRECT.issuing, status=ocsp.OCSPCertStatus.REVOKED)
    found = prospects(site(staple=body))
    ignoring = ("powershell win", "curl lin", "python 3.12 lin", "go win")
    assert {name: found[name] for name in ignoring} == dict.fromkeys(ignoring, Prospect.VERIFIES)


@pytest.mark.parametrize("end", [-2, 6])
def test_response_that_ended_or_is_about_another_certificate_counts_as_none(end: int) -> None:
    other = hierarchy(name="other.plant7.local")
    subject, issuer = (DIRECT.leaf, DIRECT.issuing) if end < 0 else (other.leaf, other.issuing)
    found = site(staple=response(subject, issuer, DIRECT.issuing, start=-9, end=end))
    assert leaf_answer(found, "curl") == "blocked"


def test_response_that_ends_before_the_horizon_is_a_warning() -> None:
    body = response(DIRECT.leaf, DIRECT.issuing, DIRECT.issuing)
    messages = [one.message for one in crl_stale.run(site(staple=body), TODAY) if hasattr(one, "message")]
    assert any("staples for registry.plant7.local ends on 2026-11-29" in message for message in messages)


def test_must_staple_without_a_response_is_open_only_for_clients_that_check_revocation() -> None:
    made = hierarchy(leaf=MUST)
    assert made.leaf.certificate.extensions.must_staple
    found = prospects(site(made))
    assert found["git win"] is Prospect.UNDETERMINED
    assert {found[name] for name in ("powershell win", "curl lin", "go win")} == {Prospect.VERIFIES}
