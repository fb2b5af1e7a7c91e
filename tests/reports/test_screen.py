"""The text report on one screen: one line for each finding, what to do first, the scope, and the verdict last."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from hypothesis import given, settings

from auditor.api import audit
from auditor.check import Finding, Remedy, Severity, Subject
from auditor.errors import Location
from auditor.report import JudgedFinding, Report
from auditor.report.first_steps import with_first_steps
from reports import render
from reports.style import Style
from reports.text.ink import without_codes
from reports.text.layout import breadth
from reports.text.screen import MOST_LINES
from tests.conftest import Golden
from tests.reports.sample import partly_ready_report, ready_report, sample_report, undetermined_report
from tests.reports.strategies import reports

PLANT_7 = Path(__file__).parents[2] / "examples" / "plant-7"


def screen(report: Report, **style: object) -> list[str]:
    return render(report, "text", Style(**style)).splitlines()  # type: ignore[arg-type]


def with_checks(count: int, severity: Severity = Severity.ERROR) -> Report:
    found = tuple(
        Finding(
            Subject("image", f"registry.example.com/team/image-{check}:1"),
            "Bad.",
            check=f"check-{check:03}",
            severity=severity,
            location=Location("lists/linux.txt", check + 1, 1),
            remedies=(Remedy("edit", f"Correct it by rule {check}."),),
        )
        for check in range(count)
    )
    items = tuple(JudgedFinding(one, severity) for one in found)
    return with_first_steps(dataclasses.replace(sample_report(), findings=items))


def test_screen_equals_the_golden_file(golden: Golden) -> None:
    golden("reports/sample.txt", render(sample_report(), "text"))


def test_example_fits_one_screen_of_100_columns() -> None:
    report = audit(PLANT_7 / "plan.yaml", evidence=PLANT_7 / "plant-7.evidence", at="2026-11-23")
    lines = screen(report)
    assert sum(-(-max(1, len(line)) // 100) for line in lines) <= MOST_LINES
    assert lines[-2].startswith("NOT READY: ")
    assert lines[-1] == "This environment will not work offline."
    assert any(re.match(r"error +foreign-layer-egress +3  lists/windows\.txt:\d+:\d+ +sha256:6", line) for line in lines)


@pytest.mark.parametrize("columns", [60, 72, 80, 100, 132, 200])
@pytest.mark.parametrize("count", [1, 7, 40, 300])
def test_no_line_is_wider_than_the_screen(columns: int, count: int) -> None:
    lines = screen(with_checks(count), width=columns)
    assert [line for line in lines if breadth(line) > columns and not line.lstrip().startswith("auditor fix")] == []
    if columns >= 80:
        assert len(lines) <= MOST_LINES


def test_checks_that_do_not_fit_are_counted_with_the_command_that_shows_them() -> None:
    lines = screen(with_checks(300))
    rows = [line for line in lines if line.startswith("error")]
    rest = next(line for line in lines if "more checks" in line)
    assert rest.split() == ["and", str(300 - len(rows)), "more", "checks", f"({300 - len(rows)}):", "auditor", "show", "errors"]
    assert sum(line.startswith("error") for line in screen(with_checks(3))) == 3


def test_message_is_below_the_finding_if_there_is_room() -> None:
    few, many = screen(with_checks(3)), screen(with_checks(12))
    start = next(at for at, line in enumerate(few) if line.startswith("error"))
    assert [line.split()[0] for line in few[start : start + 6]] == ["error", "Bad."] * 3
    assert not any(line.strip() == "Bad." for line in many)


def test_warnings_keep_a_line_below_many_errors() -> None:
    many, few = with_checks(300), with_checks(5, Severity.WARNING)
    both = with_first_steps(dataclasses.replace(many, findings=(*many.findings, *few.findings)))
    assert any(line.startswith("warning") and "5 checks (5): auditor show warnings" in line for line in screen(both))


def test_verdict_is_last_and_a_pass_names_its_limits() -> None:
    assert screen(ready_report())[-2:] == ["READY: no findings.", "This environment will work offline until 2027-06-30."]
    partly = " ".join(screen(partly_ready_report())[-6:])
    assert "READY for what was examined" in partly
    assert "Not examined: internal registry or archives (not declared)" in partly
    assert "READY" not in "\n".join(screen(undetermined_report()))


def test_steps_name_their_command() -> None:
    lines = screen(sample_report())
    start = lines.index("Do this first")
    assert lines[start + 3] == "   $ regctl image mod registry.plant7.local:5000/win:2022 --replace --external-urls-rm"
    assert "auditor show windows-build-mismatch" in lines[start + 5]


def test_colours_and_links_change_nothing_else() -> None:
    painted = render(sample_report(), "text", Style(colour=True, folder="/srv/plans"))
    plain = render(sample_report(), "text")
    assert "".join(f"{without_codes(line)}\n" for line in painted.splitlines()) == plain
    assert "\x1b]8;;file:///srv/plans/examples/plant-7/lists/windows-images.txt\x1b\\" in painted
    assert "\x1b" not in plain


def test_link_encodes_what_would_end_it() -> None:
    at = Location("lists/\x1b\\evil name.txt", 1, 1)
    found = JudgedFinding(Finding(Subject("line", "a"), "m", check="x", severity=Severity.ERROR, location=at), Severity.ERROR)
    painted = render(dataclasses.replace(ready_report(), findings=(found,)), "text", Style(colour=True, folder="/srv"))
    assert "file:///srv/lists/%1B%5Cevil%20name.txt\x1b\\" in painted


@settings(max_examples=30, deadline=None)
@given(reports)
def test_external_text_adds_no_control_character_and_no_line(report: Report) -> None:
    shown = render(report, "text")
    assert all(line.isprintable() for line in shown.splitlines())
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202e]", shown)
