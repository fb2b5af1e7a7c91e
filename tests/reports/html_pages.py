"""HTML reports as files, and what a browser shows of them."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

from auditor.report import Report
from reports import render


def write(folder: Path, report: Report) -> Path:
    file = folder / "report.html"
    file.write_text(render(report, "html"), encoding="utf-8")
    return file


def images(page: Page) -> list[str]:
    """The names of the images whose rows are in the page and not hidden by a filter."""
    names: list[str] = page.evaluate(
        """Array.from(document.querySelectorAll("#matrix tr[data-t]"))
          .filter((row) => !row.closest("table").hidden)
          .map((row) => (row.querySelector(".two") ?? row.cells[0]).firstChild.textContent.trim())"""
    )
    return names


def count(page: Page, list: str) -> str:
    return page.locator(f'form[data-for="{list}"] output').inner_text()
