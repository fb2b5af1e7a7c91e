"""The section `trust` for readers: each path once with the outcomes of its clients, by operating system."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from auditor.report import Prospect, RootListRow, TrustFileRow, TrustRow, TrustStep
from auditor.text import listed, many
from reports.folding import everybody

_SYSTEMS = {"linux": "Linux", "windows": "Windows"}


@dataclass(frozen=True, slots=True)
class Sight:
    """The outcome that several clients share; `row` is the first of their rows."""

    who: str
    row: TrustRow


@dataclass(frozen=True, slots=True)
class PathOutcomes:
    """One path, and the outcomes of the clients that use it. `row` is one of their rows."""

    row: TrustRow
    sights: tuple[Sight, ...]


@dataclass(frozen=True, slots=True)
class SystemPaths:
    """The paths of the clients of one operating system to an endpoint."""

    os: str
    ways: tuple[PathOutcomes, ...]


def sides(rows: Iterable[TrustRow]) -> tuple[SystemPaths, ...]:
    """Return the rows of one endpoint by operating system."""
    seen: dict[str, list[TrustRow]] = {}
    for row in rows:
        seen.setdefault(row.os, []).append(row)
    return tuple(SystemPaths(_SYSTEMS.get(os, os), _ways(found)) for os, found in sorted(seen.items()))


def _ways(rows: Iterable[TrustRow]) -> tuple[PathOutcomes, ...]:
    followed: dict[object, dict[object, list[TrustRow]]] = {}
    for row in rows:
        followed.setdefault((row.path, row.steps), {}).setdefault((row.verdict, row.dials, row.symptom, row.reason), []).append(
            row
        )
    return tuple(PathOutcomes(next(iter(alike.values()))[0], tuple(map(_sight, alike.values()))) for alike in followed.values())


def _sight(rows: list[TrustRow]) -> Sight:
    """Return the outcome of clients with the same path and verdict."""
    return Sight(everybody(((client_of(row), row.pool) for row in rows), most=None), rows[0])


def client_of(row: TrustRow) -> str:
    """Return the client for readers. A row of low confidence states it."""
    return f"{row.client} (low confidence)" if row.confidence == "low" else row.client


def public_roots(lists: Iterable[RootListRow]) -> str:
    """Return the sentence about the root programs, with the dates of their data."""
    shown = (f"{one.shown}, {many(one.days, 'day')} old" if one.is_stale and one.day else one.shown for one in lists)
    return f"Public roots: {'; '.join(shown)}."


def about(step: TrustStep) -> str:
    """Return the line below a certificate of a path."""
    return ", ".join(filter(None, (step.origin, step.key, step.until and f"until {step.until[:10]}")))


def unstated_reason(row: TrustRow) -> str:
    """Return the reason of a row, unless the flaws of its path state it already."""
    stated = {flaw for step in row.steps for flaw in step.flaws}
    if row.verdict is Prospect.VERIFIES or any(row.reason.endswith(flaw) for flaw in stated):
        return ""
    return row.reason


def file_problem(row: TrustFileRow) -> str:
    """Return what could not be used of a file, and who is affected."""
    used = f" {many(row.usable, 'certificate')} of it {'is' if row.usable == 1 else 'are'} used." if row.usable else ""
    reader = f", read by {row.reader}" if row.reader else ""
    return f"{row.problem.rstrip('.')} (pool {listed(row.pools, 4)}{reader}).{used}"
