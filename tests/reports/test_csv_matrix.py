"""The matrix as CSV: read back by Python's reader, every cell of the report in it, and no formula."""

from __future__ import annotations

import csv
import dataclasses
import io

import pytest
from hypothesis import given, settings

from auditor.report import ImageRow, Report
from reports import render
from reports.csv_matrix import COLUMNS, inert
from tests.conftest import Golden
from tests.reports.sample import ready_report, sample_report
from tests.reports.strategies import reports


def rows(report: Report) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(render(report, "csv"), newline=""), strict=True))


def test_csv_equals_the_golden_file(golden: Golden) -> None:
    golden("reports/sample.csv", render(sample_report(), "csv"))


def test_csv_has_one_row_per_image_and_pool() -> None:
    report = sample_report()
    shown = rows(report)
    assert [(row["image"], row["pool"], row["status"]) for row in shown] == [
        (image.reference, cell.pool, cell.status) for image in report.images for cell in image.platforms
    ]
    assert shown[0]["bytes"].isdigit()


def test_image_that_no_pool_needs_has_a_row() -> None:
    image = ImageRow("busybox:1", "sha256:ab", ("list a:1", "list b:2"), ())
    (row,) = rows(dataclasses.replace(ready_report(), images=(image,)))
    assert (row["image"], row["pool"], row["digest"], row["why"]) == ("busybox:1", "", "sha256:ab", "list a:1; list b:2")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "  =1", "＝1"])  # noqa: RUF001 - a wide =
def test_formula_is_made_inert(text: str) -> None:
    assert inert(text).startswith("'")


@pytest.mark.parametrize("text", ["", "a", "sha256:ab", "'quoted'", "10.0.20348"])
def test_other_text_is_unchanged(text: str) -> None:
    assert inert(text) == text


@settings(max_examples=60, deadline=None)
@given(reports)
def test_any_report_is_a_table_without_formulas(report: Report) -> None:
    table = list(csv.reader(io.StringIO(render(report, "csv"), newline=""), strict=True))
    assert table[0] == list(COLUMNS)
    assert len(table) - 1 == sum(max(1, len(image.platforms)) for image in report.images)
    assert all(len(row) == len(COLUMNS) for row in table)
    assert not [cell for row in table for cell in row if cell.lstrip()[:1] in set("=+-@") and cell.strip()]
