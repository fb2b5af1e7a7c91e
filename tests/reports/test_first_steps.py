"""What to do first: one step for each root cause, in the order to fix them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from auditor.api import audit
from auditor.check import Affected, Area, Check, Finding, Remedy, RemedyKind, Severity, Subject, Undetermined
from auditor.errors import Location
from auditor.evidence.causes import Cause, Fault
from auditor.evidence.model import Kind
from auditor.report import CheckRow, FirstStep, HostRow, JudgedFinding, Report, Status, When
from auditor.report.first_steps import first_steps
from tests.reports.sample import ready_report, sample_report

PLANT_7 = Path(__file__).parents[2] / "examples" / "plant-7"
FIX = "auditor fix plan.yaml -o fix"


def row(check: str, area: Area, severity: Severity = Severity.ERROR) -> CheckRow:
    rule = Check(check, f"Title of {check}", "trust", severity, "", lambda _site, _today: iter(()), area=area)
    return CheckRow(rule, severity, Status.FAILED, 1)


def finding(check: str, subject: Subject, text: str = "", kind: str = "edit", **others: object) -> Finding:
    remedies = (Remedy(kind, text),) if text else ()
    return Finding(subject, "m", check=check, severity=Severity.ERROR, remedies=remedies, **others)  # type: ignore[arg-type]


def steps(*found: Finding, severity: Severity = Severity.ERROR, fixed: bool = False, **others: object) -> tuple[FirstStep, ...]:
    items = tuple(JudgedFinding(one, severity, fixable=fixed) for one in found)
    checks = (
        row("at-source", Area.SOURCES),
        row("on-site", Area.NODE_ACCESS),
        row("trust", Area.TRUST),
        row("disk", Area.STORAGE),
    )
    report = dataclasses.replace(
        ready_report(), findings=items, checks=checks, plan_path="plan.yaml", fix_command=FIX if fixed else "", **others
    )
    return first_steps(report)


def root(pool: str, client: str, endpoint: str) -> Finding:
    subject = Subject("endpoint", endpoint, "linux/amd64", pool, client)
    return finding("trust", subject, f"Install Corp Root on {pool}.", "install", root_cause=("root", "Corp Root"))


def test_one_missing_root_is_one_step() -> None:
    found = [root(pool, client, host) for pool in "abc" for client in ("containerd", "curl") for host in ("r:5000", "k:6443")]
    (step,) = steps(*found)
    assert (step.error, step.pools, step.subjects) == (12, ("a", "b", "c"), ("r:5000", "k:6443"))
    assert step.action == "Install Corp Root on a. Do the same for 2 other objects."


def test_equal_advice_for_several_objects_is_one_step() -> None:
    found = [
        finding("on-site", Subject("pool", pool, pool=pool), f"Disable it on {pool}.", location=Location("p.yaml", line, 1))
        for line, pool in enumerate(("control", "win2019"), 3)
    ]
    (step,) = steps(*found)
    assert (step.error, step.action) == (2, "Disable it on control. Do the same for 1 other object.")
    assert step.location == Location("p.yaml", 3, 1)


def test_different_advice_of_one_check_gives_several_steps() -> None:
    found = [finding("on-site", Subject("pool", "a"), text) for text in ("Enable TLS 1.2.", "Reissue it.")]
    assert [step.action for step in steps(*found)] == ["Enable TLS 1.2.", "Reissue it."]


def test_steps_that_need_the_sources_come_first_then_those_for_most_pools() -> None:
    ordered = steps(
        finding("trust", Subject("endpoint", "r:5000", pool="a"), "Renew it."),
        finding("on-site", Subject("pool", "x"), "Merge the mirrors.", affects=(Affected(pools=("a", "b", "c")),)),
        finding("at-source", Subject("image", "i", pool="a"), "Use another tag."),
        finding("at-source", Subject("image", "j"), "Correct the name.", affects=(Affected(pools=("a", "b")),)),
    )
    assert [step.action for step in ordered] == ["Correct the name.", "Use another tag.", "Merge the mirrors.", "Renew it."]
    assert [step.when for step in ordered] == [When.WHILE_CONNECTED, When.WHILE_CONNECTED, When.ANY_TIME, When.ANY_TIME]


@pytest.mark.parametrize(
    ("found", "when"),
    [
        (finding("trust", Subject("endpoint", "e:1"), "Copy the CRL.", "copy"), When.WHILE_CONNECTED),
        (finding("disk", Subject("media", "copy.media"), "Use larger media."), When.WHILE_CONNECTED),
        (finding("disk", Subject("registry", "r:5000"), "Use a larger disk."), When.ANY_TIME),
        (finding("at-source", Subject("pool", "win"), "Disable it."), When.ANY_TIME),
        (finding("at-source", Subject("image", "i")), When.WHILE_CONNECTED),
        (finding("on-site", Subject("image", "i"), "Merge.", remedy_kind=RemedyKind.MIRROR_CONFIG), When.ANY_TIME),
        (finding("trust", Subject("image", "i"), "Copy.", remedy_kind=RemedyKind.COPY_IMAGE), When.WHILE_CONNECTED),
    ],
)
def test_when_a_step_is_possible(found: Finding, when: When) -> None:
    assert [step.when for step in steps(found)] == [when]


def test_remedy_states_itself_that_it_needs_the_sources() -> None:
    remedy = Remedy("edit", "Append it.", ("curl http://a.example",), while_connected=True)
    (step,) = steps(Finding(Subject("endpoint", "e:1"), "m", check="trust", severity=Severity.ERROR, remedies=(remedy,)))
    assert (step.when, step.commands) == (When.WHILE_CONNECTED, ("curl http://a.example",))


def test_one_file_of_fix_is_one_step_with_its_command() -> None:
    found = [
        finding("at-source", Subject("image", "i"), "Copy i.", remedy_kind=RemedyKind.COPY_IMAGE),
        finding("on-site", Subject("layer", "l"), "Strip it.", remedy_kind=RemedyKind.STRIP_URLS),
    ]
    (step,) = steps(*found, fixed=True)
    assert (step.title, step.fixable, step.commands) == ("Copies lack images, platforms or layers", 2, (FIX,))
    (single,) = steps(found[0], fixed=True)
    assert single.title == "Title of at-source"


def test_every_step_names_a_command() -> None:
    assert steps(finding("at-source", Subject("image", "i")))[0].commands == ("auditor show at-source",)


def test_undetermined_outcomes_of_one_host_are_one_step() -> None:
    fault = Fault("ghcr.io", Cause.TIMEOUT, "timed out")
    rows = tuple(
        Undetermined(check="at-source", subject=Subject("image", name), kind=Kind.UNREACHABLE, detail="d", faults=(fault,))
        for name in ("i", "j")
    )
    host = HostRow(
        "ghcr.io", Cause.TIMEOUT.value, "did not answer in time", "timed out", 2, 2, ("i", "j"), Remedy("edit", "Allow it.")
    )
    (step,) = steps(undetermined=rows, hosts=(host,))
    assert (step.title, step.action, step.undetermined) == ("ghcr.io did not answer in time", "Allow it.", 2)
    assert (step.when, step.severity, step.reason) == (When.WHILE_CONNECTED, None, "timed out")
    assert step.commands == ("auditor collect plan.yaml -o site.evidence",)


def test_equal_reasons_of_several_checks_are_one_step() -> None:
    rows = tuple(
        Undetermined(check=check, subject=Subject("image", "i"), kind=Kind.DENIED, detail="quay.io answered 401")
        for check in ("at-source", "trust")
    )
    (step,) = steps(undetermined=rows)
    assert (step.undetermined, step.checks) == (2, ("at-source", "trust"))


def test_everything_that_one_collection_resolves_is_one_step() -> None:
    rows = tuple(
        Undetermined(check="at-source", subject=Subject(kind, name), kind=Kind.MISSING_EVIDENCE, detail=f"{name} was not seen")
        for kind, name in (("image", "i"), ("image", "j"), ("layer", "sha256:1"))
    )
    other = Undetermined(check="disk", subject=Subject("pool", "p"), kind=Kind.MISSING_EVIDENCE, detail="no disk")
    found = steps(undetermined=(*rows, other))
    assert [(step.title, step.undetermined) for step in found] == [
        ("Images were not observed at their source", 3),
        ("Not decided: Title of disk", 1),
    ]


def test_lesser_findings_come_last_and_information_is_no_step() -> None:
    warning = finding("at-source", Subject("image", "i"), "Pin it.")
    assert steps(warning, severity=Severity.INFO) == ()
    row = Undetermined(check="trust", subject=Subject("pool", "a"), kind=Kind.UNSUPPORTED, detail="unknown version")
    ordered = steps(warning, severity=Severity.WARNING, undetermined=(row,))
    assert [step.severity for step in ordered] == [None, Severity.WARNING]


def test_accepted_findings_give_no_step() -> None:
    report = sample_report()
    known = {item.finding.fingerprint for item in report.findings if item.is_active}
    assert {mark for step in report.first_steps for mark in step.fingerprints} <= known


def test_counts_of_the_steps_are_those_of_the_report() -> None:
    report: Report = audit(PLANT_7 / "plan.yaml", evidence=PLANT_7 / "plant-7.evidence", at="2026-11-23")
    assert sum(step.error for step in report.first_steps) == report.counts.error
    assert sum(step.warning for step in report.first_steps) == report.counts.warning
    assert sum(step.undetermined for step in report.first_steps) == report.counts.undetermined
    assert sum(step.fixable for step in report.first_steps if step.error) >= 17
    chain = next(step for step in report.first_steps if step.checks[0] == "chain-incomplete")
    assert (chain.error, chain.pools) == (1, ("control", "win2019", "win2025"))
    missing = [step for step in report.first_steps if step.title.startswith("Images were not observed")]
    assert [step.commands[0].removeprefix("auditor collect ").partition(" ")[0] for step in missing] == [
        str(PLANT_7 / "plan.yaml")
    ]
