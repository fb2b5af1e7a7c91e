"""How old evidence is, and on which day that counts: the audit date, or the real day if that is earlier."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest

from auditor.check import Fine
from auditor.evidence.causes import Cause
from auditor.evidence.dated import Dated
from auditor.evidence.model import BlobSeen, Failed, Kind, Observation, Seen, TagSeen
from auditor.evidence.store import Store
from auditor.plan.model import EVIDENCE_MAX_AGE
from auditor.policy import Policy, judge
from auditor.policy.evidence_age import Basis
from auditor.report import Report, Status, Timing
from auditor.testing import plan_of
from reports import render
from reports.basis import timing_line
from tests.made_checks import outcomes_of, result, small_site

COLLECTED = datetime.datetime(2026, 11, 23, 12, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
DIGEST = f"sha256:{'a' * 64}"


def report_of(
    audit: datetime.date,
    now: datetime.date,
    *,
    at: datetime.datetime = COLLECTED,
    max_age: int = EVIDENCE_MAX_AGE,
) -> Report:
    with Store.memory() as store:
        store.put_tag("a.example/b:1", Seen(TagSeen(DIGEST, "", 1), at, "https://a.example/v2/b/manifests/1"))
        dated = Dated(store)
        dated.tag("a.example/b:1")
        site = small_site()
        site = replace(site, plan=replace(site.plan, evidence_max_age=max_age))
        return judge(outcomes_of(result([Fine()]), site=site), Policy(), audit, Basis(dated, "file", now, "ab" * 32))


def stale(report: Report) -> list[str]:
    return [item.finding.subject.id for item in report.findings if item.finding.check == "evidence-stale"]


def day(days: int) -> datetime.date:
    return (COLLECTED + days * DAY).date()


@pytest.mark.parametrize(("age", "is_stale"), [(0, False), (29, False), (30, False), (31, True), (400, True)])
def test_evidence_is_stale_after_thirty_days(age: int, is_stale: bool) -> None:
    report = report_of(day(age), day(age))
    assert stale(report) == (["tags"] if is_stale else [])
    assert report.basis.timing is Timing.CURRENT
    (row,) = [row for row in report.checks if row.rule.id == "evidence-stale"]
    assert row.status is (Status.FAILED if is_stale else Status.PASSED)


def test_future_audit_date_does_not_age_fresh_evidence() -> None:
    report = report_of(day(365), day(0))
    assert stale(report) == []
    assert report.basis.timing is Timing.AUDIT_IN_FUTURE
    assert "Evidence is from 2026-11-23; the audit date 2027-11-23 is in the future" in timing_line(report)


def test_old_evidence_is_stale_with_a_future_audit_date() -> None:
    report = report_of(day(365), day(31))
    assert stale(report) == ["tags"]
    assert report.basis.timing is Timing.AUDIT_IN_FUTURE
    assert report.basis.ages[0].days == 31


def test_evidence_newer_than_the_audit_date_is_reported_and_not_stale() -> None:
    report = report_of(day(-10), day(400))
    assert stale(report) == []
    assert report.basis.timing is Timing.EVIDENCE_NEWER
    assert "after the audit date 2026-11-13" in timing_line(report)


def test_evidence_newer_than_the_clock_names_the_clocks() -> None:
    report = report_of(day(5), day(-5))
    assert report.basis.timing is Timing.EVIDENCE_AFTER_NOW
    assert "check both clocks" in timing_line(report)


def test_plan_sets_the_age_limit() -> None:
    assert stale(report_of(day(8), day(8), max_age=7 * 86_400)) == ["tags"]
    assert stale(report_of(day(60), day(60), max_age=90 * 86_400)) == []


def test_plan_key_is_read() -> None:
    text = "version: 1\nevidence_max_age: 7d\npools: {a: {platform: linux/amd64}}\n"
    assert plan_of(text).evidence_max_age == 7 * 86_400
    assert plan_of(text.replace("evidence_max_age: 7d\n", "")).evidence_max_age == 30 * 86_400


def test_contents_by_digest_and_failures_have_no_age_limit() -> None:
    def blob(observed: Observation[BlobSeen]) -> tuple[str, ...]:
        with Store.memory() as store:
            store.put_blob("a.example/b", DIGEST, observed)
            dated = Dated(store)
            dated.blob("a.example/b", DIGEST)
            return tuple(span.what for span in dated.used())

    source = "https://a.example/v2/b/blobs/x"
    assert blob(Seen(BlobSeen(1), COLLECTED, source)) == ("manifests and blobs in registries",)
    assert blob(Failed(Kind.UNREACHABLE, "x", COLLECTED, source, Cause.TIMEOUT)) == ()
    with Store.memory() as store:
        body = b"{}"
        digest = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
        store.put_document(digest, "", body, "a.example/b", COLLECTED, source)
        dated = Dated(store)
        dated.content("a.example/b", digest)
        report = judge(outcomes_of(result([Fine()])), Policy(), day(400), Basis(dated, "file", day(400)))
    assert stale(report) == []
    assert [(row.what, row.can_change) for row in report.basis.ages] == [("documents by digest", False)]


def test_rule_does_not_apply_without_evidence() -> None:
    report = judge(outcomes_of(result([Fine()])), Policy(), day(0))
    (row,) = [row for row in report.checks if row.rule.id == "evidence-stale"]
    assert row.status is Status.NOT_APPLICABLE


@pytest.mark.parametrize("format", ["text=full", "markdown", "html", "junit", "sarif", "github", "json"])
def test_every_full_format_names_file_and_age(format: str) -> None:
    shown = render(report_of(day(31), day(31)), format)
    assert "ab" * 32 in shown
    assert "2026-11-23" in shown
    assert "31" in shown
