"""Tables equal the output of tabulate."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tabulate import tabulate

from reports.table import columns

WORD = st.text("abAB01.,-/ é", min_size=1, max_size=8).map(str.strip).filter(bool)
CELL = st.lists(WORD, max_size=3).map("\n".join)


def rows(width: int) -> st.SearchStrategy[tuple[list[str], ...]]:
    """Headers and two rows, none blank: tabulate omits a blank row if another has several lines."""
    cells = st.tuples(WORD, st.lists(CELL, min_size=width - 1, max_size=width - 1)).map(lambda row: [row[0], *row[1]])
    return st.tuples(st.lists(WORD, min_size=width, max_size=width), cells, cells)


@given(st.integers(1, 4).flatmap(rows))
def test_table_equals_the_output_of_tabulate(given: tuple[list[str], ...]) -> None:
    headers, *cells = given
    wanted = tabulate(cells, headers, "simple", disable_numparse=True).split("\n")
    assert list(columns(headers, cells)) == [line.rstrip() for line in wanted]


def test_table_without_rows_has_its_headers() -> None:
    assert list(columns(("id", "found when"), ())) == ["id    found when", "----  ------------"]
