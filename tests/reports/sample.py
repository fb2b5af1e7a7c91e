"""A believable report of the plant-7 site, the same every time: a Linux pool, two Windows pools, a dozen images."""

from __future__ import annotations

import dataclasses
import datetime
from collections import Counter

from auditor.check import HEADINGS, Area, Rule, Severity, Undetermined
from auditor.report import BaselineUsed, CheckRow, Counts, FactsBasis, Report, ScopeRow, ScopeStatus, Status, Verdict
from auditor.report.first_steps import with_first_steps
from tests.reports.sample_outcomes import FINDINGS, UNDETERMINED
from tests.reports.sample_sections import (
    CALENDAR,
    DECLARED,
    EGRESS,
    EVIDENCE,
    ROOT_LISTS,
    STORAGE,
    TRUST,
    TRUST_FILES,
    image_rows,
)

AUDITED_AT = datetime.date(2026, 11, 20)
HORIZON = datetime.date(2027, 6, 30)

_CATALOGUE = (
    ("image-reference-invalid", "images", "An entry of an image list is no image reference", "error", 21, ""),
    ("image-duplicate", "images", "An image is listed twice", "info", 20, ""),
    ("image-unpinned", "images", "An image is named by something that moves", "warning", 20, ""),
    ("image-absent", "images", "An image does not exist at its source", "error", 12, ""),
    ("platform-absent", "images", "No manifest for the pool's OS and architecture", "error", 18, ""),
    ("windows-build-mismatch", "windows", "An image has no Windows build that the pool's hosts can run", "error", 9, ""),
    ("windows-build-fallback", "windows", "An image runs on a Windows pool only by a fallback", "warning", 9, ""),
    ("foreign-layer-egress", "windows", "A node would fetch a layer from outside", "error", 31, ""),
    (
        "copy-drops-foreign-layers",
        "transfer",
        "The copy tool leaves foreign layers behind",
        "error",
        0,
        "the plan names no copy tool",
    ),
    ("transfer-window", "transfer", "The copy takes longer than its window", "warning", 0, "the plan names no copy tool"),
    ("registry-disk", "storage", "The registry's disk is too small", "error", 1, ""),
    ("node-disk", "storage", "A node's disk is too small", "error", 0, "the plan does not say how large the nodes' disks are"),
    ("chain-incomplete", "trust", "An endpoint does not serve its whole chain", "error", 8, ""),
    ("root-not-trusted", "trust", "A client does not trust the root", "error", 8, ""),
    ("certificate-expiring", "trust", "A certificate ends before the horizon", "error", 4, ""),
    ("certificate-name-mismatch", "trust", "A certificate does not cover the name that nodes use", "error", 2, ""),
)


_PARTLY = {
    Area.COPIES: ScopeRow(
        Area.COPIES, ScopeStatus.NOT_DECLARED, 0, "Collect with `--via target`.", missing=("internal registry",)
    ),
    Area.STORAGE: ScopeRow(
        Area.STORAGE,
        ScopeStatus.NOT_DECLARED,
        1,
        "Add `disk: …` to the pools control, win2019, win2025.",
        missing=("disk of control, win2019, win2025",),
    ),
    Area.TRUST: ScopeRow(
        Area.TRUST,
        ScopeStatus.UNDETERMINED,
        16,
        "Read the undetermined outcomes of these checks: root-not-trusted.",
        2,
        errors=3,
    ),
    Area.WORKLOADS: ScopeRow(
        Area.WORKLOADS, ScopeStatus.SWITCHED_OFF, 0, "Run without `--only` and `--skip`: image-not-listed did not run."
    ),
}
FULL_SCOPE = tuple(ScopeRow(area, ScopeStatus.EXAMINED, 4) for area in Area)
SCOPE = tuple(_PARTLY.get(row.area, row) for row in FULL_SCOPE)


