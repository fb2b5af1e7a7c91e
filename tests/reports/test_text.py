"""The text report: verdict first, worst first, 80 columns, and nothing that steers the terminal."""

from __future__ import annotations

import dataclasses
import re

from hypothesis import given, settings

from auditor.check import Finding, Remedy, Severity, Subject
from auditor.report import Counts, EgressRow, JudgedFinding, Report, StorageStage, Verdict
from reports import render
from tests.conftest import Golden
from tests.reports.sample import ready_report, sample_report, undetermined_report
from tests.reports.strategies import reports


def with_findings(*findings: Finding) -> Report:
    return dataclasses.replace(ready_report(), findings=tuple(JudgedFinding(item, item.severity) for item in findings))


def test_the_golden_file(golden: Golden) -> None:
    golden("reports/sample.txt", render(sample_report(), "text"))


def test_it_fits_80_columns_but_for_commands() -> None:
    for line in render(sample_report(), "text").splitlines():
        assert len(line) <= 80 or line.lstrip().startswith("$ ")


def test_the_verdict_comes_first_and_errors_before_warnings() -> None:
    shown = render(sample_report(), "text")
    assert shown.startswith("NOT READY: 5 errors, 4 warnings, 1 info, 3 undetermined, 1 waived.\n")
    places = [
        shown.index(word) for word in ("What to do first", "\nERROR ", "\nWARNING ", "\nINFO ", "\nUndetermined", "\nWaived")
    ]
    assert places == sorted(places)


def test_undetermined_never_reads_as_ready() -> None:
    shown = render(undetermined_report(), "text")
    assert shown.startswith("UNDETERMINED: 3 undetermined.\nThis is not a pass")
    assert "READY" not in shown
    nothing = dataclasses.replace(undetermined_report(), undetermined=(), counts=Counts(0, 0, 0, 0, 0, 0))
    assert "Nothing was examined" in render(nothing, "text")


def test_ready_says_until_when() -> None:
    shown = render(ready_report(), "text")
    assert shown.startswith("READY: no findings.\n")
    assert "until 2027-06-30" in shown
    assert "What to do first" not in shown


def test_waived_findings_stand_apart_with_owner_and_expiry() -> None:
    head, waived = render(sample_report(), "text").split("Waived: 1 finding")
    assert "certificate-expiring" not in head.split("What to do first")[1].split("Undetermined:")[0]
    assert "platform team, until 2027-03-31: rotation is planned for March" in waived


def test_long_groups_are_folded_and_a_shared_remedy_is_said_once() -> None:
    remedy = Remedy("edit", "Pin it.", ("sed -i s/latest/1/ list",))
    found = (
        Finding("image-unpinned", Severity.WARNING, Subject("line", f"a:{n}"), "Moves.", remedies=(remedy,)) for n in range(47)
    )
    shown = render(with_findings(*found), "text")
    assert "... and 37 more of the same: use --format json" in shown
    assert shown.count("* a:") == 10
    assert shown.count("For each: Pin it.") == 1
    assert shown.count("$ sed -i") == 1


def test_different_remedies_stay_with_their_findings() -> None:
    found = [
        Finding("x", Severity.ERROR, Subject("line", name), "Bad.", remedies=(Remedy("edit", f"Mend {name}."),))
        for name in ("a", "b")
    ]
    shown = render(with_findings(*found), "text")
    assert "Fix: Mend a." in shown
    assert "Fix: Mend b." in shown


def test_a_command_is_never_broken() -> None:
    command = "crane copy " + " ".join(f"registry.example.com/{n}" for n in range(9))
    finding = Finding("x", Severity.ERROR, Subject("image", "a"), "Bad.", remedies=(Remedy("command", "Run it.", (command,)),))
    assert f"      $ {command}\n" in render(with_findings(finding), "text")


def test_outside_text_cannot_paint_or_reorder() -> None:
    evil = Finding("x", Severity.ERROR, Subject("image", "a\x1b[2J\x9bm\u202eb\u200b"), "line\r\nREADY: no findings.\x07")
    shown = render(with_findings(evil), "text")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202e]", shown)
    assert "* a\ufffd[2J\ufffdm\ufffdb\ufffd" in shown
    assert "\nREADY: no findings.\x07" not in shown


def test_colour_adds_codes_and_nothing_else() -> None:
    coloured = render(sample_report(), "text", colour=True)
    assert "\x1b[1;31mNOT READY\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render(sample_report(), "text")


def test_a_verdict_that_fails_only_on_warnings_lists_what_there_is() -> None:
    report = dataclasses.replace(ready_report(), verdict=Verdict.NOT_READY, counts=Counts(0, 1, 0, 0, 0, 3))
    assert render(report, "text").startswith("NOT READY: 1 warning.\n")


def test_storage_says_what_is_full_and_what_is_not_said() -> None:
    stages = {"none": StorageStage("none", 5, 0, "declared"), "some": StorageStage("some", 5, None, "declared")}
    shown = render(dataclasses.replace(ready_report(), storage=stages), "text")
    assert re.search(r"none +5 B +0 B +full +declared", shown)
    assert re.search(r"some +5 B +not said +\? +declared", shown)


def test_a_cell_that_looks_like_a_number_stays_as_it_is() -> None:
    row = EgressRow("10,000", 1, "https", "1,000", "nan", "0x10", "x")
    shown = render(dataclasses.replace(ready_report(), egress=(row,)), "text")
    assert re.search(r"https://10,000:1 +1,000 +0x10", shown)


@settings(max_examples=60, deadline=None)
@given(reports)
def test_any_report_renders_without_control_characters(report: Report) -> None:
    shown = render(report, "text")
    assert all(char == "\n" or char.isprintable() for char in shown)
    shown.encode()
    if report.verdict is not Verdict.READY:
        assert not shown.startswith("READY")
