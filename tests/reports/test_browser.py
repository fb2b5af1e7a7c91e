"""The HTML report in a real Chromium: filters, no requests, both widths, both schemes, print, hostile strings."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from auditor.check import Finding, Remedy, Severity, Subject
from auditor.errors import Location
from auditor.report import EgressRow, JudgedFinding, Report
from reports import render
from tests.peers.browser import chromium, visit
from tests.reports.sample import sample_report

pytestmark = pytest.mark.peer

EVIL = (
    "</script><script>document.title='owned'</script>\"'><img src=http://evil.example/x onerror=\"document.title='owned'\">"
    "\u202e\x00{{7*7}}"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def write(folder: Path, report: Report) -> Path:
    file = folder / "report.html"
    file.write_text(render(report, "html"), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("html"), sample_report())


def images(page: Page) -> list[str]:
    rows = page.locator("#matrix > tr:visible th").all_inner_texts()
    return [row.splitlines()[0] for row in rows]


def count(page: Page, list: str) -> str:
    return page.locator(f'form[data-for="{list}"] output').inner_text()


def test_the_matrix_filters_by_text_and_status(browser: Browser, sample: Path) -> None:
    with visit(browser, sample) as seen:
        form = seen.page.locator('form[data-for="matrix"]')
        assert len(images(seen.page)) == 12
        form.get_by_label("Text").fill("Rancher wins")
        assert images(seen.page) == ["rancher/wins:v0.4.11"]
        assert count(seen.page, "matrix") == "1 of 12 images"
        form.get_by_role("button", name="Reset").click()
        # Not wait_for_function: to poll, it needs eval, which the page's own policy forbids.
        expect(form.locator("output")).to_have_text(re.compile("^12"))
        form.get_by_label("Status").select_option("build-mismatch")
        assert images(seen.page) == ["rancher/wins:v0.4.11", "rancher/mirrored-sig-storage-csi-proxy:v1.1.2"]
        assert seen.complaints == []


def test_findings_filter_by_severity_check_pool_and_text(browser: Browser, sample: Path) -> None:
    with visit(browser, sample) as seen:
        form = seen.page.locator('form[data-for="found"]')
        assert count(seen.page, "found") == "10 of 10 findings"
        form.get_by_label("Severity").select_option("warning")
        assert count(seen.page, "found") == "4 of 10 findings"
        assert seen.page.locator(".group:visible").count() == 3
        form.get_by_label("Pool").select_option("win2025")
        assert seen.page.locator(".group:visible h3").all_inner_texts()[0].startswith("warning")
        assert count(seen.page, "found") == "1 of 10 findings"
        form.get_by_label("Severity").select_option("")
        form.get_by_label("Pool").select_option("")
        form.get_by_label("Check").select_option("image-absent")
        assert seen.page.locator("#found [data-row]:visible strong").all_inner_texts() == ["registry.example.com/shop/web:4.2"]
        form.get_by_label("Text").fill("no such thing")
        assert count(seen.page, "found") == "0 of 10 findings"
        assert seen.page.locator(".group:visible").count() == 0


def test_long_lists_come_in_pages_and_filters_see_all_of_them(browser: Browser, tmp_path: Path) -> None:
    report = sample_report()
    rows = tuple(dataclasses.replace(report.images[0], reference=f"registry.example.com/app-{n}:1") for n in range(250))
    found = tuple(
        JudgedFinding(Finding("x", Severity.ERROR, Subject("line", f"app-{n}"), "m"), Severity.ERROR) for n in range(150)
    )
    with visit(browser, write(tmp_path, dataclasses.replace(report, images=rows, findings=found))) as seen:
        assert len(images(seen.page)) == 100
        seen.page.get_by_role("button", name="Show 100 more of 150").click()
        assert len(images(seen.page)) == 200
        seen.page.locator('form[data-for="matrix"]').get_by_label("Text").fill("app-249")
        assert images(seen.page) == ["registry.example.com/app-249:1"]
        assert seen.page.locator("#found [data-row]:visible").count() == 100
        seen.page.emulate_media(media="print")
        assert seen.page.locator("#found [data-row]:visible").count() == 150


def test_it_asks_for_nothing_but_itself(browser: Browser, sample: Path) -> None:
    with visit(browser, sample) as seen:
        seen.page.wait_for_load_state("networkidle")
        assert seen.requests == [sample.as_uri()]
        assert seen.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_no_width_and_no_scheme_breaks_it(browser: Browser, sample: Path, width: int, scheme: str) -> None:
    with visit(browser, sample, width=width, scheme="dark" if scheme == "dark" else "light") as seen:
        assert seen.page.evaluate("document.documentElement.scrollWidth") == width
        colour = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
        bright = sum(int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(", ")) > 384
        assert bright is (scheme == "light")


def test_the_keyboard_reaches_the_report_and_the_filters(browser: Browser, sample: Path) -> None:
    with visit(browser, sample) as seen:
        seen.page.keyboard.press("Tab")
        assert seen.page.evaluate("document.activeElement.textContent") == "Skip to the report"
        seen.page.locator('form[data-for="matrix"] input').focus()
        seen.page.keyboard.type("busybox")
        seen.page.keyboard.press("Enter")
        assert images(seen.page) == ["docker.io/library/busybox:latest"]
        seen.page.locator("#found summary").first.focus()
        seen.page.keyboard.press("Enter")
        assert seen.page.locator("#found details").first.get_attribute("open") is not None


def test_a_command_can_be_copied(browser: Browser, sample: Path) -> None:
    with visit(browser, sample) as seen:
        button = seen.page.locator("button.copy").first
        button.click()
        expect(button).not_to_have_text("Copy")
        assert button.inner_text() in {"Copied", "Selected: press Ctrl+C"}


def test_print_opens_everything_and_hides_the_controls(browser: Browser, sample: Path) -> None:
    with visit(browser, sample) as seen:
        seen.page.emulate_media(media="print")
        assert not seen.page.locator("nav").is_visible()
        assert seen.page.locator(".filter:visible, button:visible").count() == 0
        seen.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert seen.page.locator("details:not([open])").count() == 0
        seen.page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert seen.page.locator("details[open]").count() == 0
        assert seen.page.pdf().startswith(b"%PDF")


def test_without_javascript_everything_is_there(browser: Browser, sample: Path) -> None:
    with visit(browser, sample, javascript=False) as seen:
        assert seen.page.locator("#matrix > tr:visible").count() == 12
        assert seen.page.locator("#found [data-row]:visible").count() == 10
        assert seen.page.locator(".filter:visible").count() == 0


def test_hostile_strings_stay_text(browser: Browser, tmp_path: Path) -> None:
    report = sample_report()
    finding = Finding(
        EVIL,
        Severity.ERROR,
        Subject("image", EVIL, EVIL, EVIL),
        EVIL,
        facts={EVIL: EVIL},
        location=Location(EVIL, 1),
        remedies=(Remedy("edit", EVIL, (EVIL,)),),
    )
    image = dataclasses.replace(
        report.images[0],
        reference=EVIL,
        digest=EVIL,
        why=(EVIL,),
        platforms=(dataclasses.replace(report.images[0].platforms[0], status=EVIL),),
    )
    evil = dataclasses.replace(
        report,
        plan_name=EVIL,
        findings=(JudgedFinding(finding, Severity.ERROR),),
        images=(image,),
        egress=(EgressRow(EVIL, 1, EVIL, EVIL, EVIL, EVIL, EVIL),),
    )
    with visit(browser, write(tmp_path, evil), width=390) as seen:
        assert "owned" not in seen.page.title().replace("document.title='owned'", "")
        assert seen.requests == [(tmp_path / "report.html").as_uri()]
        assert seen.complaints == []
        assert seen.page.locator("img, body script:not(:last-child)").count() == 0
        shown = seen.page.locator("#found .subject strong").inner_text()
        assert shown == EVIL.replace("\u202e", "\ufffd").replace("\x00", "\ufffd")
        assert seen.page.evaluate("document.documentElement.scrollWidth") == 390
        seen.page.locator('form[data-for="found"]').get_by_label("Text").fill("</SCRIPT>")
        assert count(seen.page, "found") == "1 of 1 findings"


def test_linux_stands_beside_windows_and_below_it_on_a_phone(browser: Browser, sample: Path) -> None:
    places = {}
    for width in (1280, 390):
        with visit(browser, sample, width=width) as seen:
            sides = seen.page.locator("section[aria-labelledby=trust] .sides").first
            assert sides.locator("h4").all_inner_texts() == ["Linux", "Windows"]
            linux, windows = (sides.locator("h4").nth(n).bounding_box() for n in (0, 1))
            assert linux is not None
            assert windows is not None
            places[width] = (windows["x"] > linux["x"], windows["y"] > linux["y"])
            missing = sides.locator("li.gap")
            expect(missing.first).to_contain_text("Plant 7 Issuing CA 2")
            expect(missing.first).to_contain_text("missing")
    assert places == {1280: (True, False), 390: (False, True)}
