"""WCAG 2.2 AA as far as axe-core checks it: no violation in any scheme and width, with and without a filter."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from auditor.report import StorageStage
from reports import render
from tests.peers.browser import visit
from tests.reports.sample import ready_report, sample_report

pytestmark = pytest.mark.peer

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    "rules": {"target-size": {"enabled": True}},  # axe leaves this one off by itself
}
# What lies under a scroller's edge or the sticky line of links has no background that axe could tell.
SPREAD = """() => {
  for (const part of document.querySelectorAll("nav,nav ul,.scroll")) {
    Object.assign(part.style, {position: "static", maxHeight: "none", overflow: "visible", flexWrap: "wrap"});
  }
  for (const cell of document.querySelectorAll(".matrix tr > *")) cell.style.position = "static";
}"""


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    report = sample_report()
    full = StorageStage("media", 70_000_000_000, 64_000_000_000, "derived: what the copy writes")
    file = tmp_path_factory.mktemp("axe") / "report.html"
    file.write_text(render(dataclasses.replace(report, storage={**report.storage, "media": full}), "html"), encoding="utf-8")
    return file


def results(page: Page) -> dict[str, Any]:
    return dict(Axe().run(page, options=RULES).response)


def faults(page: Page) -> list[str]:
    return [f"{one['id']}: {node['html'][:200]}" for one in results(page)["violations"] for node in one["nodes"]]


def use_everything(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    images = page.locator('form[data-for="matrix"]')
    images.get_by_label("Group by").select_option("problem")
    for fold in page.locator("#matrix .fold button").all():
        fold.click()
    page.evaluate("Array.from(document.querySelectorAll('#matrix tr[data-t]')).slice(0, 3).forEach((row) => row.click())")
    page.locator('form[data-for="found"]').get_by_label("Text").fill("rancher")
    page.locator('form[data-for="asked"] [name=c]').select_option("root-not-trusted")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_no_violation(browser: Browser, sample: Path, width: int, scheme: str) -> None:
    with visit(browser, sample, width=width, scheme="dark" if scheme == "dark" else "light") as seen:
        assert faults(seen.page) == []
        use_everything(seen.page)
        assert faults(seen.page) == []
        assert seen.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_determines_the_contrast_of_every_word(browser: Browser, sample: Path, scheme: str) -> None:
    with visit(browser, sample, scheme="dark" if scheme == "dark" else "light") as seen:
        use_everything(seen.page)
        seen.page.evaluate(SPREAD)
        high = seen.page.evaluate("document.documentElement.scrollHeight")  # axe sees what is in view
        seen.page.set_viewport_size({"width": 1280, "height": high + 1000})
        found = results(seen.page)
        assert [one["id"] for one in found["violations"]] == []
        nodes = [node["html"] for one in found["incomplete"] if one["id"] == "color-contrast" for node in one["nodes"]]
        assert [node for node in nodes if not node.startswith("<text")] == []  # axe knows no background inside a drawing
        assert any(one["id"] == "color-contrast" for one in found["passes"])


def test_axe_finds_no_violation_in_a_minimal_report(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "bare.html"
    file.write_text(render(ready_report(), "html"), encoding="utf-8")
    with visit(browser, file) as seen:
        assert faults(seen.page) == []


def test_axe_finds_a_planted_violation(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "bad.html"
    file.write_text("<!doctype html><html><title>x</title><p style='color:#aaa'>pale</p><input></html>", encoding="utf-8")
    with visit(browser, file) as seen:
        assert {fault.partition(":")[0] for fault in faults(seen.page)} >= {"color-contrast", "html-has-lang", "label"}


@pytest.mark.parametrize("width", [1280, 390])
def test_every_focusable_element_shows_its_focus(browser: Browser, sample: Path, width: int) -> None:
    with visit(browser, sample, width=width) as seen:
        for _ in range(40):
            seen.page.keyboard.press("Tab")
            outline = seen.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline == "solid", seen.page.evaluate("document.activeElement.outerHTML.slice(0, 200)")


@pytest.mark.parametrize("width", [1280, 390])
def test_every_control_is_at_least_24_pixels_high(browser: Browser, sample: Path, width: int) -> None:
    with visit(browser, sample, width=width) as seen:
        use_everything(seen.page)
        low = seen.page.evaluate(
            "Array.from(document.querySelectorAll('button,input,select,summary,nav a,.steps a,.about'))"
            ".filter(one => one.checkVisibility() && one.getBoundingClientRect().height < 24).map(one => one.outerHTML)"
        )
        assert low == []