def sample_report() -> Report:
    """The plant-7 report: not ready, with every kind of outcome and every section filled."""
    severities = Counter(item.severity for item in FINDINGS if item.waived is None)
    report = Report(
        tool_version="0.1.0",
        facts=FactsBasis("ab" * 32, datetime.date(2026, 11, 20), ("site-facts.yaml",)),
        plan_name="plant-7",
        plan_path="examples/plant-7/plan.yaml",
        plan_sha256="9b1f0f6a5f9c2f6d1f0a6a4c2f43b1a77c5be2de4a3c1c5f2a8f17c1f7f0d2aa",
        audited_at=AUDITED_AT,
        horizon=HORIZON,
        verdict=Verdict.NOT_READY,
        exit_code=1,
        counts=Counts(
            error=severities[Severity.ERROR],
            warning=severities[Severity.WARNING],
            info=severities[Severity.INFO],
            undetermined=len(UNDETERMINED),
            waived=sum(item.waived is not None for item in FINDINGS),
            examined=sum(row[4] for row in _CATALOGUE),
        ),
        checks=tuple(_row(*row) for row in _CATALOGUE),
        findings=tuple(sorted(FINDINGS, key=lambda item: -item.severity.rank)),
        undetermined=UNDETERMINED,
        images=image_rows(),
        egress=EGRESS,
        storage=STORAGE,
        trust=TRUST,
        calendar=CALENDAR,
        trust_files=TRUST_FILES,
        root_lists=ROOT_LISTS,
        evidence=EVIDENCE,
        scope=SCOPE,
        declared=DECLARED,
    )
    return with_first_steps(report)


def beside_report() -> Report:
    """The plant-7 report beside an earlier one that had all of its errors but the first."""
    report = sample_report()
    first = report.findings[0]
    findings = tuple(
        dataclasses.replace(item, baselined=item is not first and item.severity is Severity.ERROR) for item in report.findings
    )
    known = sum(item.baselined for item in findings)
    beside = dataclasses.replace(
        report,
        findings=findings,
        counts=dataclasses.replace(report.counts, error=1, baselined=known),
        baseline=BaselineUsed("plant-7", datetime.date(2026, 10, 1), known),
    )
    return with_first_steps(beside)


def ready_report() -> Report:
    """A report in which everything was examined and nothing is wrong."""
    return dataclasses.replace(partly_ready_report(), scope=FULL_SCOPE)


def partly_ready_report() -> Report:
    """A report in which nothing is wrong, and parts of the site were not examined."""
    return dataclasses.replace(_bare(Verdict.READY, 0, Counts(0, 0, 0, 0, 0, 42), ()), scope=SCOPE)


def undetermined_report() -> Report:
    """A report that found nothing wrong and still is no pass."""
    return _bare(Verdict.UNDETERMINED, 3, Counts(0, 0, 0, len(UNDETERMINED), 0, 7), UNDETERMINED)


def _bare(verdict: Verdict, exit_code: int, counts: Counts, undetermined: tuple[Undetermined, ...]) -> Report:
    bare = Report("0.1.0", "", "", "", AUDITED_AT, HORIZON, verdict, exit_code, counts, (), (), undetermined, (), (), {}, ())
    return with_first_steps(bare)


def _row(id: str, family: str, title: str, severity: str, examined: int, reason: str) -> CheckRow:
    rule = Rule(id=id, title=title, family=family, severity=Severity(severity), page=_page(title))
    return CheckRow(rule, rule.severity, _status(id, examined), examined, reason)


def _status(id: str, examined: int) -> Status:
    if not examined:
        return Status.NOT_APPLICABLE
    if any(item.finding.check == id and item.waived is None for item in FINDINGS):
        return Status.FAILED
    return Status.UNDETERMINED if any(row.check == id for row in UNDETERMINED) else Status.PASSED


def _page(title: str) -> str:
    text = {
        HEADINGS[0]: f"{title}, for every pool of the plan.",
        HEADINGS[1]: "Offline, missing images can no longer be downloaded.\nThe pods that need it stay in ImagePullBackOff.",
        HEADINGS[2]: "Follow the remedy of the finding, then audit again.",
        HEADINGS[3]: "When the source does not answer or refuses to.",
        HEADINGS[4]: "The OCI image specification.",
    }
    return f"{title}.\n\n" + "\n\n".join(f"## {heading}\n{words}" for heading, words in text.items())
