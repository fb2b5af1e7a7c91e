"""The report's tables as text: images by pool, egress, storage, trust, and the checks that did not apply."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from auditor.report import Report, StorageStage, TrustRow
from reports.cleaning import clean
from reports.quantity import size
from reports.summary import not_applied, origin
from reports.text.ink import Ink
from reports.text.layout import heading, more, table, wrap

MOST_ROWS = 12
_TRUST_ORDER = {"fails": 0, "undetermined": 1, "verifies": 3}


def images(report: Report, ink: Ink) -> Iterator[str]:
    """How many images stand how for each pool; the matrix itself is for formats with room."""
    pools: dict[tuple[str, str], Counter[str]] = {}
    for row in report.images:
        for cell in row.platforms:
            pools.setdefault((cell.pool, cell.platform), Counter())[cell.status] += 1
    if not pools:
        return
    yield from heading("Images by pool", ink)
    rows = [[pool, platform, f"{statuses.total():,}", _statuses(statuses)] for (pool, platform), statuses in pools.items()]
    yield from table(("Pool", "Platform", "Images", "Of these"), rows, (14, 24, 8, 26), MOST_ROWS)


def _statuses(statuses: Counter[str]) -> str:
    return ", ".join(f"{count:,} {status}" for status, count in sorted(statuses.items(), key=lambda item: -item[1]))


def egress(report: Report, ink: Ink) -> Iterator[str]:
    """Hosts that something would dial."""
    if not report.egress:
        return
    yield from heading("Egress: who would dial out", ink)
    rows = [[origin(row), row.who, row.when_blocked] for row in report.egress]
    yield from table(("Host", "Who", "When it cannot"), rows, (30, 18, 26), MOST_ROWS)


def storage(report: Report, ink: Ink) -> Iterator[str]:
    """What each stage needs and has."""
    if not report.storage:
        return
    yield from heading("Storage", ink)
    rows = [[name, size(stage.bytes), *_room(stage), stage.provenance] for name, stage in report.storage.items()]
    yield from table(("Stage", "Needs", "Has", "Used", "How we know"), rows, (16, 9, 9, 10, 24), MOST_ROWS)


def _room(stage: StorageStage) -> tuple[str, str]:
    match stage.capacity:
        case None:
            return "not said", "?"
        case 0:
            return size(0), "full"
        case capacity:
            over = ", over" if stage.bytes > capacity else ""
            return size(capacity), f"{stage.bytes / capacity:.0%}{over}"


def trust(report: Report, ink: Ink) -> Iterator[str]:
    """Each endpoint as each client sees it, failing ones first."""
    if not report.trust:
        return
    yield from heading("Trust: TLS as each client sees it offline", ink)
    ordered = sorted(report.trust, key=lambda row: _TRUST_ORDER.get(row.verdict, 2))
    endpoints: dict[str, list[TrustRow]] = {}
    for row in ordered[:MOST_ROWS]:
        endpoints.setdefault(row.endpoint, []).append(row)
    for endpoint, rows in endpoints.items():
        yield from wrap(endpoint, "  ", "* ")
        for row in rows:
            outcome = row.symptom or " < ".join(row.path) or "nothing more is known"
            yield from wrap(f"{row.client} on {row.pool}: {outcome}", "    ", f"{clean(row.verdict):<13} ")
    yield from more(len(ordered) - MOST_ROWS, "  ")


def skipped(report: Report, ink: Ink) -> Iterator[str]:
    """The checks that did not apply, by the reason why."""
    reasons = not_applied(report)
    if not reasons:
        return
    yield from heading("Not examined, as it does not apply", ink)
    for reason, rows in reasons:
        yield from wrap(f"{reason}: {', '.join(row.rule.id for row in rows)}", "", "* ")
