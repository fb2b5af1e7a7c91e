"""The image matrix with the keyboard: one stop for Tab, arrow keys between cells, Enter opens the findings of a cell."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from reports import render
from tests.peers.browser import visit
from tests.reports.sample import sample_report

pytestmark = pytest.mark.peer

HERE = "document.activeElement"
STOPS = "#matrix [tabindex='0']"


def place(page: Page) -> list[int]:
    """Row (among all that are drawn) and column of the cell that has the keyboard."""
    found: list[int] = page.evaluate(
        f"""[Array.from(document.querySelectorAll("#matrix tbody tr")).indexOf({HERE}.closest("tr")),
             {HERE}.closest("td,th")?.cellIndex ?? -1]"""
    )
    return found


def press(page: Page, *keys: str) -> list[int]:
    for key in keys:
        page.keyboard.press(key)
    return place(page)


def enter(page: Page) -> None:
    """Move to the matrix by Tab, from the control before it."""
    page.locator('form[data-for="matrix"]').get_by_role("button", name="Reset").focus()
    page.keyboard.press("Tab")


def test_tab_stops_at_one_cell_of_the_grid(browser: Browser, sample: Path) -> None:
    with visit(browser, sample) as seen:
        assert seen.page.get_by_role("grid", name="Images by pool").count() == 1
        assert seen.page.locator(STOPS).count() == 1
        enter(seen.page)
        assert place(seen.page) == [0, 0]
        seen.page.keyboard.press("Tab")
        assert not seen.page.evaluate(f"{HERE}.closest('#matrix')")
        seen.page.keyboard.press("Shift+Tab")
        assert place(seen.page) == [0, 0]
        assert seen.complaints == []


def test_arrow_keys_move_between_cells_and_stop_at_the_edges(browser: Browser, sample: Path) -> None:
    with visit(browser, sample) as seen:
        enter(seen.page)
        columns = seen.page.locator("#matrix thead th").count()
        assert press(seen.page, "ArrowRight") == [0, 1]
        assert press(seen.page, "ArrowDown", "ArrowDown") == [2, 1]
        assert press(seen.page, "ArrowLeft", "ArrowLeft") == [2, 0]
        assert press(seen.page, "End", "ArrowRight") == [2, columns - 1]
        assert press(seen.page, "Home") == [2, 0]
        assert press(seen.page, "ArrowUp", "ArrowUp", "ArrowUp") == [0, 0]
        assert press(seen.page, "Control+End") == [11, columns - 1]
        assert press(seen.page, "ArrowDown") == [11, columns - 1]
        assert press(seen.page, "PageUp") == [1, columns - 1]
        assert press(seen.page, "Control+Home") == [0, 0]
        assert press(seen.page, "PageDown", "PageDown") == [11, 0]
        assert seen.page.locator(STOPS).count() == 1
        seen.page.keyboard.press("Tab")
        assert press(seen.page, "Shift+Tab") == [11, 0]  # where it was left


def test_focused_cell_is_visible_below_the_header(browser: Browser, sample: Path) -> None:
    with visit(browser, sample, width=900) as seen:
        enter(seen.page)
        for keys in (("Control+End",), ("Home",), ("PageUp",), ("End", "ArrowUp", "ArrowLeft")):
            press(seen.page, *keys)
            assert seen.page.evaluate(
                f"""(() => {{ const box = {HERE}.getBoundingClientRect();
                return {HERE}.contains(document.elementFromPoint(box.left + box.width / 2, box.top + 6)); }})()"""
            ), keys


def test_enter_on_an_image_opens_its_findings(browser: Browser, sample: Path) -> None:
    with visit(browser, sample) as seen:
        seen.page.locator("#matrix tbody th", has_text="rancher/wins:v0.4.11").evaluate(
            "cell => { cell.tabIndex = -1; cell.focus(); }"
        )
        seen.page.keyboard.press("Enter")
        expect(seen.page.locator('form[data-for="found"] output')).to_have_text("1 of 10 findings, only “rancher/wins:v0.4.11”")
        expect(seen.page).to_have_url(re.compile(r"#findings\?found\.q="))


def test_arrow_keys_skip_hidden_pools_and_a_filter_keeps_one_tab_stop(browser: Browser, sample: Path) -> None:
    with visit(browser, sample) as seen:
        form = seen.page.locator('form[data-for="matrix"]')
        form.get_by_label("Pool").select_option(label="win2025, windows/amd64:10.0.26100")
        enter(seen.page)
        row, column = press(seen.page, "ArrowRight")
        assert row == 0
        assert seen.page.locator("#matrix thead th").nth(column).inner_text().startswith("win2025")
        assert press(seen.page, "ArrowRight") == [0, column]
        form.get_by_label("Text").fill("no such image")
        assert seen.page.locator(STOPS).count() == 0
        form.get_by_role("button", name="Reset").click()
        expect(seen.page.locator(STOPS)).to_have_count(1)


def test_arrow_keys_open_groups_and_keep_the_column(browser: Browser, sample: Path) -> None:
    with visit(browser, sample) as seen:
        seen.page.locator('form[data-for="matrix"]').get_by_label("Group by").select_option("problem")
        enter(seen.page)
        folds = seen.page.locator("#matrix .fold button")
        expect(folds.first).to_be_focused()
        seen.page.keyboard.press("ArrowDown")
        expect(folds.nth(1)).to_be_focused()
        press(seen.page, "ArrowUp", "Enter", "ArrowDown", "ArrowRight")
        assert seen.page.evaluate(f"{HERE}.cellIndex") == 1
        seen.page.keyboard.press("ArrowUp")
        expect(folds.first).to_be_focused()
        seen.page.keyboard.press("ArrowDown")
        assert seen.page.evaluate(f"{HERE}.cellIndex") == 1


def test_keys_reach_rows_that_are_not_drawn_yet(browser: Browser, tmp_path: Path) -> None:
    report = sample_report()
    rows = tuple(dataclasses.replace(report.images[0], reference=f"registry.example.com/app-{n}:1") for n in range(1_500))
    file = tmp_path / "report.html"
    file.write_text(render(dataclasses.replace(report, images=rows), "html"), encoding="utf-8")
    with visit(browser, file) as seen:
        enter(seen.page)
        assert press(seen.page, "Control+End", "Home") == [1_499, 0]
        assert seen.page.evaluate(f"{HERE}.textContent").startswith("registry.example.com/app-1499:1")
        assert press(seen.page, "Control+Home", *["PageDown"] * 5) == [50, 0]


def test_space_opens_and_closes_a_row(browser: Browser, sample: Path) -> None:
    with visit(browser, sample) as seen:
        enter(seen.page)
        row = seen.page.locator("#matrix tbody tr").first
        assert row.bounding_box()["height"] < 50  # type: ignore[index]
        press(seen.page, "Space")
        expect(row.locator("th")).to_have_attribute("aria-expanded", "true")
        expect(row.locator("td p").first).to_be_visible()
        expect(row.locator("th p", has_text="list examples/plant-7")).to_be_visible()
        press(seen.page, "Space")
        expect(row.locator("th")).to_have_attribute("aria-expanded", "false")
