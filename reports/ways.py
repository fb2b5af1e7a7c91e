"""The section trust for eyes: each path once, with what the clients that follow it come to, Linux beside Windows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from auditor.report import TrustRow, TrustStep
from reports.folding import everybody

_SYSTEMS = {"linux": "Linux", "windows": "Windows"}


@dataclass(frozen=True, slots=True)
class Sight:
    """What several clients see alike: `row` is the first of theirs."""

    who: str
    row: TrustRow


@dataclass(frozen=True, slots=True)
class Way:
    """One path, and what the clients that follow it come to. `row` is one of theirs."""

    row: TrustRow
    sights: tuple[Sight, ...]


@dataclass(frozen=True, slots=True)
class Side:
    """What the clients of one operating system see of an endpoint."""

    os: str
    ways: tuple[Way, ...]


def sides(rows: Iterable[TrustRow]) -> tuple[Side, ...]:
    """The rows of one endpoint, by operating system."""
    seen: dict[str, list[TrustRow]] = {}
    for row in rows:
        seen.setdefault(row.os, []).append(row)
    return tuple(Side(_SYSTEMS.get(os, os), _ways(found)) for os, found in sorted(seen.items()))


def _ways(rows: Iterable[TrustRow]) -> tuple[Way, ...]:
    followed: dict[object, dict[object, list[TrustRow]]] = {}
    for row in rows:
        followed.setdefault((row.path, row.steps), {}).setdefault((row.verdict, row.dials, row.symptom), []).append(row)
    return tuple(Way(next(iter(alike.values()))[0], tuple(map(_sight, alike.values()))) for alike in followed.values())


def _sight(rows: list[TrustRow]) -> Sight:
    """Clients that follow the same path and come to the same share a sight."""
    return Sight(everybody(((row.client, row.pool) for row in rows), most=None), rows[0])


def is_gap(step: TrustStep) -> bool:
    """Whether the path breaks at this certificate, or would."""
    return bool(step.flaws) or step.origin in {"missing", "not on the node"}


def about(step: TrustStep) -> str:
    """What stands below a certificate of a path."""
    return ", ".join(filter(None, (step.origin, step.key, step.until and f"until {step.until[:10]}")))
