"""Facts as YAML tables. Every row names its source and a confidence.

A table is a YAML file beside this module: a list of rows. A row type is a frozen `msgspec.Struct` that extends `Fact`;
`table` converts and validates the rows, so a misspelt key or a missing source fails the first test that loads the table.
"""

from __future__ import annotations

from functools import cache
from typing import Literal, TypeVar

import msgspec
import yaml

from auditor.own_files import text_in

Confidence = Literal["high", "medium", "low"]


class Fact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """Fields of every row: the source, and the confidence in it. A `low` row alone never causes an error."""

    source: str
    confidence: Confidence


Row = TypeVar("Row", bound=Fact)


@cache
def _rows(name: str) -> object:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(text_in(__name__, f"{name}.yaml"), Loader=loader)  # noqa: S506 - CSafeLoader is the safe loader, in C


@cache
def table(name: str, row: type[Row]) -> tuple[Row, ...]:
    """The rows of the table `name` as `row` values, in file order.

    Raises ValueError if a row does not match `row`. The tables ship with the program, so that is a bug.
    """
    try:
        rows: tuple[Row, ...] = msgspec.convert(_rows(name), tuple[row, ...], strict=False)  # type: ignore[valid-type]
    except msgspec.ValidationError as error:
        raise ValueError(f"auditor/facts/{name}.yaml: {error}") from error
    return rows
