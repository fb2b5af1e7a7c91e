"""The image matrix as CSV for spreadsheets: one row for each image and pool."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from auditor.report import Cell, ImageRow, Report
from reports.cleaning import clean

COLUMNS = (
    "image", "pool", "platform", "status", "digest", "os_version", "bytes", "foreign_layers", "place", "detail", "why",
    "checks", "accepted",
)  # fmt: skip
# Characters that start a formula in a spreadsheet, and their full-width forms, which some spreadsheets convert.
_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 - the wide forms are meant


def render(report: Report) -> str:
    """Return the matrix with a header. An image that no pool needs has one row with an empty pool."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for image in report.images:
        writer.writerows(_rows(image))
    return buffer.getvalue()


def _rows(image: ImageRow) -> Iterator[list[str]]:
    why = "; ".join(image.why)
    if not image.platforms:
        yield _row(image.reference, "", "", "", image.digest, "", "", "0", "", "", why, "", "")
    for cell in image.platforms:
        yield _row(image.reference, *_cell(cell), why, " ".join(cell.checks), "yes" if cell.is_accepted else "")


def _cell(cell: Cell) -> tuple[str, ...]:
    size = "" if cell.bytes is None else str(cell.bytes)
    layers = str(cell.foreign_layers)
    return cell.pool, cell.platform, cell.status, cell.digest, cell.os_version, size, layers, cell.place, cell.detail


def _row(*values: str) -> list[str]:
    return [inert(value) for value in values]


def inert(text: str) -> str:
    """Return `text` on one line that no spreadsheet executes: a text that would start a formula gets an apostrophe in front."""
    text = clean(text)
    return f"'{text}" if text.lstrip()[:1] in _FORMULA and text.strip() else text
