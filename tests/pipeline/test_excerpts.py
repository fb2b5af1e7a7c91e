"""Quoted lines of the user's files: without secrets, cut around the fault, and drawn with a caret at the right column."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.check import Finding, Severity, Subject
from auditor.errors import Location
from auditor.pipeline.excerpts import LONGEST, excerpt_of, excerpts_of
from auditor.plan.load import load_plan_files
from auditor.report import JudgedFinding, Report
from auditor.report.excerpt import Excerpt
from reports.text.excerpts import drawn
from reports.text.ink import Ink
from reports.text.layout import breadth, wide
from tests.reports.sample import ready_report

PLAN = b"version: 1\npools: {p: {platform: linux/amd64}}\nimages: [{list: lists/a.txt, pools: [p]}]\n"


def report_at(*places: Location) -> Report:
    found = (Finding(Subject("line", ""), "m", check="x", severity=Severity.ERROR, location=at) for at in places)
    return dataclasses.replace(ready_report(), findings=tuple(JudgedFinding(one, Severity.ERROR) for one in found))


def quoted(data: bytes, line: int, column: int = 1) -> Excerpt | None:
    plan = load_plan_files("plan.yaml", {"plan.yaml": PLAN, "lists/a.txt": b"busybox:1\n"})
    plan = dataclasses.replace(plan, files={**plan.files, "lists/a.txt": data})
    at = Location("lists/a.txt", line, column)
    return excerpts_of(plan, report_at(at)).get(at)


@pytest.mark.parametrize(
    ("data", "line", "text"),
    [
        (b"one\r\ntwo\r\n", 2, "two"),
        (b"\xef\xbb\xbfone\n", 1, "one"),
        ("one\nzwö\n".encode("utf-16"), 2, "zwö"),
        (b"caf\xe9\n", 1, "caf\ufffd"),
        (b"\tx\x1b[31my\n", 1, " x\ufffd[31my"),
        (b"https://user:S3cr3tPassw0rd@ghcr.io/a\n", 1, "https://***@ghcr.io/a"),
    ],
)
def test_line_is_quoted_without_control_characters_and_secrets(data: bytes, line: int, text: str) -> None:
    found = quoted(data, line)
    assert found is not None
    if "***" in text:
        assert "S3cr3tPassw0rd" not in found.text
        assert found.text.startswith("https://")
    else:
        assert found.text == text


@pytest.mark.parametrize(("data", "line"), [(b"a\x00b\n", 1), (b"one\n", 7), (b"", 3), (b"x" * 5_000_000, 1)])
def test_what_is_no_text_or_does_not_exist_is_not_quoted(data: bytes, line: int) -> None:
    assert quoted(data, line) is None


def test_key_over_several_lines_is_not_quoted() -> None:
    key = b"-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\n-----END PRIVATE KEY-----\n"
    found = quoted(key, 2)
    assert found is None or "MIIEvQ" not in found.text


def test_values_of_workloads_are_not_quoted() -> None:
    manifest = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n"
        "    - {name: c, args: [--token, hunter2hunter], image: 'ghcr.io/a/b:1'}\n"
    )
    files = {
        "plan.yaml": PLAN + b"workloads: [{manifests: deploy}]\n",
        "lists/a.txt": b"busybox:1\n",
        "deploy/p.yaml": manifest.encode(),
    }
    at = Location("deploy/p.yaml", 6, manifest.splitlines()[5].index("'ghcr") + 1)
    found = excerpts_of(load_plan_files("plan.yaml", files), report_at(at))[at]
    assert "hunter2" not in found.text
    assert found.text[found.column - 1 :].startswith("'ghcr.io/a/b:1'")


def test_files_outside_the_plan_are_not_read() -> None:
    plan = load_plan_files("plan.yaml", {"plan.yaml": PLAN, "lists/a.txt": b"busybox:1\n"})
    report = report_at(Location("/etc/passwd", 1), Location("../../etc/passwd", 1), Location("lists/../../x", 1))
    assert excerpts_of(plan, report) == {}


@given(
    st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), max_size=900),
    st.integers(0, 950),
    st.text(max_size=4),
)
def test_excerpt_is_bounded_and_marks_a_part_of_it(line: str, column: int, subject: str) -> None:
    found = excerpt_of(line, column, subject)
    assert len(found.text) <= LONGEST
    assert 0 <= found.column <= len(found.text) + 1
    assert 1 <= found.length <= LONGEST


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=300), st.integers(0, 301), st.integers(60, 200))
def test_drawing_fits_the_width_and_the_caret_is_below_the_column(text: str, column: int, columns: int) -> None:
    at = Location("a", 123, column)
    with wide(columns):
        lines = list(drawn(at, Excerpt(text, min(column, len(text)), 3), "    ", Ink()))
    assert 1 <= len(lines) <= 2
    assert all(breadth(line) <= columns for line in lines)


def test_caret_is_below_a_word_after_wide_characters() -> None:
    with wide(60):
        lines = list(drawn(Location("a", 7, 4), Excerpt("工厂 app:1", 4, 5), "", Ink()))
    assert lines == ["7 | 工厂 app:1", "  |      ^^^^^"]


def test_fault_far_to_the_right_stays_visible() -> None:
    with wide(60):
        first, second = drawn(Location("a", 7, 181), excerpt_of("x " * 90 + "fault" + " y" * 90, 181, "fault"), "", Ink())
    assert "fault" in first
    assert second.index("^") == first.index("fault")
    assert second.count("^") == 5
