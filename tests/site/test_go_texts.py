"""Errors of Go for odd certificates, as `x509.Certificate.VerifyHostname` and a handshake of Go 1.26.8 print them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditor.pki.clients import client_model
from auditor.pki.host_names import mismatch
from auditor.pki.judge import judge
from auditor.pki.path_rules import FlawKind, name_flaw
from auditor.pki.pool_trust import NOTHING, PoolTrust
from auditor.site.trust.symptoms import flaw_symptom
from auditor.testing.certificates import AT, SERVER, make
from tests.pki.cases import all_cases

PREFIX = "tls: failed to verify certificate: x509: "


@pytest.mark.parametrize(
    ("dns", "ips", "host", "error"),
    [
        (("other.local",), ("10.0.0.1",), "r.local", "certificate is valid for other.local, not r.local"),
        (("other.local",), ("10.0.0.1",), "10.0.0.9", "certificate is valid for 10.0.0.1, not 10.0.0.9"),
        ((), ("10.0.0.1",), "r.local", "certificate is not valid for any names, but wanted to match r.local"),
        ((), (), "r.local", "certificate is not valid for any names, but wanted to match r.local"),
        (("r.local",), (), "10.0.0.9", "cannot validate certificate for 10.0.0.9 because it doesn't contain any IP SANs"),
    ],
)
def test_name_error_of_go_lists_only_names_of_the_hosts_kind(
    dns: tuple[str, ...], ips: tuple[str, ...], host: str, error: str
) -> None:
    leaf = make("some server", None, replace(SERVER, dns=dns or None, ips=ips)).certificate
    model, wrong = client_model("containerd", "linux"), mismatch(leaf, host)
    assert model is not None
    assert wrong is not None
    assert flaw_symptom(host, model, name_flaw(leaf, wrong)) == PREFIX + error


def test_server_with_a_curve_that_go_does_not_offer_ends_the_handshake() -> None:
    case = all_cases()["brainpool leaf"]
    model = client_model("containerd", "linux")
    assert model is not None
    verdict = judge(case.served, case.host, model, PoolTrust(NOTHING, ()), AT)
    [flaw] = [one for one in verdict.path.flaws if one.kind is FlawKind.UNREADABLE]
    assert "Go does not support the curve of its key" in flaw.detail
    assert flaw_symptom(case.host, model, flaw) == "remote error: tls: handshake failure"
