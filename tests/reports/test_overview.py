"""The overview of images and pools: one cell each, by mouse, by keyboard and for a screen reader; filters in the address."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from auditor.report import Report
from reports.html import matrix as matrices
from reports.html.overview import COLUMNS, PITCH, Block, strips
from tests.peers.browser import visit
from tests.reports.html_pages import count, images, write
from tests.reports.large import large_report
from tests.reports.sample import sample_report


def cells_of(blocks: tuple[Block, ...], columns: int) -> list[str]:
    """The tone of each cell, line by line, from the rectangles; fails if two of them overlap."""
    found: dict[int, str] = {}
    for block in blocks:
        for y in range(block.y // PITCH, (block.y + block.height) // PITCH):
            for x in range(block.x // PITCH, (block.x + block.width) // PITCH):
                assert found.setdefault(y * columns + x, block.tone) == block.tone
    assert sorted(found) == list(range(len(found)))
    return [found[place] for place in range(len(found))]


def four_pools(number: int) -> Report:
    report = large_report(number, 40, 10)
    return dataclasses.replace(
        report, images=tuple(dataclasses.replace(row, platforms=row.platforms[:4]) for row in report.images)
    )


@pytest.mark.parametrize("number", [1, 75, 76, 77, 153, 600, 2_000])
def test_strip_has_one_cell_per_needed_image_worst_first(number: int) -> None:
    matrix = matrices.matrix(four_pools(number))
    for strip in strips(matrix):
        expected = [matrices.word_tone(matrices.word(row.cells[strip.place][0])) for row in matrix.rows]
        cells = cells_of(strip.blocks, strip.columns)
        assert Counter(cells) == Counter(expected)
        assert cells == sorted(cells, key="euwo".index)
        assert strip.height == -(-number // strip.columns) * PITCH
        assert len(strip.blocks) <= 21  # three for each word, so 10,000 cells take as many bytes as 100


def test_summary_counts_each_word() -> None:
    strip = strips(matrices.matrix(sample_report()))[0]
    assert strip.columns == COLUMNS
    assert re.fullmatch(r"\d+ images: \d+ [a-z -]+(, \d+ [a-z -]+)*", strip.summary)


@pytest.mark.peer
def test_600_images_on_four_pools_fit_one_screen(browser: Browser, tmp_path: Path) -> None:
    with visit(browser, write(tmp_path, four_pools(600))) as seen:
        seen.page.set_viewport_size({"width": 1280, "height": 1000})
        box = seen.page.locator("#overview").bounding_box()
        assert box is not None
        assert box["height"] < 1000
        cell = seen.page.evaluate("document.querySelector('.strip svg').getBoundingClientRect().width") / COLUMNS
        assert cell > 10  # pixels: large enough to see the shape


def cell_at(page: Page, pool: int, place: int) -> tuple[float, float]:
    page.locator(".strip").nth(pool).scroll_into_view_if_needed()
    box = page.locator(".strip svg").nth(pool).bounding_box()
    assert box is not None
    unit = box["width"] / COLUMNS
    return box["x"] + unit * (place % COLUMNS + 0.5), box["y"] + unit * (place // COLUMNS + 0.5)


@pytest.mark.peer
def test_pointing_names_each_cell_and_a_click_filters(browser: Browser, tmp_path: Path) -> None:
    report = four_pools(160)
    matrix = matrices.matrix(report)
    expected = sorted(matrix.rows, key=lambda row: matrices.rank(matrices.word(row.cells[2][0])))
    with visit(browser, write(tmp_path, report)) as seen:
        for place in (0, 3, 75, 76, 159):
            seen.page.mouse.move(*cell_at(seen.page, 2, place))
            row = expected[place]
            named = f"{row.image.reference} on win2019: {matrices.word(row.cells[2][0])}"
            expect(seen.page.locator("#named")).to_have_text(named)
        seen.page.mouse.click(*cell_at(seen.page, 2, 76))
        assert images(seen.page) == [expected[76].image.reference]
        assert "win2019" in count(seen.page, "matrix")
        assert seen.complaints == []


@pytest.mark.peer
def test_keyboard_moves_in_a_strip_and_enter_filters(browser: Browser, sample: Path) -> None:
    active = "document.getElementById(document.activeElement.getAttribute('aria-activedescendant')).textContent"
    with visit(browser, sample) as seen:
        strip = seen.page.get_by_role("listbox", name="Cells of win2025, worst first")
        strip.focus()
        first = seen.page.evaluate(active)
        assert " on win2025: " in first
        seen.page.keyboard.press("ArrowRight")
        second = seen.page.evaluate(active)
        assert second != first
        assert seen.page.locator("#named").inner_text() == second
        seen.page.keyboard.press("End")
        seen.page.keyboard.press("ArrowRight")
        last = seen.page.evaluate(active)
        assert last.endswith(": ok")
        seen.page.keyboard.press("Home")
        assert seen.page.evaluate(active) == first
        seen.page.keyboard.press("Enter")
        assert images(seen.page) == [first.partition(" on ")[0]]
        assert seen.complaints == []


@pytest.mark.peer
def test_filters_in_the_address_are_restored_on_load_and_by_back(browser: Browser, sample: Path) -> None:
    with visit(browser, sample) as seen:
        form = seen.page.locator('form[data-for="matrix"]')
        form.get_by_label("Status").select_option("absent")
        expect(seen.page).to_have_url(re.compile(r"#images\?matrix\.s=absent$"))
        form.get_by_label("Text").press_sequentially("web")
        expect(seen.page).to_have_url(re.compile(r"#images\?matrix\.q=web&matrix\.s=absent$"))
        narrowed = images(seen.page)
        address = seen.page.url
        seen.page.locator("nav a", has_text="Storage").click()
        assert images(seen.page) == narrowed  # a link inside the page keeps the filters
        expect(seen.page).to_have_url(re.compile(r"#storage\?matrix\.q=web"))
        seen.page.go_back()
        seen.page.go_back()
        expect(form.get_by_label("Text")).to_have_value("")
        assert form.get_by_label("Status").input_value() == "absent"
        seen.page.go_back()
        expect(form.get_by_label("Status")).to_have_value("")
        assert len(images(seen.page)) == 12
        seen.page.go_forward()
        expect(form.get_by_label("Status")).to_have_value("absent")
        other = seen.page.context.new_page()
        other.goto(address)
        assert images(other) == narrowed
        expect(other.locator("#images")).to_be_in_viewport()
        other.goto("about:blank")
        other.goto(f"{sample.as_uri()}#images?matrix.s=no-such&nonsense&found.q=%00%3Cscript%3E&__proto__.x=1&matrix.q=")
        assert other.locator('form[data-for="found"] [name=q]').input_value().endswith("<script>")
        assert seen.complaints == []


@pytest.mark.peer
def test_search_of_the_browser_opens_the_row_that_it_finds(browser: Browser, sample: Path) -> None:
    with visit(browser, sample) as seen:
        note = seen.page.locator("#matrix tr[data-t] th p[hidden]").first
        assert note.get_attribute("hidden") == "until-found"
        note.dispatch_event("beforematch", {"bubbles": True})
        expect(seen.page.locator("#matrix tr.open")).to_have_count(1)
        expect(seen.page.locator("#matrix tr.open th p.shown").first).to_be_visible()
