"""One hop of a copy: a tool moves an image from one location to another. Find the row of the facts that applies.

A row applies to a tool, a range of versions, a source, a destination and options. If no row applies, the result is
`Unpredicted` with the reason; nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from auditor.facts import Confidence
from auditor.facts.lookup import Found, GapKind, rows_at
from auditor.facts.versions import Versioned
from auditor.transfer.copy_options import Options

REGISTRY = "registry"
_SOURCE_CODE = re.compile(r"[\w/]\.(?:go|py|rs|java|jinja)\b|\bgo\.mod\b")
Place = Literal["", "registry", "archive", "docker-archive", "oci-layout", "dir"]


class HopRow(Versioned, frozen=True, kw_only=True):
    """The fields of every hop table. `since` is inclusive, `before` exclusive. `origin` and `to` are empty for any location.

    With `given`, one of these options must be set. The first applicable row decides. `confirmed` means that a test of this
    project runs the tool and observes the behaviour.
    """

    tool: str
    origin: Place = ""
    to: Place = ""
    given: tuple[str, ...] = ()
    confirmed: bool = False

    @property
    def is_proven(self) -> bool:
        """Return whether the row can cause an error: a test runs the tool, or the source is the source code of a program."""
        return proves(self.source, self.confidence, confirmed=self.confirmed)

    @property
    def name(self) -> str:
        """Return the name of the row for findings."""
        versions = f" {self.since or '0'} to {self.before}" if self.before else f" from {self.since}" if self.since else ""
        way = f", {self.origin or 'anything'} to {self.to or 'anything'}" if self.origin or self.to else ""
        return f"{self.tool}{versions}{way}{', with ' + ' or '.join(self.given) if self.given else ''}"


def proves(source: str, confidence: Confidence, *, confirmed: bool) -> bool:
    """Return whether a row can cause an error. Documentation and reports of users alone cause warnings."""
    return confirmed or (confidence != "low" and _SOURCE_CODE.search(source) is not None)


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of a transfer. The version may be unknown. `origin` and `to` are `registry` or an archive format."""

    tool: str
    version: str
    origin: str
    to: str
    options: Options = field(default_factory=Options)

    def __str__(self) -> str:
        return f"{self.tool} {self.version}".strip()


@dataclass(frozen=True, slots=True)
class Unpredicted:
    """Why the result is unknown. `missing`: the plan or the evidence lacks a value; otherwise the facts do.

    `unlisted`: no row of the facts names the program.
    """

    why: str
    missing: bool = False
    unlisted: bool = False


Row = TypeVar("Row", bound=HopRow)


def _covers(place: Place, actual: str) -> bool:
    return place in {"", actual} or (place == "archive" and actual != REGISTRY)


def row_for(rows: Iterable[Row], hop: Hop, said: Callable[[Row], Hashable]) -> Row | Unpredicted:
    """Return the row for a hop. If the plan states no version, all rows that may apply must agree in `said`."""
    own = [row for row in rows if row.tool == hop.tool]
    if not own:
        return Unpredicted(f"the facts do not list {hop.tool} as a copy tool", unlisted=True)
    found = rows_at(own, hop.version, hop.tool)
    if found.gap is not None and found.gap.kind is not GapKind.UNSTATED:
        return Unpredicted(found.gap.why, missing=found.gap.missing)
    if not any(_is_between(row, hop) for row in found.rows):
        return Unpredicted(f"the facts do not cover {hop} from {hop.origin} to {hop.to}")
    return _by_options(found, hop, said)


def _is_between(row: HopRow, hop: Hop) -> bool:
    return _covers(row.origin, hop.origin) and _covers(row.to, hop.to)


def _by_options(found: Found[Row], hop: Hop, said: Callable[[Row], Hashable]) -> Row | Unpredicted:
    rows = [row for row in found.rows if _is_between(row, hop)]
    told = [row for row in rows if any(hop.options.has(condition) for condition in row.given)]
    plain = [row for row in rows if not row.given]
    if not told and not plain:
        choices = " or ".join(dict.fromkeys(condition for row in rows for condition in row.given))
        return Unpredicted(f"the result of {hop} depends on {choices}, and copy.options states neither", missing=True)
    if found.gap is None:
        return next(row for row in rows if row in told or not row.given)
    # An option that only some versions support identifies these versions.
    first = {(row.since, row.before): row for row in reversed(told or plain)}
    if len({said(row) for row in first.values()}) > 1:
        return Unpredicted(f"the plan does not state the version of {hop.tool}, and versions differ", missing=True)
    return next(iter(told or plain))
