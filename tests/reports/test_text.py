"""The full text report: verdict first, worst first, limited width, and no control characters."""

from __future__ import annotations

import dataclasses
import re

import pytest
from hypothesis import given, settings

from auditor.check import Finding, Part, Remedy, Role, Severity, Subject, Undetermined
from auditor.errors import Location
from auditor.evidence.model import Kind
from auditor.report import Counts, EgressRow, JudgedFinding, Prospect, Report, StorageStage, TrustRow, Verdict
from reports import render
from reports.folding import everybody
from reports.style import Style
from tests.conftest import Golden
from tests.reports.sample import ready_report, sample_report, undetermined_report
from tests.reports.strategies import reports


def with_findings(*findings: Finding) -> Report:
    return dataclasses.replace(ready_report(), findings=tuple(JudgedFinding(item, item.severity) for item in findings))


def test_text_equals_the_golden_file(golden: Golden) -> None:
    golden("reports/sample.full.txt", render(sample_report(), "text=full"))


@pytest.mark.parametrize("columns", [60, 80, 100, 200])
def test_text_fits_the_width_except_commands(columns: int) -> None:
    for line in render(sample_report(), "text=full", Style(width=columns)).splitlines():
        assert len(line) <= columns or line.lstrip().startswith("$ ")


def test_verdict_comes_first_and_errors_before_warnings() -> None:
    shown = render(sample_report(), "text=full")
    assert shown.startswith("NOT READY: 5 errors, 4 warnings, 1 info, 3 undetermined, 1 waived.\n")
    places = [
        shown.index(word) for word in ("What to do first", "\nERROR ", "\nWARNING ", "\nINFO ", "-- Undetermined", "-- Waived")
    ]
    assert places == sorted(places)


def test_undetermined_is_never_shown_as_ready() -> None:
    shown = render(undetermined_report(), "text=full")
    assert shown.startswith("UNDETERMINED: 3 undetermined.\nThis is not a pass")
    assert "READY" not in shown
    nothing = dataclasses.replace(undetermined_report(), undetermined=(), counts=Counts(0, 0, 0, 0, 0, 0))
    assert "Nothing was examined" in render(nothing, "text=full")


def test_ready_states_its_end_date() -> None:
    shown = render(ready_report(), "text=full")
    assert shown.startswith("READY: no findings.\n")
    assert "until 2027-06-30" in shown
    assert "What to do first" not in shown


def test_waived_findings_are_separate_with_owner_and_expiry() -> None:
    head, waived = render(sample_report(), "text=full").split("Waived: 1 finding")
    assert "certificate-expiring" not in head.split("What to do first")[1].split("Undetermined:")[0]
    assert "platform team, until 2027-03-31: rotation is planned for March" in " ".join(waived.split())


@pytest.mark.parametrize(("severity", "shown"), [(Severity.ERROR, 5), (Severity.WARNING, 3), (Severity.INFO, 1)])
def test_long_groups_are_folded_and_a_shared_remedy_is_shown_once(severity: Severity, shown: int) -> None:
    remedy = Remedy("edit", "Pin it.", ("sed -i s/latest/1/ list",))
    found = (
        Finding(Subject("line", f"a:{n}"), "Moves.", remedies=(remedy,), check="image-unpinned", severity=severity)
        for n in range(47)
    )
    text = render(with_findings(*found), "text=full")
    rest = 47 - shown
    assert f"... and {rest} more: a:{shown}, a:{shown + 1}, a:{shown + 2}, a:{shown + 3} and {rest - 4} more" in text
    assert text.count("* a:") == shown
    assert text.count("Moves.") == 1
    assert text.count("Fix for each: Pin it.") == 1
    assert text.count("$ sed -i") == (severity is Severity.ERROR)


def test_shared_remedy_has_the_commands_of_every_shown_finding() -> None:
    found = [
        Finding(
            Subject("image", f"a:{n}"),
            f"Bad {n}.",
            remedies=(Remedy("copy", "Copy.", (f"crane {n}",)),),
            check="x",
            severity=Severity.ERROR,
        )
        for n in range(9)
    ]
    text = render(with_findings(*found), "text=full")
    assert [f"$ crane {n}" in text for n in range(9)] == [True] * 5 + [False] * 4
    assert text.count("Copy.") == 1
    one = [
        dataclasses.replace(found[0], remedies=(Remedy("copy", "Copy.", tuple(f"crane {n}" for n in range(9))),)),
    ]
    assert "... and 4 more commands: --format html or json shows all" in render(with_findings(*one), "text=full")


