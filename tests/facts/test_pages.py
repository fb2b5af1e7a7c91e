"""The pages of docs/facts: every table names one that exists, and every link on a page leads to a heading or a file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "facts").glob("*.md"))
TABLES = sorted((ROOT / "auditor" / "facts").glob("*.yaml"))
NAMED = re.compile(r"# page: (docs/facts/[\w-]+\.md)(?:#([\w-]+))?\n")
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([\w-]+))?\)")
TABLE = re.compile(r"`(\w+\.yaml)`")
by_name = pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
by_page = pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub makes of the headings of a page."""
    lines = page.read_text(encoding="utf-8").splitlines()
    heads = [line.lstrip("#").strip().lower() for line in lines if line.startswith("#")]
    return {re.sub(r"[^\w -]", "", head).replace(" ", "-") for head in heads}


def resolves(page: Path, anchor: str) -> bool:
    return page.is_file() and (not anchor or anchor in anchors(page))


@by_name
def test_table_names_its_page(path: Path) -> None:
    found = NAMED.match(path.read_text(encoding="utf-8"))
    assert found is not None, f"the first line of {path.name} must be `# page: docs/facts/NAME.md#HEADING`"
    assert resolves(ROOT / found[1], found[2] or ""), found[0]


@by_page
def test_links_of_a_page_resolve(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for name, anchor in LINK.findall(text):
        assert resolves((path.parent / name).resolve() if name else path, anchor), (name, anchor)
    assert not set(TABLE.findall(text)) - {table.name for table in TABLES}, "a table that does not exist"


def test_index_lists_every_page() -> None:
    listed = {name for name, _ in LINK.findall((ROOT / "docs" / "facts" / "README.md").read_text(encoding="utf-8"))}
    assert {path.name for path in PAGES} - {"README.md"} <= listed
