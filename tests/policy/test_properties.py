"""Properties of every site: less evidence or more findings never improve the verdict."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache
from itertools import combinations
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.check import Finding, Fine, Outcome, Severity
from auditor.engine import evaluate
from auditor.errors import Location
from auditor.policy import Policy, judge
from auditor.report import Report, Verdict
from auditor.site import Site
from auditor.testing import MemoryEvidence, site_of
from auditor.testing.example_values import day
from checks import CATALOGUE
from tests.made_checks import TODAY, finding, outcomes_of, result, small_site, unknown
from tests.test_catalogue import EXAMPLES

RANK = {Verdict.READY: 0, Verdict.UNDETERMINED: 1, Verdict.NOT_READY: 2}
MIXED = """
name: several pools, and indexes that leave questions open
plan: |
  version: 1
  pools:
    control: {platform: linux/amd64, runtime: containerd 2.1.6}
    win2022: {platform: "windows/amd64:ltsc2022", runtime: containerd 1.7.27}
    win2025: {platform: "windows/amd64:ltsc2025", runtime: containerd 2.1.6}
  images: [{list: images.txt}]
  registry: {host: "registry.plant7.local:5000", disk: 20GB}
files:
  images.txt: |
    shop/blank-and-old:1
    shop/silent:1
    shop/both:1
observed:
  shop/blank-and-old:1:
    platforms: [linux/amd64, {platform: "windows/amd64:10.0.17763.1", listed: windows/amd64}]
  shop/silent:1:
    platforms:
      - {platform: linux/amd64, listed: nothing}
      - {platform: "windows/amd64:10.0.20348.1", listed: nothing, layers: [{size: 1GB, urls: ["https://a.example/b"]}]}
  shop/both:1:
    platforms: [linux/amd64, windows/amd64:10.0.20348.1, windows/amd64:10.0.26100.1]
