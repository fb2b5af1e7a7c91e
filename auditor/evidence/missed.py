"""The planned observations that a collection did not make: by host and cause, or by archive."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from auditor.errors import EvidenceError
from auditor.evidence.causes import Fault
from auditor.evidence.database import Database
from auditor.evidence.model import Absent, Failed, Kind, Observation, Seen
from auditor.evidence.overlay import Unanswered
from auditor.evidence.seal import DAMAGED
from auditor.evidence.sqlite_rows import to_observation, to_text

ARCHIVES = "archives"
SIZES = "unpacked sizes"
# A missing archive was not read, whereas a registry that denies an image has answered.
_FAILURES = {
    "tags": "SELECT outcome, detail, at, source FROM tag WHERE at >= ? AND outcome NOT IN ('seen', 'absent')",
    "documents": "SELECT outcome, detail, at, source FROM missing WHERE at >= ? AND outcome <> 'absent'",
    "blobs": "SELECT outcome, detail, at, source FROM blob WHERE at >= ? AND outcome NOT IN ('seen', 'absent')",
    SIZES: "SELECT outcome, detail, at, source FROM unpacked WHERE at >= ? AND outcome NOT IN ('seen', 'absent')",
    ARCHIVES: "SELECT outcome, detail, at, source FROM archive WHERE at >= ? AND outcome <> 'seen'",
    "certificate chains": "SELECT outcome, detail, at, source FROM chain WHERE at >= ? AND outcome NOT IN ('seen', 'absent')",
    "TLS versions": "SELECT outcome, detail, at, source FROM offered WHERE at >= ? AND outcome NOT IN ('seen', 'absent')",
    "files that certificates name": (
        "SELECT outcome, detail, at, source FROM fetched WHERE at >= ? AND outcome NOT IN ('seen', 'absent')"
    ),
}


@dataclass(slots=True)
class Missed:
    """Observations that failed for one reason. `fault` is None if no host is involved: then see `where` and `detail`.

    `counts` is the number of failures of each kind (`tags`, `blobs`, …).
    """

    where: str
    detail: str
    fault: Fault | None = None
    counts: dict[str, int] = field(default_factory=dict)


def missed_since(store: Database, since: datetime.datetime, kept: Unanswered) -> tuple[Missed, ...]:
    """Return the failures from `since` on, grouped. `kept` failed too, but the store holds an earlier observation for it.

    Raises EvidenceError.
    """
    groups: dict[tuple[object, ...], Missed] = {}
    for what, failed in (*_failures(store, since), *(("earlier observations", failed) for failed in kept.values())):
        fault = next(iter(failed.faults), None) if isinstance(failed, Failed) else None
        key = (fault.host, fault.cause) if fault is not None else (failed.source, failed.detail)
        group = groups.setdefault(key, Missed(failed.source, failed.detail, fault))
        group.counts[what] = group.counts.get(what, 0) + 1
    return tuple(sorted(groups.values(), key=lambda group: -sum(group.counts.values())))


def _failures(store: Database, since: datetime.datetime) -> Iterator[tuple[str, Absent | Failed]]:
    for what, statement in _FAILURES.items():
        for failed in _observed(store.rows(statement, to_text(since)), store.name):
            # A registry that sends no ranges of blobs has answered: the size stays an estimate.
            if what != SIZES or not (isinstance(failed, Failed) and failed.kind is Kind.UNSUPPORTED):
                yield what, failed


def _observed(rows: Iterable[tuple[object, ...]], name: str) -> Iterator[Absent | Failed]:
    for row in rows:
        observed: Observation[None] = to_observation(row, lambda: None, name)
        if isinstance(observed, Seen):
            raise EvidenceError(f"{name}: it holds an invalid observation: {row[0]!r:.80}", DAMAGED)
        yield observed
