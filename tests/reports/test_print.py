"""The HTML report on paper, as a PDF and without JavaScript: it is complete."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from pypdf import PdfReader

from auditor.testing import site_of
from tests.cli.runner import EXAMPLE, auditor
from tests.peers.browser import visit
from tests.policy.scopes import COMPLETE, audited
from tests.reports.html_pages import images, write
from tests.reports.large import large_report
from tests.reports.sample import sample_report
from tests.reports.sample_sections import BASIS

pytestmark = pytest.mark.peer


EVERYTHING = "Print everything"


def test_print_of_everything_shows_all_rows_and_opens_folded_parts(browser: Browser, tmp_path: Path) -> None:
    with visit(browser, write(tmp_path, large_report(120, 60, 60))) as seen:
        seen.page.get_by_label(EVERYTHING).check()
        seen.page.locator('form[data-for="matrix"]').get_by_label("Group by").select_option("problem")
        assert images(seen.page) == []
        seen.page.emulate_media(media="print")
        expect(seen.page.locator("#matrix tr.open").first).to_be_visible(timeout=30_000)
        expect(seen.page.locator("#found li:visible")).to_have_count(60)
        assert len(set(images(seen.page))) == 120
        assert not seen.page.locator("nav").is_visible()
        assert seen.page.locator("form:visible, input:visible, button:not(.fold *):visible").count() == 0
        assert seen.page.locator("details:not([open], .checks *)").count() == 0
        seen.page.emulate_media(media="screen")
        expect(seen.page.locator("details[open]")).to_have_count(0)
        assert images(seen.page) == []


def test_print_is_cut_to_the_first_rows_and_says_so(browser: Browser, tmp_path: Path) -> None:
    with visit(browser, write(tmp_path, large_report(250, 150, 60))) as seen:
        expected = images(seen.page)[:200]
        seen.page.emulate_media(media="print")
        expect(seen.page.locator(".sign")).to_be_visible()
        expect(seen.page.get_by_text("50 more images are not printed")).to_be_visible()
        assert images(seen.page) == expected
        assert seen.page.locator("#found li:visible").count() == 10 * 5
        expect(seen.page.get_by_text("100 more findings are not printed")).to_be_visible()
        expect(seen.page.locator("section[aria-labelledby=method] ul")).to_be_visible()
        assert not seen.page.locator("#found pre:visible").count()
        seen.page.emulate_media(media="screen")
        expect(seen.page.get_by_text("are not printed")).to_have_count(3)
        expect(seen.page.get_by_text("50 more images are not printed")).to_be_hidden()


@pytest.mark.parametrize("paper", [703, 728])  # A4 and Letter between their margins, in pixels
def test_print_cuts_nothing_off(browser: Browser, tmp_path: Path, paper: int) -> None:
    with visit(browser, write(tmp_path, large_report(60, 30, 30)), width=paper) as seen:
        seen.page.emulate_media(media="print")
        expect(seen.page.locator(".sign")).to_be_visible()
        wide = seen.page.evaluate(
            "Array.from(document.querySelectorAll('main *')).filter(one => one.checkVisibility()"
            " && one.getBoundingClientRect().right > innerWidth + 1).map(one => one.outerHTML.slice(0, 120))"
        )
        assert wide == []


def test_pdf_is_complete_and_its_links_lead_to_sections(browser: Browser, tmp_path: Path) -> None:
    report = large_report(60, 30, 30)
    with visit(browser, write(tmp_path, report)) as seen:
        seen.page.get_by_label(EVERYTHING).check()
        seen.page.pdf(path=tmp_path / "report.pdf", format="A4")
        assert seen.complaints == []
    pages = PdfReader(tmp_path / "report.pdf").pages
    # Lines are broken anywhere in a long name, so blanks do not count; the typeface has one glyph for "fi".
    text = unicodedata.normalize("NFKC", re.sub(r"\s", "", "".join(page.extract_text() for page in pages)))
    said = [report.plan_sha256, *(row.reference for row in report.images), *(row.digest for row in report.images)]
    said += [item.finding.fingerprint for item in report.findings]
    said += [command for item in report.findings for way in item.finding.remedies for command in way.commands]
    said += [row.detail for row in report.undetermined]
    assert [one for one in said if re.sub(r"\s", "", one) not in text] == []
    assert "Reset" not in text
    assert "Show100more" not in text
    assert f"1of{len(pages)}" in text
    links = [note for page in pages for note in page.get("/Annots", ()) if "/Dest" in note.get_object()]
    assert len(links) >= 5


def pages_of(browser: Browser, file: Path) -> int:
    with visit(browser, file) as seen:
        seen.page.pdf(path=file.with_suffix(".pdf"), format="A4")
    return len(PdfReader(file.with_suffix(".pdf")).pages)


def test_pdf_of_the_example_has_at_most_twelve_pages(browser: Browser, tmp_path: Path) -> None:
    auditor("audit", EXAMPLE / "plant-7.evidence", "--at", "2026-11-23", "--format", "html=report.html", cwd=tmp_path)
    assert pages_of(browser, tmp_path / "report.html") <= 12


def test_pdf_of_a_ready_site_has_at_most_six_pages(browser: Browser, tmp_path: Path) -> None:
    report = audited(site_of(COMPLETE))
    assert report.works_offline_until is not None
    assert pages_of(browser, write(tmp_path, report)) <= 6


def test_cover_has_two_pages_with_verdict_scope_evidence_and_signatures(browser: Browser, tmp_path: Path) -> None:
    with visit(browser, write(tmp_path, dataclasses.replace(sample_report(), basis=BASIS))) as seen:
        seen.page.pdf(path=tmp_path / "report.pdf", format="A4")
    pages = PdfReader(tmp_path / "report.pdf").pages[:3]
    first, second, third = (unicodedata.normalize("NFKC", page.extract_text()) for page in pages)
    for said in ("NOT READY", "What to do first", "containerd 2.1.6", "runtime not declared", "*.plant7.local", "5e" * 32):
        assert said in " ".join(first.split()), said
    assert "auditor collect plan.yaml -o plant-7.evidence" in " ".join(first.split())
    for said in ("Scope", "Method and limits", "Limits", "Signature", "Verdict accepted by"):
        assert said in " ".join(second.split()), said
    assert "Findings" in third.split()[:10]


def test_page_without_javascript_is_complete(browser: Browser, sample: Path) -> None:
    with visit(browser, sample, javascript=False) as seen:
        assert len(images(seen.page)) == 12
        assert seen.page.locator("#found li:visible").count() == 9  # and one info, which is folded
        assert seen.page.locator("#infos li").count() == 1
        assert seen.page.locator("#asked tr[data-r]:visible").count() == 3
        assert seen.page.locator(".filter:visible").count() == 0