"""
IN_ORDER = MIXED.replace("10.0.17763.1", "10.0.20348.1").replace(', layers: [{size: 1GB, urls: ["https://a.example/b"]}]', "")
FORMS: list[Any] = [yaml.safe_load(MIXED), yaml.safe_load(IN_ORDER)] + [
    form for path in sorted(EXAMPLES.glob("*.yaml")) for form in yaml.safe_load(path.read_text(encoding="utf-8"))
]
SITES = [(site_of(form), day(form.get("today", TODAY))) for form in FORMS]
SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
FIX_EVIDENCE = ("tag", "document", "answer", "chain", "archive")


def audited(site: Site, index: int) -> Report:
    return judge(evaluate(site, CATALOGUE, SITES[index][1]), Policy(), SITES[index][1])


def with_evidence(site: Site, evidence: MemoryEvidence) -> Site:
    return replace(site, evidence=evidence)


def evidence_of(site: Site) -> MemoryEvidence:
    assert isinstance(site.evidence, MemoryEvidence)
    return site.evidence


@cache
def report_of(index: int) -> Report:
    """The report on a site with all of its evidence. Not computed at import: every worker imports this file."""
    return audited(SITES[index][0], index)


MOST = 150  # sets of observations that are taken away from one site


def _sets_of(site: Site) -> list[tuple[Any, ...]]:
    """Single observations and pairs: all of them, or a choice that is the same in every run.

    For a foreign layer without a URL, only a registry with an observed blob proves it: see the next test. The
    existence of a file in a folder of archives is known only from its observation.
    """
    named = {name.rstrip("/") for name in (site.plan.copy.archives if site.plan.copy else ())}
    keys = [key for key in evidence_of(site).keys() if key[0] in FIX_EVIDENCE]  # noqa: SIM118 - not a mapping
    keys = [key for key in keys if key[0] != "archive" or key[1] in named]
    every = [*((key,) for key in keys), *combinations(keys, 2), tuple(keys)]
    return every if len(every) <= MOST else random.Random(11).sample(every, MOST)


@pytest.mark.parametrize("index", range(len(SITES)))
def test_less_evidence_keeps_the_verdict_or_makes_it_undetermined(index: int) -> None:
    site, _ = SITES[index]
    for dropped in _sets_of(site):
        report = audited(with_evidence(site, evidence_of(site).without(set(dropped))), index)
        assert report.verdict in {report_of(index).verdict, Verdict.UNDETERMINED}, (FORMS[index]["name"], dropped)


@pytest.mark.parametrize("index", range(len(SITES)))
def test_one_observation_less_never_improves_the_verdict(index: int) -> None:
    site, _ = SITES[index]
    for key in evidence_of(site).keys():  # noqa: SIM118 - not a mapping
        report = audited(with_evidence(site, evidence_of(site).without([key])), index)
        assert RANK[report.verdict] >= RANK[Verdict.UNDETERMINED] or report.verdict is report_of(index).verdict
        assert not (report.verdict is Verdict.READY and report_of(index).verdict is not Verdict.READY), key


@pytest.mark.parametrize("index", range(len(SITES)))
def test_check_that_needs_evidence_never_passes_without_any(index: int) -> None:
    site, _ = SITES[index]
    report = audited(with_evidence(site, MemoryEvidence()), index)
    chained = any(endpoint.chain for endpoint in site.plan.endpoints)
    if not chained and (site.needs.needs or site.plan.endpoints):
        assert report.verdict is not Verdict.READY


SEVERITIES = st.sampled_from(list(Severity))
OUTCOMES: st.SearchStrategy[Outcome] = st.one_of(
    st.builds(finding, id=st.sampled_from("abc"), severity=SEVERITIES, case=st.sampled_from("12")),
    st.builds(unknown, id=st.sampled_from("abc")),
    st.builds(Fine, st.integers(min_value=1, max_value=9)),
)
POLICIES = st.builds(Policy, fail_on=SEVERITIES, strict=st.booleans())
ANY_FINDING = st.builds(finding, id=st.sampled_from("abcd"), severity=SEVERITIES)
ONE_SITE = small_site()


def verdict_of(said: list[list[Outcome]], policy: Policy) -> Report:
    results = [result(outcomes, f"check-{number}") for number, outcomes in enumerate(said)]
    return judge(outcomes_of(*results, site=ONE_SITE), policy, TODAY)


@given(said=st.lists(st.lists(OUTCOMES, min_size=1, max_size=4), min_size=1, max_size=4), more=ANY_FINDING, policy=POLICIES)
def test_another_finding_never_improves_the_verdict(said: list[list[Outcome]], more: Finding, policy: Policy) -> None:
    before = verdict_of(said, policy)
    after = verdict_of([[*said[0], more], *said[1:]], policy)
    assert RANK[after.verdict] >= RANK[before.verdict]
    assert after.exit_code == before.exit_code or after.exit_code != 0


@given(said=st.lists(st.lists(OUTCOMES, max_size=4), max_size=4), policy=POLICIES, randoms=st.randoms(use_true_random=False))
def test_order_of_checks_and_outcomes_does_not_matter(said: list[list[Outcome]], policy: Policy, randoms: Any) -> None:
    shuffled = [list(outcomes) for outcomes in said]
    for outcomes in shuffled:
        randoms.shuffle(outcomes)
    randoms.shuffle(shuffled)
    one, other = verdict_of(said, policy), verdict_of(shuffled, policy)
    assert (one.counts, one.verdict, one.exit_code) == (other.counts, other.verdict, other.exit_code)
    ranks = [judged.severity.rank for judged in other.findings]
    assert ranks == sorted(ranks, reverse=True)


@given(said=st.lists(st.lists(OUTCOMES, max_size=4), max_size=4), policy=POLICIES)
def test_ready_requires_examined_determined_and_below_the_threshold(said: list[list[Outcome]], policy: Policy) -> None:
    report = verdict_of(said, policy)
    clean = not any(judged.severity.at_least(policy.fail_on) for judged in report.findings)
    ready = clean and not report.undetermined and report.counts.examined > 0
    assert (report.verdict is Verdict.READY) == ready == (report.exit_code == 0)


def _moved(text: str, path: str) -> str:
    """The same further down; a script's first line stays, as it says who runs it. JSON has no comments."""
    if path.endswith(".json"):
        return f"\n\n{text}"
    first, rest = text.split("\n", 1) if text.startswith("#!") else ("", text)
    return f"{first}\n# a comment\n\n{rest}"


@pytest.mark.parametrize("index", range(len(SITES)))
def test_fingerprints_survive_line_moves_and_are_distinct_per_pool(index: int) -> None:
    form = FORMS[index]
    files = {
        path: _moved(content, path) if isinstance(content, str) else content for path, content in form.get("files", {}).items()
    }
    moved = audited(site_of({**form, "plan": f"# a comment\n{form['plan']}", "files": files}), index)
    original = [judged.finding for judged in report_of(index).findings]
    assert not any("\n" in item.fingerprint or len(item.fingerprint) != 32 for item in original)
    if "certificates" in form:
        return  # keys are made again, so certificates have other digests
    assert [item.fingerprint for item in original] == [judged.finding.fingerprint for judged in moved.findings]
    subjects = {(item.check, item.subject, item.case) for item in original}
    assert len({item.fingerprint for item in original}) == len(subjects)


def test_fingerprint_depends_on_check_subject_and_case_only() -> None:
    base = finding(pool="win2022")
    assert finding(pool="win2019").fingerprint != base.fingerprint
    assert finding("other", pool="win2022").fingerprint != base.fingerprint
    assert finding(pool="win2022", case="blank").fingerprint != base.fingerprint
    moved = replace(base, message="other words", location=Location("b.txt", 9), severity=Severity.INFO, facts={"a": 1})
    assert moved.fingerprint == base.fingerprint
