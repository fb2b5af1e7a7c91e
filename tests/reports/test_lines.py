"""One line per finding: read back with the pattern that editors use, for any report."""

from __future__ import annotations

import re

from hypothesis import given, settings

from auditor.report import Report
from reports import render
from reports.headline import title
from tests.conftest import Golden
from tests.reports.sample import beside_report, ready_report, sample_report
from tests.reports.strategies import reports

LINE = re.compile(
    r"(?P<file>.*?)(?::(?P<line>\d+))?(?::(?P<column>\d+))?: (?P<level>error|warning|info|undetermined): .* \[.*\]"
)


def test_lines_equal_the_golden_file(golden: Golden) -> None:
    golden("reports/sample.lines.txt", render(sample_report(), "lines"))


def test_finding_is_at_its_line() -> None:
    first = LINE.fullmatch(render(sample_report(), "lines").splitlines()[0])
    assert first is not None
    assert first.group("file", "line", "column", "level") == (
        "examples/plant-7/lists/windows-images.txt",
        "4",
        "1",
        "error",
    )


def test_only_active_outcomes_have_a_line() -> None:
    assert render(ready_report(), "lines").count("\n") == 1
    *found, last = render(beside_report(), "lines").splitlines()
    assert len([line for line in found if ": error: " in line]) == 1
    assert "1 error" in last


@settings(max_examples=60, deadline=None)
@given(reports)
def test_hostile_text_never_adds_a_line(report: Report) -> None:
    *found, last = render(report, "lines").split("\n")[:-1]
    assert all(LINE.fullmatch(line) for line in found)
    assert title(report) in last
    active = any(item.is_active for item in report.findings)
    assert (active or bool(report.undetermined)) is bool(found)