def test_findings_that_differ_only_in_pool_and_client_share_an_entry() -> None:
    found = [
        Finding(
            Subject("endpoint", "r:5000", platform, pool),
            f"{client} on {pool} never fetches certificates.",
            facts={"client": client},
            remedies=(Remedy("edit", f"Change {pool}."),),
            check="chain-incomplete",
            severity=Severity.ERROR,
        )
        for pool, platform in (("a", "linux/amd64"), ("b", "windows/amd64"))
        for client in ("containerd", "kubelet")
    ]
    text = render(with_findings(*found), "text=full")
    assert "ERROR chain-incomplete (4): no title\n  * r:5000 for a and b\n" in text
    assert "containerd on a never fetches certificates. Also affected: kubelet on a;" in text
    assert "containerd, kubelet on b." in " ".join(text.split())
    assert "Fix for a (adapt it for the others): Change a." in text


def test_findings_with_different_facts_are_shown_separately() -> None:
    found = [
        Finding(
            Subject("image", "i:1", "", pool),
            facts={"build": build},
            parts=(Part(f"{pool} runs build {build}.", names_who=True), Part("It says: no match.", Role.SYMPTOM)),
            check="x",
            severity=Severity.ERROR,
        )
        for pool, build in (("a", 1), ("b", 2), ("c", 3), ("d", 3))
    ]
    text = render(with_findings(*found), "text=full")
    assert "a runs build 1. It says: no match." in text
    assert "    b runs build 2.\n" in text
    assert "... also affected, with other details: c and d" in text


def test_messages_without_facts_are_folded_only_if_they_are_equal() -> None:
    found = [
        Finding(Subject("image", "i:1", "", pool), f"It runs build {build}.", check="x", severity=Severity.ERROR)
        for pool, build in (("a", 1), ("b", 2), ("c", 2))
    ]
    text = render(with_findings(*found), "text=full")
    assert "a: It runs build 1." in text or "It runs build 1." in text
    assert "It runs build 2. Also affected: c." in text or "It runs build 2. Also affected: b, c." in text


def test_part_without_names_states_its_subjects() -> None:
    found = [
        Finding(
            Subject("endpoint", "e:1", "", pool),
            facts={"said": pool == "a"},
            parts=(Part("It is bad."), Part(f"It says: {pool == 'a'}.", Role.SYMPTOM)),
            check="x",
            severity=Severity.ERROR,
        )
        for pool in ("a", "b")
    ]
    assert "    a: It is bad. It says: True.\n    b: It says: False.\n" in render(with_findings(*found), "text=full")


def test_part_with_a_known_key_is_left_out() -> None:
    found = [
        Finding(
            Subject("layer", f"l:{n}"),
            parts=(Part(f"A layer ({n} MB) is bad."), Part(f"A node says: Get https://h/{n}", Role.SYMPTOM, "a node says")),
            check="x",
            severity=Severity.ERROR,
        )
        for n in range(2)
    ]
    text = render(with_findings(*found), "text=full")
    assert "A layer (0 MB) is bad. A node says: Get https://h/0\n" in text
    assert "A layer (1 MB) is bad.\n" in text


def test_entry_with_known_parts_only_still_names_its_clients() -> None:
    found = [
        Finding(
            Subject("endpoint", f"e:{n}", "", "p"), "It fails.", facts={"client": client}, check="x", severity=Severity.ERROR
        )
        for n in range(2)
        for client in ("curl", "kubelet")
    ]
    assert "* e:1 for p\n    Also affected: curl, kubelet on p.\n" in render(with_findings(*found), "text=full")


def test_locations_are_relative_to_the_plan_only_if_all_can_be() -> None:
    inside = Finding(Subject("line", "a"), "Bad.", location=Location("site/lists/a.txt", 1), check="x", severity=Severity.ERROR)
    outside = dataclasses.replace(inside, subject=Subject("line", "b"), location=Location("b.txt", 2))
    report = dataclasses.replace(with_findings(inside), plan_path="site/plan.yaml")
    assert "Locations are relative to site/" in " ".join(render(report, "text=full").split())
    assert "* a at lists/a.txt:1\n" in render(report, "text=full")
    both = dataclasses.replace(with_findings(inside, outside), plan_path="site/plan.yaml")
    assert "Places are relative" not in render(both, "text=full")
    assert "* a at site/lists/a.txt:1\n" in render(both, "text=full")


def test_digests_are_shortened_with_a_note_but_never_in_commands() -> None:
    digest = f"sha256:{'0123456789abcdef' * 4}"
    finding = Finding(
        Subject("layer", digest),
        f"Bad: {digest}.",
        remedies=(Remedy("copy", "Do.", (f"get {digest}",)),),
        check="x",
        severity=Severity.ERROR,
    )
    text = render(with_findings(finding), "text=full")
    assert "* sha256:0123456789ab…\n    Bad: sha256:0123456789ab….\n" in text
    assert f"$ get {digest}\n" in text


