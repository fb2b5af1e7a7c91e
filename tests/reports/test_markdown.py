"""The comment: within GitHub's limit, omitted findings are counted, and external text adds no markup. Read by markdown-it."""

from __future__ import annotations

import dataclasses
import re

import pytest
from hypothesis import given, settings
from markdown_it import MarkdownIt

from auditor.check import Finding, Severity, Subject
from auditor.report import JudgedFinding, Report
from reports import render
from reports.markdown import MOST, code, escaped
from reports.wording import asked
from tests.conftest import Golden
from tests.reports.sample import beside_report, ready_report, sample_report
from tests.reports.strategies import reports

READER = MarkdownIt("commonmark").enable("table").enable("strikethrough")
OURS = re.compile(r"</?details>|</?summary>|<!-- -->")
TAGS = re.compile(r"<(/?[a-zA-Z!][^\s>/]*)")
EXPECTED = {"h2", "h3", "p", "ul", "li", "code", "em", "strong", "details", "summary", "!--"}
EXPECTED |= {"table", "thead", "tbody", "tr", "th", "td"}  # the calendar


def tags(shown: str) -> set[str]:
    return {tag.lstrip("/") for tag in TAGS.findall(READER.render(shown))}


def many_findings(count: int, message: str) -> Report:
    found = [
        JudgedFinding(Finding(Subject("line", str(number)), message, check="x", severity=Severity.ERROR), Severity.ERROR)
        for number in range(count)
    ]
    return dataclasses.replace(sample_report(), findings=tuple(found))


def test_markdown_equals_the_golden_file(golden: Golden) -> None:
    golden("reports/sample.md", render(sample_report(), "markdown"))


def test_verdict_and_every_section_are_present() -> None:
    shown = render(beside_report(), "markdown")
    assert shown.startswith("## ❌ NOT READY: 1 error, ")
    for heading in (
        "### Errors (1)",
        "### Warnings (4)",
        "Baselined: already in the baseline (4)",
        "Waived (1)",
        "Information (1)",
    ):
        assert heading in shown
    assert "### Undetermined: not counted as passed (3)" in shown
    assert "Left out" not in shown
    assert "Errors" not in render(ready_report(), "markdown")


@pytest.mark.parametrize("message", ["m" * 900, "ß*" * 400])
def test_omitted_findings_are_counted(message: str) -> None:
    shown = render(many_findings(500, message), "markdown")
    assert len(shown.encode()) <= MOST
    found = re.search(r"Omitted because of GitHub's size limit: (\d+) findings and questions", shown)
    assert found
    assert len(re.findall("^- `", shown, re.MULTILINE)) + int(found[1]) == 500 + len(list(asked(sample_report().undetermined)))
    assert shown.rstrip().splitlines()[-1].startswith("163 subjects examined")


@pytest.mark.parametrize(
    "text", ["*a*", "_a_", "[a](http://b)", "![a](b)", "<b>", "&lt;", "`a`", "a | b", "~~a~~", "\\*", "<!-- a", "# a", "$a$"]
)
def test_external_text_is_shown_literally(text: str) -> None:
    html = READER.renderInline(escaped(text))
    assert html == text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def test_external_text_mentions_no_user() -> None:
    assert escaped("@team and (@you), not a@b") == "@<!-- -->team and (@<!-- -->you), not a@b"


@pytest.mark.parametrize("text", ["a", "a`b", "``", "`a`", "a``b`"])
def test_code_span_holds_any_text(text: str) -> None:
    assert READER.renderInline(code(text)) == f"<code>{text}</code>"


@settings(max_examples=80, deadline=None)
@given(reports)
def test_any_report_fits_and_adds_no_markup(report: Report) -> None:
    shown = render(report, "markdown")
    assert len(shown.encode()) <= MOST
    assert tags(shown) <= EXPECTED
    assert OURS.sub("", "".join(re.findall(r"<[^>`]*>", READER.render(shown)))).count("<a ") == 0
