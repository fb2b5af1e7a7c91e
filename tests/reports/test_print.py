"""The HTML report on paper, as a PDF and without JavaScript: it is complete."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from pypdf import PdfReader

from tests.peers.browser import visit
from tests.reports.html_pages import images, write
from tests.reports.large import large_report

pytestmark = pytest.mark.peer


def test_print_shows_all_rows_opens_folded_parts_and_hides_controls(browser: Browser, tmp_path: Path) -> None:
    with visit(browser, write(tmp_path, large_report(120, 60, 60))) as seen:
        seen.page.locator('form[data-for="matrix"]').get_by_label("Group by").select_option("problem")
        assert images(seen.page) == []
        seen.page.emulate_media(media="print")
        expect(seen.page.locator("#found li")).to_have_count(60)
        assert len(set(images(seen.page))) == 120
        assert not seen.page.locator("nav").is_visible()
        assert seen.page.locator("form:visible, input:visible, button:not(.fold *):visible").count() == 0
        assert seen.page.locator("details:not([open], .checks *)").count() == 0
        seen.page.emulate_media(media="screen")
        expect(seen.page.locator("details[open]")).to_have_count(0)
        assert images(seen.page) == []


@pytest.mark.parametrize("paper", [703, 728])  # A4 and Letter between their margins, in pixels
def test_print_cuts_nothing_off(browser: Browser, tmp_path: Path, paper: int) -> None:
    with visit(browser, write(tmp_path, large_report(60, 30, 30)), width=paper) as seen:
        seen.page.emulate_media(media="print")
        expect(seen.page.locator("#found li")).to_have_count(30)
        wide = seen.page.evaluate(
            "Array.from(document.querySelectorAll('main *')).filter(one => one.checkVisibility()"
            " && one.getBoundingClientRect().right > innerWidth + 1).map(one => one.outerHTML.slice(0, 120))"
        )
        assert wide == []


def test_pdf_is_complete_and_its_links_lead_to_sections(browser: Browser, tmp_path: Path) -> None:
    report = large_report(60, 30, 30)
    with visit(browser, write(tmp_path, report)) as seen:
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


def test_page_without_javascript_is_complete(browser: Browser, sample: Path) -> None:
    with visit(browser, sample, javascript=False) as seen:
        assert len(images(seen.page)) == 12
        assert seen.page.locator("#found li:visible").count() == 10
        assert seen.page.locator("#asked tr[data-r]:visible").count() == 3
        assert seen.page.locator(".filter:visible").count() == 0
