"""An unexpected error in one endpoint or trust file is named and does not affect others."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from auditor.check import Undetermined
from auditor.engine import evaluate
from auditor.evidence.model import Kind
from auditor.policy.judging import Policy, judge
from auditor.site import Site
from auditor.site.trust import cases, pools, runtime, served
from auditor.site.trust.cases import Prospect
from auditor.testing import site_of
from checks import CATALOGUE
from tests.checks.trust.agreement import disagreements
from tests.checks.trust.test_agreement import HOST, form_of

TODAY = datetime.date(2026, 11, 23)
OTHER = "other.plant7.local:443"


def two_endpoints() -> Site:
    form = form_of(clients=["containerd"], offers=["TLSv1.2"])
    form["plan"] = form["plan"].replace(f"endpoints:\n- host: {HOST}", f"endpoints:\n- host: {HOST}\n- host: {OTHER}")
    form["certificates"]["other"] = {"issuer": "Plant 7 Issuing", "names": ["other.plant7.local"]}
    form["endpoints"][OTHER] = {"serves": ["other", "Plant 7 Issuing"], "offers": ["TLSv1.2"]}
    return site_of(form)


def verdicts(site: Site) -> dict[str, set[Prospect]]:
    found: dict[str, set[Prospect]] = {}
    for case in site.trust(TODAY):
        found.setdefault(case.endpoint.name, set()).add(case.prospect)
    return found


def questions(site: Site) -> list[Undetermined]:
    report = judge(evaluate(site, CATALOGUE, TODAY), Policy(), TODAY)
    return [one for one in report.undetermined if one.kind is Kind.BUG]


def test_two_valid_endpoints_verify() -> None:
    assert verdicts(two_endpoints()) == {HOST: {Prospect.VERIFIES}, OTHER: {Prospect.VERIFIES}}


@pytest.mark.parametrize(("module", "name"), [(cases, "judge"), (served, "_parsed")])
def test_unexpected_error_makes_only_its_endpoint_undetermined(module: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = getattr(module, name)

    def breaking(*given: Any, **more: Any) -> Any:
        if HOST.partition(":")[0] in repr(given):
            raise TypeError("no mask")
        return whole(*given, **more)

    monkeypatch.setattr(module, name, breaking)
    site = two_endpoints()
    if name == "_parsed":
        site.evidence.chains[HOST] = site.evidence.chains[HOST].__class__(  # type: ignore[attr-defined]
            site.evidence.chains[HOST].value,  # type: ignore[attr-defined]
            site.evidence.chains[HOST].at,  # type: ignore[attr-defined]
            f"tls://{HOST}",
        )
    assert verdicts(site) == {HOST: {Prospect.UNDETERMINED}, OTHER: {Prospect.VERIFIES}}
    assert list(disagreements(site, TODAY)) == []
    found = questions(site)
    assert found
    assert all(HOST in one.detail and "failed with TypeError: no mask" in one.detail for one in found)


@pytest.mark.parametrize("module", [pools, runtime])
def test_trust_file_with_an_unexpected_error_is_named(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaking(_data: bytes) -> Any:
        raise KeyError("odd")

    monkeypatch.setattr(pools, "read_store", breaking)
    monkeypatch.setattr(runtime, "load_as_go", breaking)
    config = {"says": 'ca = "ca.crt"', "files": {"ca.crt": ["Plant 7 Root"]}} if module is runtime else None
    site = site_of(form_of(clients=["containerd"], kind="registry", config=config))
    assert set(verdicts(site)[HOST]) <= {Prospect.UNDETERMINED, Prospect.FAILS}
    said = " ".join(one.detail for result in evaluate(site, CATALOGUE, TODAY).results for one in result.undetermined)
    assert "reading root.pem failed with KeyError: 'odd'" in said


def test_unobserved_endpoint_is_one_undetermined_outcome() -> None:
    form = {
        "plan": "version: 1\npools: {control: {platform: linux/amd64}, win: {platform: windows/amd64:ltsc2022}}\n"
        f"registry: {{host: '{HOST}'}}\n"
    }
    results = evaluate(site_of(form), CATALOGUE, TODAY)
    report = judge(results, Policy(), TODAY)
    about = [one for one in report.undetermined if one.subject.id == HOST]
    assert len(about) == 1
    assert "auditor collect --via target" in about[0].detail
    asking = [row.rule.id for row in report.checks if row.status == "undetermined"]
    assert {"root-not-trusted", "certificate-expiring", "crl-stale", "tls-version-mismatch"} <= set(asking)
    assert report.counts.undetermined == 1
