"""Every fact table loads, and every row says where it was read and how sure we are."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

import auditor
import checks
from auditor.facts import Confidence, Fact, table

TABLES = sorted(
    path.name.removesuffix(".yaml") for path in resources.files("auditor.facts").iterdir() if path.name.endswith(".yaml")
)
SEPARATED = {"collectors", "cli"}  # rooms that hold no facts and cost time to import


def rows_of(name: str) -> list[dict[str, Any]]:
    text = resources.files("auditor.facts").joinpath(f"{name}.yaml").read_text("utf-8")
    _, rows = yaml.safe_load_all(text)
    return list(rows)


def row_types(base: type[Fact] = Fact) -> Iterator[type[Fact]]:
    for subclass in base.__subclasses__():
        yield subclass
        yield from row_types(subclass)


def load_everything() -> None:
    for package in (auditor, checks):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not SEPARATED & set(found.name.split(".")) and not found.name.endswith("__main__"):
                importlib.import_module(found.name)


def fits(name: str, row: type[Fact]) -> bool:
    try:
        return bool(table(name, row))
    except ValueError:
        return False


@pytest.mark.parametrize("name", TABLES)
def test_every_table_has_a_row_type_that_fits_it_whole(name: str) -> None:
    load_everything()
    fitting = [row for row in row_types() if row.__module__ != __name__ and fits(name, row)]
    assert fitting, f"no row type of the program reads {name}.yaml"


@pytest.mark.parametrize("name", TABLES)
def test_every_row_has_a_source_and_a_confidence(name: str) -> None:
    rows = rows_of(name)
    assert rows
    for row in rows:
        assert len(str(row["source"]).strip()) > 5, row
        assert row["confidence"] in get_args(Confidence), row


@pytest.mark.parametrize("name", TABLES)
def test_no_row_stands_twice(name: str) -> None:
    rows = rows_of(name)
    assert len({repr(row) for row in rows}) == len(rows)


class _Misspelt(Fact, frozen=True, kw_only=True):
    globb: str


def test_a_row_type_that_does_not_fit_names_the_file() -> None:
    with pytest.raises(ValueError, match=r"auditor/facts/moving_tags\.yaml"):
        table("moving_tags", _Misspelt)


def test_tables_ship_beside_their_loader() -> None:
    import auditor.facts

    assert {path.stem for path in Path(auditor.facts.__path__[0]).glob("*.yaml")} == set(TABLES)


@pytest.mark.parametrize("name", [name for name in TABLES if name not in {"operator_defaults", "pause_images"}])
def test_lines_of_a_table_are_short_enough_to_read(name: str) -> None:
    text = resources.files("auditor.facts").joinpath(f"{name}.yaml").read_text("utf-8")
    assert not [line for line in text.splitlines() if len(line) > 200], "write the row as a block"
