"""Annotations: read back as the runner reads them, within its limits, and with nothing that it would run."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass

from hypothesis import given, settings

from auditor.check import Finding, Severity, Subject
from auditor.errors import Location
from auditor.report import JudgedFinding, Report
from reports import render
from reports.wording import asked
from tests.conftest import Golden
from tests.reports.sample import beside_report, ready_report, sample_report, undetermined_report
from tests.reports.strategies import reports

COMMAND = re.compile(r"::(error|warning|notice) ([^:]*)::(.*)")


@dataclass(frozen=True)
class Read:
    """An annotation as the runner understands it."""

    level: str
    properties: dict[str, str]
    message: str


def unescaped(text: str) -> str:
    for escape, char in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(escape, char)
    return text


def read(line: str) -> Read:
    """As the runner does: to the first space the command, to the next two colons its properties, then the message."""
    found = COMMAND.fullmatch(line)
    assert found, line
    properties = dict(pair.split("=", 1) for pair in found[2].split(","))
    return Read(found[1], {key: unescaped(value) for key, value in properties.items()}, unescaped(found[3]))


def annotations(report: Report) -> list[Read]:
    return [read(line) for line in render(report, "github").splitlines() if line.startswith("::")]


def many_findings(count: int) -> Report:
    found = [
        JudgedFinding(Finding(Subject("line", str(number)), f"m{number}", check="x", severity=Severity.ERROR), Severity.ERROR)
        for number in range(count)
    ]
    return dataclasses.replace(ready_report(), findings=tuple(found))


def test_annotations_equal_the_golden_file(golden: Golden) -> None:
    golden("reports/sample.github.txt", render(sample_report(), "github"))


def test_finding_annotates_its_line() -> None:
    first = annotations(sample_report())[0]
    assert first.level == "error"
    assert first.properties == {
        "file": "examples/plant-7/lists/windows-images.txt",
        "line": "4",
        "col": "1",
        "title": "foreign-layer-egress",
    }
    assert "Fix: Rewrite the manifest without urls" in first.message


def test_only_active_outcomes_are_annotated_and_undetermined_ones_are_warnings() -> None:
    levels = [read.level for read in annotations(beside_report())]
    assert levels.count("error") == 1
    assert len(annotations(undetermined_report())) == len(list(asked(undetermined_report().undetermined))) == 2
    assert {read.level for read in annotations(undetermined_report())} == {"warning"}
    assert "1 error" in render(beside_report(), "github").splitlines()[-1]
    assert "baselined" in render(beside_report(), "github").splitlines()[-1]


def test_ten_findings_are_annotated_and_the_rest_is_logged() -> None:
    assert len(annotations(many_findings(10))) == 10
    assert "more annotation" not in render(many_findings(10), "github")
    shown = render(many_findings(25), "github").splitlines()
    assert len(annotations(many_findings(25))) == 10
    assert shown[10] == "15 more annotations beyond GitHub's limit:"
    assert shown[11] == "error x: m10"
    assert len(shown) == 10 + 1 + 15 + 1


def test_text_of_a_finding_never_ends_its_field() -> None:
    place = Location("a,line=9::b%3A.txt", 3)
    finding = Finding(Subject("line", "a"), "50%\r\n::error::no", location=place, check="x:y,z", severity=Severity.WARNING)
    (back,) = annotations(dataclasses.replace(ready_report(), findings=(JudgedFinding(finding, Severity.WARNING),)))
    assert back.properties == {"file": "a,line=9::b%3A.txt", "line": "3", "title": "x:y,z"}
    assert back.message == "50%  ::error::no"


@settings(max_examples=60, deadline=None)
@given(reports)
def test_any_report_gives_only_expected_commands(report: Report) -> None:
    lines = render(report, "github").splitlines()
    for level in ("error", "warning", "notice"):
        assert len([line for line in lines if line.startswith(f"::{level} ")]) <= 10
    for line in lines:
        if line.lstrip().startswith("::"):
            read(line)
        else:
            assert "##[" not in line
    active = any(item.is_active for item in report.findings)
    assert (active or bool(report.undetermined)) is bool(annotations(report))