def test_equal_undetermined_outcomes_are_shown_once() -> None:
    rows = tuple(
        Undetermined(
            Subject("endpoint", "e:1", "linux/amd64", pool), Kind.DENIED, f"{pool} may not.", fold=("may not",), check="x"
        )
        for pool in ("a", "a", "b")
    )
    text = render(dataclasses.replace(undetermined_report(), undetermined=rows), "text=full")
    assert "* e:1 for a and b (x, 3 times): a may not.\n" in text
    many = tuple(dataclasses.replace(rows[0], subject=Subject("image", f"i:{n}", "linux/amd64")) for n in range(8))
    text = render(dataclasses.replace(undetermined_report(), undetermined=many), "text=full")
    assert "* i:0 on linux/amd64 (x): a may not.\n" in text
    assert "... and 3 more checks: --format html or json shows all" in text


def test_egress_and_trust_refer_to_findings_that_quote_the_symptom() -> None:
    finding = Finding(
        Subject("endpoint", "e:1"), "Bad.", facts={"symptom": "tls: no"}, check="chain-incomplete", severity=Severity.ERROR
    )
    report = dataclasses.replace(
        with_findings(finding),
        egress=(EgressRow("h", 80, "http", "p (curl)", "", "tls: no", "chain-incomplete"),),
        trust=(
            TrustRow("e:1", "p", "curl", Prospect.FAILS, (), (), "tls: no"),
            TrustRow("e:1", "q", "curl", Prospect.FAILS, (), (), "tls: no"),
            TrustRow("e:1", "r", "curl", Prospect.FAILS, (), (), "something else"),
        ),
    )
    text = render(report, "text=full")
    assert re.search(r"http://h +p \(curl\) +see chain-incomplete", text)
    assert "fails         curl on p and q\n    fails         curl on r: something else\n" in text


def test_many_pools_are_counted_and_not_listed() -> None:
    assert everybody([("", f"p{n}") for n in range(9)]) == "p0, p1, p2, p3, p4, p5 and 3 more"
    assert everybody([("curl", "a"), ("kubelet", "a"), ("curl", "b"), ("curl", "")]) == "curl, kubelet on a; curl on b; curl"
    assert everybody([("", "")]) == ""


def test_different_remedies_stay_with_their_findings() -> None:
    found = [
        Finding(
            Subject("line", name), "Bad.", remedies=(Remedy("edit", f"Change {name}."),), check="x", severity=Severity.ERROR
        )
        for name in ("a", "b")
    ]
    shown = render(with_findings(*found), "text=full")
    assert "Fix: Change a." in shown
    assert "Fix: Change b." in shown


def test_command_is_never_wrapped() -> None:
    command = "crane copy " + " ".join(f"registry.example.com/{n}" for n in range(9))
    finding = Finding(
        Subject("image", "a"), "Bad.", remedies=(Remedy("command", "Run it.", (command,)),), check="x", severity=Severity.ERROR
    )
    assert f"      $ {command}\n" in render(with_findings(finding), "text=full")


def test_external_text_cannot_colour_or_reorder_the_output() -> None:
    evil = Finding(
        Subject("image", "a\x1b[2J\x9bm\u202eb\u200b"), "line\r\nREADY: no findings.\x07", check="x", severity=Severity.ERROR
    )
    shown = render(with_findings(evil), "text=full")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202e]", shown)
    assert "* a\ufffd[2J\ufffdm\ufffdb\ufffd" in shown
    assert "\nREADY: no findings.\x07" not in shown


def test_colour_adds_only_escape_codes() -> None:
    coloured = render(sample_report(), "text=full", Style(colour=True))
    assert "\x1b[1;31mNOT READY\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render(sample_report(), "text=full")


def test_verdict_that_fails_on_warnings_only_lists_them() -> None:
    report = dataclasses.replace(ready_report(), verdict=Verdict.NOT_READY, counts=Counts(0, 1, 0, 0, 0, 3))
    assert render(report, "text=full").startswith("NOT READY: 1 warning.\n")


def test_storage_states_full_and_undeclared_disks() -> None:
    stages = {"none": StorageStage("none", 5, 0, "declared"), "some": StorageStage("some", 5, None, "declared")}
    shown = render(dataclasses.replace(ready_report(), storage=stages), "text=full")
    assert re.search(r"none +5 B +0 B +full +declared", shown)
    assert re.search(r"some +5 B +unknown +\? +declared", shown)


def test_cell_that_looks_like_a_number_is_unchanged() -> None:
    row = EgressRow("10,000", 1, "https", "1,000", "nan", "0x10", "x")
    shown = render(dataclasses.replace(ready_report(), egress=(row,)), "text=full")
    assert re.search(r"https://10,000:1 +1,000 +0x10", shown)


@settings(max_examples=60, deadline=None)
@given(reports)
def test_any_report_renders_without_control_characters(report: Report) -> None:
    shown = render(report, "text=full")
    assert all(char == "\n" or char.isprintable() for char in shown)
    shown.encode()
    if report.verdict is not Verdict.READY:
        assert not shown.startswith("READY")
