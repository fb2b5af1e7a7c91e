"""The HTML report as a document: its policy, its structure, its escaping."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import html
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings

from auditor.check import HEADINGS, Finding, Remedy, Severity, Subject, Undetermined
from auditor.evidence.model import Kind
from auditor.report import (
    Cell,
    CellStatus,
    EgressRow,
    ImageRow,
    JudgedFinding,
    Prospect,
    Report,
    Status,
    StorageItem,
    StorageStage,
    TrustRow,
)
from reports import render, summary
from reports.html import matrix as matrices
from reports.html import shapes
from reports.html.firewall import by_host
from reports.html.page import coded, examines, paragraphs
from reports.standings import FOREIGN
from tests.reports.sample import ready_report, sample_report, undetermined_report
from tests.reports.strategies import reports

_VOID = {"meta", "input", "rect", "br"}
_OPTIONAL = {"tr", "td", "th", "li", "dt", "dd", "p"}  # long lists leave out the end tags that HTML lets them leave out


class Document(HTMLParser):
    """Tags, ids and texts; fails on an element that is closed but not open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID | _OPTIONAL:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in _OPTIONAL:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self.open[-1] if self.open else "", []).append(data)

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]


@pytest.fixture(scope="module")
def shown() -> str:
    return render(sample_report(), "html")


