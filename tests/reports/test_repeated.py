"""A large page states repeated values once, and shows and finds all of them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from auditor.report import Cell, CellStatus, ImageRow
from reports import render
from reports.html import shared
from reports.html.matrix import note
from reports.summary import grouped
from tests.peers.browser import visit
from tests.reports.html_pages import count, write
from tests.reports.large import large_report

REPORT = large_report(images=850, findings=60, questions=10)
BUILD = "10.0.17763.6893"


def with_first(cell: Cell) -> ImageRow:
    first = REPORT.images[0]
    return dataclasses.replace(first, platforms=(*first.platforms[:2], cell, *first.platforms[3:]))


@pytest.mark.peer
def test_page_with_scripts_shows_and_finds_builds_in_full(browser: Browser, tmp_path: Path) -> None:
    with visit(browser, write(tmp_path, REPORT)) as seen:
        row = seen.page.locator("#matrix tr[data-t]").nth(1)
        row.click()
        assert row.locator("td").nth(2).inner_text().split() == ["ok", f"{BUILD},", "30.0", "MB"]
        seen.page.locator('form[data-for="matrix"]').get_by_label("Text").fill(BUILD)
        assert count(seen.page, "matrix").startswith("7")  # not the images that fail on win2019
        seen.page.locator('form[data-for="matrix"]').get_by_label("Text").fill("W1")
        assert count(seen.page, "matrix") == "0 of 850 images, only “W1”"
        assert seen.page.locator("#matrix tbody th[scope=row]").count() == len(seen.page.locator("#matrix tbody th").all())


@pytest.mark.peer
def test_page_without_scripts_explains_short_names_of_builds(browser: Browser, tmp_path: Path) -> None:
    with visit(browser, write(tmp_path, REPORT), javascript=False) as seen:
        legend = seen.page.locator("section[aria-labelledby=images] > noscript p").inner_text()
        cell = seen.page.locator("#matrix tr[data-t]").nth(1).locator("td").nth(2).inner_text()
        assert f"{cell.split()[1].rstrip(',')} is {BUILD}" in legend


@pytest.mark.peer
def test_text_of_a_registry_is_not_taken_for_a_short_name(browser: Browser, tmp_path: Path) -> None:
    cell = Cell("windows/amd64:ltsc2019", "win2019", CellStatus.ABSENT, detail="W1, said the registry")
    report = dataclasses.replace(REPORT, images=(with_first(cell), *REPORT.images[1:]))
    assert note(cell, shared.builds(report)).startswith(" W1")
    with visit(browser, write(tmp_path, report)) as seen:
        row = seen.page.locator("#matrix tr[data-t]", has_text=report.images[0].reference)
        row.click()
        shown = row.locator("td").nth(2).inner_text()
        assert shown.split("\n")[-1] == "W1, said the registry"


def test_small_matrix_has_no_short_names() -> None:
    assert shared.builds(large_report(images=10, findings=0, questions=0)) == {}


@pytest.mark.peer
def test_group_states_shared_facts_and_remedies_once_and_search_finds_them(browser: Browser, tmp_path: Path) -> None:
    group = grouped(REPORT)[0]
    assert shared.facts(group) == {"host_build": "10.0.26100", "image_builds": ("10.0.17763.5206", "10.0.20348.1")}
    assert [way.text for way in shared.remedies(group)] == ["Name an image of the pool's own build."]
    groups = len(grouped(REPORT))
    text = render(REPORT, "html")
    assert text.count("<dt>host_build<dd>10.0.26100") == groups
    assert text.count("Name an image of the pool&#39;s own build.") == groups
    with visit(browser, write(tmp_path, REPORT)) as seen:
        search = seen.page.locator('form[data-for="found"]').get_by_label("Text")
        search.fill("host_build 10.0.26100")
        assert count(seen.page, "found").startswith("60 of 60 findings")
        search.fill("pool's own build app-59:")
        assert count(seen.page, "found").startswith("1 of 60 findings")


def test_small_group_keeps_all_facts_with_each_finding() -> None:
    report = large_report(images=10, findings=20, questions=0)
    assert all(shared.facts(group) == {} and shared.remedies(group) == () for group in grouped(report))


def test_large_report_stays_small() -> None:
    report = large_report(images=2_000, findings=800, questions=800)
    size = len(render(report, "html").encode()) - len(render(large_report(0, 0, 0), "html").encode())
    assert size <= 800 * 2_000  # 8 MB for 10,000 images on six pools, 4,000 findings and 4,000 undetermined checks
