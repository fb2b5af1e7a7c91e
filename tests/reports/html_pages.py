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
    rows = page.locator("#matrix tr[data-t] th").all_inner_texts()
    return [row.splitlines()[0] for row in rows]


def count(page: Page, list: str) -> str:
    return page.locator(f'form[data-for="{list}"] output').inner_text()
