"""Groups of findings and undetermined outcomes with the same fold key, so that each group is shown once.

The fold key is equal for outcomes that differ only in the names of the pool, its platform and the client. Counts are counts
of findings, never of groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from auditor.check import Finding, Undetermined
from auditor.text import listed

MOST_POOLS = 6
Who = tuple[str, str]  # client and pool; either may be empty


@dataclass(frozen=True, slots=True)
class Wording:
    """Findings with one fold key. Never empty."""

    findings: tuple[Finding, ...]

    @property
    def first(self) -> Finding:
        """The finding whose message is shown."""
        return self.findings[0]


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """The findings of one check about one subject at one location, grouped by wording. Never empty."""

    wordings: tuple[Wording, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, in the order of their wordings."""
        return tuple(finding for wording in self.wordings for finding in wording.findings)

    @property
    def first(self) -> Finding:
        """The finding that represents the entry."""
        return self.wordings[0].first

    @property
    def pools(self) -> tuple[str, ...]:
        """The pools of the findings, each once; empty if the findings have no pool."""
        return tuple(dict.fromkeys(finding.subject.pool for finding in self.findings if finding.subject.pool))


@dataclass(frozen=True, slots=True)
class UndeterminedGroup:
    """Undetermined outcomes with one fold key. Never empty."""

    rows: tuple[Undetermined, ...]

    @property
    def first(self) -> Undetermined:
        """The outcome that represents the group."""
        return self.rows[0]

    @property
    def pools(self) -> tuple[str, ...]:
        """The pools of the outcomes, each once."""
        return tuple(dict.fromkeys(row.subject.pool for row in self.rows if row.subject.pool))


def entries(findings: Iterable[Finding]) -> tuple[FindingGroup, ...]:
    """Group the findings of one check by subject and location, in order of first appearance."""
    places: dict[tuple[object, ...], dict[tuple[object, ...], list[Finding]]] = {}
    for finding in findings:
        place = (finding.subject.kind, finding.subject.id, finding.location)
        places.setdefault(place, {}).setdefault(finding.fold_key, []).append(finding)
    return tuple(FindingGroup(tuple(Wording(tuple(alike)) for alike in wordings.values())) for wordings in places.values())


def questions(rows: Iterable[Undetermined]) -> tuple[UndeterminedGroup, ...]:
    """Group undetermined outcomes by fold key, in order of first appearance."""
    alike: dict[tuple[object, ...], list[Undetermined]] = {}
    for row in rows:
        alike.setdefault(row.fold_key, []).append(row)
    return tuple(UndeterminedGroup(tuple(found)) for found in alike.values())


def who_of(finding: Finding) -> Who:
    """Return the client and the pool of a finding."""
    return finding.client, finding.subject.pool


def everybody(people: Iterable[Who], most: int | None = MOST_POOLS) -> str:
    """Return clients and pools in short form: `containerd, kubelet on control, win2022; curl on win2025`.

    Name at most `most` pools per client and count the others; None names all pools.
    """
    clients: dict[str, dict[str, None]] = {}
    for client, pool in people:
        clients.setdefault(pool, {})[client] = None
    pools: dict[tuple[tuple[str, ...], bool], list[str]] = {}
    for pool, found in clients.items():
        pools.setdefault((tuple(found), bool(pool)), []).append(pool)
    return "; ".join(filter(None, (_some(", ".join(filter(None, who)), where, most) for (who, _), where in pools.items())))


def _some(clients: str, pools: Sequence[str], most: int | None) -> str:
    named = [pool for pool in pools if pool]
    where = listed(named, len(named) if most is None else most)
    return f"{clients} on {where}" if clients and where else clients or where
