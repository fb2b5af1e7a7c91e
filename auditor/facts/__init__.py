"""Facts about the world as YAML tables: every row names its source and how sure we are of it.

A table is a YAML file beside this module: a list of rows. A row type is a frozen `msgspec.Struct` that extends `Fact`;
`table` converts and checks the rows, so that a misspelt key or a missing source fails the first test that loads it.
"""

from __future__ import annotations

from functools import cache
from typing import Literal, TypeVar

import msgspec
import yaml

from auditor.own_files import text_in

Confidence = Literal["high", "medium", "low"]


class Fact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """What every row has: where it was read, and how far it can be trusted. Low never makes an error on its own."""

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

    Raises ValueError when a row does not have the shape of `row`; as the tables ship with the program, that is a bug.
    """
    try:
        rows: tuple[Row, ...] = msgspec.convert(_rows(name), tuple[row, ...], strict=False)  # type: ignore[valid-type]
    except msgspec.ValidationError as error:
        raise ValueError(f"auditor/facts/{name}.yaml: {error}") from error
    return rows
