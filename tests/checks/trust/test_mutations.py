"""Observations replaced by failures, 404s and nothing: no trust check passes without an observation."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from auditor.engine import evaluate
from auditor.evidence.model import Absent, Failed, Kind, Seen
from auditor.site import Requirement, Site
from auditor.testing import TODAY, MemoryEvidence, site_of
from auditor.testing.example_values import day
from auditor.testing.memory import AT, SOURCE
from checks.trust import crl_stale, revocation_egress, root_lists_stale, root_update_stall, tls_version_mismatch
from tests.checks.trust.agreement import FAMILY
from tests.checks.trust.test_agreement import CRL, GOOD, ISSUING, form_of
from tests.test_catalogue import cases

# Of the checks over endpoints, these judge no observation: how the nodes update their roots is a statement of the plan, and the
# dates of the root programs are part of the auditor.
WITHOUT_OBSERVATION = {root_update_stall.CHECK.id, root_lists_stale.CHECK.id}
OVER_ENDPOINTS = tuple(
    check for check in FAMILY if Requirement.ENDPOINTS in check.requires and check.id not in WITHOUT_OBSERVATION
)
REPLACED: Mapping[str, Callable[[], Any]] = {
    "failed": lambda: Failed(Kind.UNREACHABLE, "no answer", AT, SOURCE),
    "denied": lambda: Failed(Kind.DENIED, "403", AT, SOURCE),
    "absent": lambda: Absent("404", AT, SOURCE),
    "nothing": lambda: None,
}
how = pytest.mark.parametrize("how", REPLACED)


def passes(site: Site, today: datetime.date) -> dict[str, int]:
    """How many subjects each check of the family passed."""
    results = evaluate(site, FAMILY, today).results
    return {
        result.check.id: result.examined - len({finding.subject for finding in result.findings})
        for result in results
        if not result.not_applicable
    }


def _put(table: dict[str, Any], name: str, value: Any) -> None:
    table.pop(name, None)
    if value is not None:
        table[name] = value


def without(form: Mapping[str, Any], part: str, how: str, only: str = "") -> Site:
    """The site of a form with the observations of a part (`chains`, `offers`, `fetches`) replaced: all, or one."""
    site = site_of(form)
    evidence = site.evidence
    assert isinstance(evidence, MemoryEvidence)
    table = getattr(evidence, part)
    for name in [only] if only else list(table):
        _put(table, name, REPLACED[how]())
    if part == "chains":
        for endpoint in site.plan.endpoints:
            if how != "nothing" or endpoint.chain:
                _put(table, endpoint.name, REPLACED[how]())
                _put(evidence.offers, endpoint.name, REPLACED[how]())
        gone = {endpoint.chain for endpoint in site.plan.endpoints}
        files = {path: data for path, data in site.plan.files.items() if path not in gone}
        return replace(site, plan=replace(site.plan, files=files))
    return site


def _forms() -> list[Any]:
    shapes = {
        "good": form_of(crl=[CRL], fetched=GOOD, offers=["TLSv1.2", "TLSv1.3"], clients=["curl", "git", "containerd"]),
        "soft": form_of(crl=[CRL], fetched=GOOD, clients=["git"]),
        "one CRL of two": form_of(crl=[CRL, "http://pki.plant7.local/y.crl"], fetched=GOOD),
    }
    made = [pytest.param(form, TODAY, id=name) for name, form in shapes.items()]
    for case in cases():
        form = case.values[1]
        made.append(pytest.param(form, day(form.get("today", TODAY)), id=str(case.id)))
    return [one for one in made if "endpoints" in one.values[0]]


forms = pytest.mark.parametrize(("form", "today"), _forms())


@forms
@how
def test_unobserved_chain_passes_no_check(form: dict[str, Any], today: datetime.date, how: str) -> None:
    after = passes(without(form, "chains", how), today)
    assert {check.id: after.get(check.id, 0) for check in OVER_ENDPOINTS} == dict.fromkeys(
        (check.id for check in OVER_ENDPOINTS), 0
    )


@forms
@how
@pytest.mark.parametrize("part", ["chains", "offers", "fetches"])
def test_fewer_observations_never_pass_more(form: dict[str, Any], today: datetime.date, how: str, part: str) -> None:
    before = passes(site_of(form), today)
    evidence = site_of(form).evidence
    assert isinstance(evidence, MemoryEvidence)
    # That example offers less than was agreed in its chain, which no server does.
    contradictory = any(isinstance(one, Seen) and "TLSv1.3" not in one.value.versions for one in evidence.offers.values())
    for only in ["", *getattr(evidence, part)] if not (contradictory and part == "offers") else []:
        after = passes(without(form, part, how, only), today)
        for check, count in after.items():
            assert count <= before.get(check, 0), (check, only)


@forms
@pytest.mark.parametrize("how", ["failed", "denied", "absent"])
def test_unobserved_tls_version_does_not_pass(form: dict[str, Any], today: datetime.date, how: str) -> None:
    assert (
        passes(without(form, "offers", how), today).get(tls_version_mismatch.CHECK.id, 0) == 0
        or not site_of(form).evidence.offers
    )  # type: ignore[attr-defined]


@forms
@how
def test_unobserved_crl_does_not_pass(form: dict[str, Any], today: datetime.date, how: str) -> None:
    site = without(form, "fetches", how)
    after = passes(site, today)
    assert after.get(crl_stale.CHECK.id, 0) == 0
    silent = sum(case.model is not None and case.model.revocation == "none" for case in site.trust(today))
    alone = sum(case.revocation is not None and not case.revocation.asked for case in site.trust(today))
    assert after.get(revocation_egress.CHECK.id, 0) <= silent + alone


def test_crl_of_another_issuer_does_not_count_as_observed() -> None:
    good, other = form_of(crl=[CRL], fetched=GOOD), form_of(crl=[CRL], fetched={CRL: {"crl": "Other"}})
    assert passes(site_of(good), TODAY)["crl-stale"] == 1
    assert ISSUING in good["certificates"]
    assert passes(site_of(other), TODAY).get("crl-stale", 0) == 0
