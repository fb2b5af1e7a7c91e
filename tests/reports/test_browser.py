"""The HTML report in a real Chromium: filters, no requests, both widths, both schemes, print, hostile strings."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from auditor.check import Finding, Remedy, Severity, Subject
from auditor.errors import Location
from auditor.report import EgressRow, JudgedFinding
from tests.cli.runner import EXAMPLE, auditor
from tests.peers.browser import visit
from tests.reports.html_pages import count, images, write
from tests.reports.large import large_report
from tests.reports.sample import sample_report

pytestmark = pytest.mark.peer

EVIL = (
    "</script><script>document.title='owned'</script>\"'><img src=http://evil.example/x onerror=\"document.title='owned'\">"
    "\u202e\x00{{7*7}}"
)


def test_matrix_filters_by_text_and_status(browser: Browser, sample: Path) -> None:
    with visit(browser, sample) as seen:
        form = seen.page.locator('form[data-for="matrix"]')
        assert len(images(seen.page)) == 12
        form.get_by_label("Text").fill("Rancher wins")
        assert images(seen.page) == ["rancher/wins:v0.4.11"]
        assert count(seen.page, "matrix") == "1 of 12 images, only “Rancher wins”"
        form.get_by_role("button", name="Reset").click()
        # Not wait_for_function: to poll, it needs eval, which the page's own policy forbids.
        expect(form.locator("output")).to_have_text(re.compile("^12"))
        form.get_by_label("Status").select_option("build-mismatch")
        assert images(seen.page) == ["rancher/wins:v0.4.11", "rancher/mirrored-sig-storage-csi-proxy:v1.1.2"]
        assert seen.complaints == []


def test_pool_and_status_filter_for_that_status_on_that_pool(browser: Browser, sample: Path) -> None:
    with visit(browser, sample) as seen:
        form = seen.page.locator('form[data-for="matrix"]')
        form.get_by_label("Pool").select_option(label="win2025, windows/amd64:10.0.26100")
        assert len(images(seen.page)) == 5
        assert seen.page.locator("#matrix thead th:visible").count() == 2
        assert seen.page.locator("#matrix tr[data-t] td:visible").count() == 5
        form.get_by_label("Status").select_option("ok")
        assert images(seen.page)[0].startswith("docker.io/rancher/rke2-runtime")
        assert count(seen.page, "matrix") == "2 of 12 images, only ok and win2025, windows/amd64:10.0.26100"


def test_images_grouped_by_fault_open_and_close(browser: Browser, sample: Path) -> None:
    with visit(browser, sample) as seen:
        seen.page.locator('form[data-for="matrix"]').get_by_label("Group by").select_option("problem")
        folds = seen.page.locator("#matrix .fold button")
        assert folds.first.inner_text() == "no problem\n5 of 12 images"
        assert images(seen.page) == []
        mismatch = folds.filter(has_text="build-mismatch")
        mismatch.press("Enter")
        assert mismatch.get_attribute("aria-expanded") == "true"
        assert images(seen.page) == ["rancher/wins:v0.4.11", "rancher/mirrored-sig-storage-csi-proxy:v1.1.2"]
        mismatch.press("Enter")
        assert images(seen.page) == []
        seen.page.locator('form[data-for="asked"]').get_by_label("Group by").select_option("reason")
        assert "denied" in seen.page.locator("#asked .fold button").all_inner_texts()[0]


def test_image_links_to_its_findings(browser: Browser, sample: Path) -> None:
    with visit(browser, sample) as seen:
        seen.page.locator("#matrix tr", has_text="rancher/wins:v0.4.11").get_by_role("link", name="1 finding").click()
        assert count(seen.page, "found") == "1 of 10 findings, only “rancher/wins:v0.4.11”"
        expect(seen.page).to_have_url(re.compile(r"#findings\?found\.q=rancher%2Fwins%3Av0\.4\.11$"))


def test_step_links_to_its_group_even_if_a_filter_hides_it(browser: Browser, sample: Path) -> None:
    with visit(browser, sample) as seen:
        seen.page.locator('form[data-for="found"]').get_by_label("Text").fill("no such thing")
        seen.page.locator(".steps a").first.click()
        expect(seen.page.locator(seen.page.evaluate("location.hash"))).to_be_in_viewport()


def test_findings_filter_by_severity_check_pool_and_text(browser: Browser, sample: Path) -> None:
    with visit(browser, sample) as seen:
        form = seen.page.locator('form[data-for="found"]')
        assert count(seen.page, "found") == "10 of 10 findings"
        form.get_by_label("Severity").select_option("warning")
        assert count(seen.page, "found") == "4 of 10 findings, only warning"
        assert seen.page.locator(".group:visible").count() == 3
        form.get_by_label("Pool").select_option("win2025")
        assert seen.page.locator(".group:visible h3").all_inner_texts()[0].startswith("warning")
        assert count(seen.page, "found") == "1 of 10 findings, only warning and win2025"
        form.get_by_label("Severity").select_option("")
        form.get_by_label("Pool").select_option("")
        form.get_by_label("Check").select_option("image-absent")
        assert seen.page.locator("#found li>p:first-child b").all_text_contents() == ["registry.example.com/shop/web:4.2"]
        form.get_by_label("Text").fill("no such thing")
        assert count(seen.page, "found").startswith("0 of 10 findings")
        assert seen.page.locator(".group:visible").count() == 0


def test_long_groups_are_folded_and_filters_search_all_rows(browser: Browser, tmp_path: Path) -> None:
    report = sample_report()
    rows = tuple(dataclasses.replace(report.images[0], reference=f"registry.example.com/app-{n}:1") for n in range(250))
    found = tuple(
        JudgedFinding(Finding(Subject("line", f"app-{n}"), "m", check="x", severity=Severity.ERROR), Severity.ERROR)
        for n in range(150)
    )
    with visit(browser, write(tmp_path, dataclasses.replace(report, images=rows, findings=found))) as seen:
        assert len(images(seen.page)) == 250
        seen.page.locator('form[data-for="matrix"]').get_by_label("Text").fill("app-249")
        assert images(seen.page) == ["registry.example.com/app-249:1"]
        assert seen.page.locator("#found li:visible").count() == 10
        more = seen.page.get_by_role("button", name="Show 140 more", exact=True)
        more.press("Enter")
        assert seen.page.locator("#found li:visible").count() == 150
        expect(more).to_be_hidden()
        assert seen.page.evaluate("document.activeElement.innerText").startswith("app-10\n")


def test_ten_thousand_images_on_six_pools_stay_usable(browser: Browser, tmp_path: Path) -> None:
    file = write(tmp_path, large_report())
    assert file.stat().st_size < 12_000_000
    with visit(browser, file) as seen:
        assert count(seen.page, "matrix") == "10,000 of 10,000 images"
        expect(seen.page.locator("#matrix tr[data-t]")).to_have_count(10_000, timeout=60_000)  # drawn while idle
        # The browser computes styles and layout only for the rows in view.
        drawn = "row => row.checkVisibility({contentVisibilityAuto: true})"
        assert seen.page.evaluate(f"Array.from(document.querySelectorAll('#matrix tr[data-t]')).filter({drawn}).length") < 300
        form = seen.page.locator('form[data-for="matrix"]')
        form.get_by_label("Text").fill("app-9999:")
        assert images(seen.page) == ["registry.example.com/team-49/app-9999:1.3"]
        form.get_by_label("Text").fill("")
        form.get_by_label("Group by").select_option("needed by")
        assert seen.page.locator("#matrix .fold").count() == 70
        assert seen.complaints == []


def test_page_requests_no_other_file(browser: Browser, sample: Path) -> None:
    with visit(browser, sample) as seen:
        seen.page.wait_for_load_state("networkidle")
        assert seen.requests == [sample.as_uri()]
        assert seen.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_page_fits_every_width_and_scheme(browser: Browser, sample: Path, width: int, scheme: str) -> None:
    with visit(browser, sample, width=width, scheme="dark" if scheme == "dark" else "light") as seen:
        assert seen.page.evaluate("document.documentElement.scrollWidth") == width
        colour = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
        bright = sum(int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(", ")) > 384
        assert bright is (scheme == "light")


def test_example_fits_a_phone_with_everything_open(browser: Browser, tmp_path: Path) -> None:
    auditor("audit", EXAMPLE / "plant-7.evidence", "--at", "2026-11-23", "--format", "html=report.html", cwd=tmp_path)
    with visit(browser, tmp_path / "report.html", width=390) as seen:
        seen.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert seen.page.evaluate("document.documentElement.scrollWidth") == 390


def test_baselined_findings_fit_without_horizontal_scrolling(browser: Browser, tmp_path: Path) -> None:
    aside = "Array.from(document.querySelectorAll('.even'), one => one.scrollWidth - one.parentElement.clientWidth)"
    audit = ("audit", EXAMPLE / "plant-7.evidence", "--at", "2026-11-23")
    auditor(*audit, "--format", "json=old.json", cwd=tmp_path)
    auditor(*audit, "--baseline", "old.json", "--format", "html=report.html", cwd=tmp_path)
    for width in (1280, 800, 390):
        with visit(browser, tmp_path / "report.html", width=width) as seen:
            assert max(seen.page.evaluate(aside)) <= 0, width


def test_keyboard_reaches_the_report_and_the_filters(browser: Browser, sample: Path) -> None:
    with visit(browser, sample) as seen:
        seen.page.keyboard.press("Tab")
        assert seen.page.evaluate("document.activeElement.textContent") == "Skip to the report"
        seen.page.locator('form[data-for="matrix"] input').focus()
        seen.page.keyboard.type("busybox")
        seen.page.keyboard.press("Enter")
        assert images(seen.page) == ["docker.io/library/busybox:latest"]
        seen.page.keyboard.press("Escape")
        assert len(images(seen.page)) == 12
        seen.page.locator("#found summary").first.focus()
        seen.page.keyboard.press("Enter")
        assert seen.page.locator("#found details").first.get_attribute("open") is not None


def test_slash_focuses_the_visible_search_unless_turned_off(browser: Browser, sample: Path) -> None:
    focused = "document.activeElement.form?.dataset.for ?? ''"
    with visit(browser, sample) as seen:
        seen.page.keyboard.press("/")
        assert seen.page.evaluate(focused) == "found"
        seen.page.keyboard.type("a/b")
        assert seen.page.evaluate("document.activeElement.value") == "a/b"
        seen.page.evaluate("document.activeElement.blur(), document.getElementById('images').scrollIntoView()")
        seen.page.keyboard.press("/")
        assert seen.page.evaluate(focused) == "matrix"
        seen.page.get_by_label("to search the section in view").uncheck()
        seen.page.evaluate("document.activeElement.blur()")
        seen.page.keyboard.press("/")
        assert seen.page.evaluate(focused) == ""


def test_command_can_be_copied(browser: Browser, sample: Path) -> None:
    with visit(browser, sample) as seen:
        button = seen.page.locator("button.copy").first
        button.click()
        expect(button).not_to_have_text("Copy")
        assert button.inner_text() in {"Copied", "Selected: press Ctrl+C"}


def test_hostile_strings_stay_text(browser: Browser, tmp_path: Path) -> None:
    report = sample_report()
    finding = Finding(
        Subject("image", EVIL, EVIL, EVIL),
        EVIL,
        facts={EVIL: EVIL},
        location=Location(EVIL, 1),
        remedies=(Remedy("edit", EVIL, (EVIL,)),),
        check=EVIL,
        severity=Severity.ERROR,
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
        shown = seen.page.locator("#found li>p:first-child b").text_content()
        assert shown == EVIL.replace("\u202e", "\ufffd").replace("\x00", "\ufffd")
        assert seen.page.evaluate("document.documentElement.scrollWidth") == 390
        seen.page.locator('form[data-for="found"]').get_by_label("Text").fill("</SCRIPT>")
        assert count(seen.page, "found") == "1 of 1 findings, only “</SCRIPT>”"


def test_path_is_next_to_its_clients_and_below_them_on_a_phone(browser: Browser, sample: Path) -> None:
    places = {}
    for width in (1280, 390):
        with visit(browser, sample, width=width) as seen:
            ways = seen.page.locator("section[aria-labelledby=trust] .way")
            assert ways.first.locator("i").all_inner_texts() == ["Linux"]
            failing = ways.filter(has_text="Plant 7 Issuing CA 2").filter(has_text="Windows").first
            assert failing.locator(".clients b").first.inner_text() == "containerd on win2022 and win2025"
            clients, path = failing.locator(".clients").bounding_box(), failing.locator(".path").bounding_box()
            assert clients is not None
            assert path is not None
            places[width] = (path["x"] > clients["x"], path["y"] > clients["y"] + clients["height"] - 1)
            missing = failing.locator("li.gap")
            expect(missing).to_contain_text("Plant 7 Issuing CA 2")
            expect(missing).to_contain_text("missing")
    assert places == {1280: (True, False), 390: (False, True)}