def test_content_policy_allows_exactly_the_inlined_parts(shown: str) -> None:
    document = Document(shown)
    policy = next(meta["content"] or "" for meta in document.all("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    inlined = [*document.texts["style"], *document.texts["script"]]
    assert len(inlined) == 3
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in inlined]
    assert re.findall(r"'sha256-([^']+)'", policy) == hashes


def test_page_has_no_external_link_and_no_inline_style_or_handler(shown: str) -> None:
    for tag, attributes in Document(shown).tags:
        assert tag not in {"link", "img", "iframe", "object", "base"}
        assert not [name for name in attributes if name == "style" or name.startswith("on") or name == "src"]
        assert (attributes.get("href") or "#").startswith("#")


def test_every_link_has_a_target_and_every_control_a_label(shown: str) -> None:
    document = Document(shown)
    ids = [attributes["id"] for _, attributes in document.tags if attributes.get("id")]
    assert len(ids) == len(set(ids))
    assert {(link["href"] or "")[1:] for link in document.all("a")} <= set(ids)
    assert len(document.all("label")) == len(document.all("input")) + len(document.all("select"))
    assert document.all("html") == [{"lang": "en"}]
    assert len(document.all("h1")) == 1


def test_full_report_has_all_sections(shown: str) -> None:
    ids = {attributes.get("id") for attributes in Document(shown).all("h2")}
    assert ids == {
        "verdict",
        "scope",
        "site",
        "evidence",
        "method",
        "first",
        "findings",
        "undetermined",
        "images",
        "calendar",
        "egress",
        "storage",
        "trust",
        "waived",
        "unexamined",
        "checks",
        "appendix",
    }
    assert sample_report().plan_sha256 in shown
    assert "regctl image mod" in shown


def test_minimal_report_has_no_empty_sections() -> None:
    shown = render(ready_report(), "html")
    assert [attributes.get("id") for attributes in Document(shown).all("h2")] == [
        "verdict",
        "evidence",
        "scope",
        "method",
        "appendix",
    ]
    assert "READY" in shown


def test_undetermined_is_never_shown_as_ready() -> None:
    shown = render(undetermined_report(), "html")
    assert "UNDETERMINED" in shown
    assert "READY" not in shown
    assert "This is not a pass" in shown


def test_matrix_has_every_cell_once() -> None:
    report = sample_report()
    matrix = matrices.matrix(report)
    assert [column.pool for column in matrix.columns] == ["control", "win2022", "win2025"]
    assert sum(len(cells) for row in matrix.rows for cells in row.cells) == sum(len(row.platforms) for row in report.images)
    assert (matrix.columns[2].images, matrix.columns[2].open) == (5, 3)
    assert sum(row.findings for row in matrix.rows) == 8


def test_images_are_grouped_by_fault_and_by_need() -> None:
    matrix = matrices.matrix(sample_report())
    assert matrix.sources == ("list examples/plant-7/lists/images.txt",)
    wrong = [[matrix.troubles[place] for place in row.wrong] for row in matrix.rows]
    assert wrong[0] == ["absent: 404 MANIFEST_UNKNOWN"]
    assert ["build-mismatch: the index has 10.0.17763.5206 only", FOREIGN] in wrong
    assert wrong[-1] == [matrices.NOTHING_WRONG]


def test_images_with_the_worst_problem_are_first() -> None:
    rows = matrices.matrix(sample_report()).rows
    worst = [min(matrices.rank(matrices.word(cell)) for cells in row.cells for cell in cells) for row in rows]
    assert worst == sorted(worst)
    assert {row.image.reference for row in rows} == {row.reference for row in sample_report().images}


def test_cell_with_foreign_layers_is_not_called_ok() -> None:
    shown = matrices.matrix(sample_report()).statuses
    assert list(shown) == sorted(shown, key=matrices.rank)
    assert shown[FOREIGN] == 2
    assert matrices.word(Cell("windows/amd64", "win", CellStatus.BLOCKED, foreign_layers=1)) == "blocked"


def test_too_many_group_titles_are_replaced_by_wider_ones() -> None:
    report = sample_report()
    images = tuple(
        ImageRow(
            f"r/a:{number}",
            "",
            (f"manifest deploy/{number}.yaml:3:1",),
            (Cell("linux/amd64", "a", CellStatus.ABSENT, detail=str(number)),),
        )
        for number in range(matrices.MOST_TITLES + 50)
    )
    matrix = matrices.matrix(dataclasses.replace(report, images=images))
    assert len(matrix.sources) == len(matrix.troubles) == matrices.MOST_TITLES + 1
    assert "manifest, other" in matrix.sources
    assert "absent, other" in matrix.troubles
    assert all(row.needed and row.wrong for row in matrix.rows)


def test_detail_with_the_image_name_is_one_reason_for_all_images() -> None:
    images = tuple(
        ImageRow(f"r/a:{number}", "", (), (Cell("linux/amd64", "a", CellStatus.ABSENT, detail=f"404 for r/a:{number}"),))
        for number in range(3)
    )
    assert matrices.matrix(dataclasses.replace(sample_report(), images=images)).troubles == ("absent: 404 for …",)


def test_cell_with_foreign_layers_is_not_shown_as_passed() -> None:
    assert matrices.cell_tone(Cell("windows/amd64", "win", CellStatus.OK, foreign_layers=1)) == "w"
    assert matrices.cell_tone(Cell("windows/amd64", "win", CellStatus.OK)) == "o"
    assert shapes.tone("a status of a later version") == "u"


def test_bars_are_to_scale() -> None:
    half = shapes.bar(StorageStage("s", 50, 100, "", (StorageItem("a", 25), StorageItem("b", 20))))
    assert (half.used, half.limit, half.over) == (500, 1000, 0)
    assert [(part.start, part.width) for part in half.parts] == [(0, 250), (250, 200)]
    over = shapes.bar(StorageStage("s", 200, 100, ""))
    assert (over.used, over.limit, over.over) == (1000, 500, 500)
    assert shapes.bar(StorageStage("s", 0, None, "")).over == 0
    assert shapes.share(StorageStage("s", 5, 0, "")) == "of 0 B: 5 B over capacity"


def test_facts_are_formatted_as_text() -> None:
    assert [shapes.fact(value) for value in (True, False, ("a", "b"), 5, "x")] == ["yes", "no", "a, b", "5", "x"]


def test_check_page_becomes_headings_paragraphs_and_items() -> None:
    page = f"Title line\nof two.\n\n## {HEADINGS[0]}\nWords\nand words.\n- one\n  more\n* two\n\n{HEADINGS[1]}\nLast."
    assert paragraphs(page) == (
        ("p", "Title line of two."),
        ("h3", HEADINGS[0]),
        ("p", "Words and words."),
        ("li", "one more"),
        ("li", "two"),
        ("h3", HEADINGS[1]),
        ("p", "Last."),
    )
    assert paragraphs("") == ()


def test_backticks_mark_code_and_all_text_is_escaped() -> None:
    assert coded("Run `auditor <collect>` & `wait`, `") == "Run <code>auditor &lt;collect&gt;</code> &amp; <code>wait</code>, `"


def test_every_row_of_a_long_list_is_one_line(shown: str) -> None:
    rows = [line for line in shown.splitlines() if line.startswith(("<tr data-", "<li data-"))]
    report = sample_report()
    assert len(rows) == len(report.images) + len(shapes.asked(report)) + len(summary.active(report))


def test_large_matrix_stays_small() -> None:
    report = sample_report()
    big = dataclasses.replace(report, images=report.images * 100)
    grown = len(render(big, "html")) - len(render(report, "html"))
    assert grown / (99 * len(report.images)) < 450  # bytes for an image with its digest, its reason and up to three pools


@settings(max_examples=50, deadline=None)
@given(reports)
def test_any_report_is_a_complete_document_without_injected_tags(report: Report) -> None:
    shown = render(report, "html")
    shown.encode()
    document = Document(shown)
    assert not document.open
    assert len(document.all("script")) == 2
    assert not document.all("img")
    assert all(char == "\n" or char.isprintable() for char in shown)


def test_rows_with_equal_text_are_merged_and_name_all_subjects() -> None:
    report = sample_report()
    trust = tuple(TrustRow("e:1", f"p{n}", "curl", Prospect.FAILS, (), (), "no") for n in range(9))
    egress = tuple(EgressRow("h", 80, "http", f"p{n}", "why", "end", "x") for n in range(9))
    rows = tuple(Undetermined(Subject("endpoint", "e:1", "", f"p{n}"), Kind.DENIED, "no", check="x") for n in range(9))
    report = dataclasses.replace(report, trust=trust, egress=egress, undetermined=rows)
    pools = ", ".join(f"p{n}" for n in range(9))
    ways = [way for _, sides in shapes.endpoints(report) for side in sides for way in side.ways]
    assert [sight.who for way in ways for sight in way.sights] == ["curl on p0, p1, p2, p3, p4, p5, p6, p7 and p8"]
    assert [", ".join(row.initiators) for host in by_host(report.egress) for row in host.rows] == [pools]
    assert [", ".join(question.pools) for question in shapes.asked(report)] == [pools]
    assert "<small>9 questions</small>" in render(report, "html")


def test_passed_check_does_not_have_the_title_of_a_fault() -> None:
    shown = render(sample_report(), "html")
    passed = next(row for row in sample_report().checks if row.status is Status.PASSED)
    line = next(line for line in shown.splitlines() if f"<code>{passed.rule.id}</code>" in line and "<summary>" in line)
    assert f"</code> {passed.rule.title}" not in line
    assert "subjects examined" in line
    assert examines(passed.rule.page) in html.unescape(line)
    assert f"Fault: {passed.rule.title}." in html.unescape(shown)


def test_alternative_remedy_has_one_or() -> None:
    finding = Finding(
        Subject("line", "a"),
        "m",
        remedies=(Remedy("edit", "Do."), Remedy("edit", "Or not.")),
        check="x",
        severity=Severity.ERROR,
    )
    shown = render(dataclasses.replace(ready_report(), findings=(JudgedFinding(finding, Severity.ERROR),)), "html")
    assert "<b>Or</b> not." in shown
