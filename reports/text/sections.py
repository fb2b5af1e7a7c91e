"""The report's tables as text: images by pool, egress, storage, trust, scope, evidence, and checks that did not apply."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator

from auditor.report import CellStatus, Prospect, Report, StorageStage, TrustRow
from auditor.text import format_size, listed
from reports import basis
from reports import calendar as dates
from reports.cleaning import clean
from reports.folding import MOST_POOLS, everybody
from reports.headline import STATUS_WORDS
from reports.standings import legend
from reports.summary import active, not_applied, origin
from reports.text.chain import draw_files
from reports.text.ink import Ink
from reports.text.layout import heading, more, table, wrap
from reports.ways import client_of, public_roots

MOST_ROWS = 12
MOST_ENDS = 20
BAR = 12  # width of a full bar
MOST_TRUST = 15
SHOWN_END = 44  # maximum length of the text about a blocked connection
_TRUST_ORDER = {Prospect.FAILS: 0, Prospect.UNDETERMINED: 1, Prospect.VERIFIES: 2}


def images(report: Report, ink: Ink) -> Iterator[str]:
    """Yield the number of images per status and pool. Other formats have the whole matrix."""
    pools: dict[tuple[str, str], Counter[CellStatus]] = {}
    for row in report.images:
        for cell in row.platforms:
            pools.setdefault((cell.pool, cell.platform), Counter())[cell.status] += 1
    if not pools:
        return
    yield from heading("Images by pool", ink)
    rows = [[pool, platform, f"{statuses.total():,}", _statuses(statuses)] for (pool, platform), statuses in pools.items()]
    yield from table(("Pool", "Platform", "Images", "Status"), rows, (14, 24, 8), MOST_ROWS)
    for status, meaning in legend(status for statuses in pools.values() for status in statuses):
        yield from wrap(meaning, "  ", f"{status}: ")


def _statuses(statuses: Counter[CellStatus]) -> str:
    return ", ".join(f"{count:,} {status}" for status, count in sorted(statuses.items(), key=lambda item: -item[1]))


def egress(report: Report, ink: Ink) -> Iterator[str]:
    """Yield the external hosts. Clients with the same outcome share a row."""
    if not report.egress:
        return
    yield from heading("Egress: external connections", ink)
    quoted = _quoted(report)
    paths: dict[tuple[str, str], list[str]] = {}
    for row in report.egress:
        end = f"see {row.check}" if row.when_blocked in quoted else row.when_blocked
        paths.setdefault((origin(row), end), []).append(row.who)
    rows = [
        [host, listed(list(dict.fromkeys(who)), MOST_POOLS), textwrap.shorten(clean(end), SHOWN_END, placeholder=" …")]
        for (host, end), who in paths.items()
    ]
    yield from table(("Host", "Client", "When blocked"), rows, (31, 22), MOST_ROWS)


def _quoted(report: Report) -> frozenset[object]:
    """Return the symptoms that findings quote, so that no table repeats them."""
    return frozenset(item.finding.facts.get("symptom") for item in active(report)) - {None, ""}


def storage(report: Report, ink: Ink) -> Iterator[str]:
    """Yield what each stage needs and its capacity."""
    if not report.storage:
        return
    yield from heading("Storage", ink)
    rows = [[name, format_size(stage.bytes), *_room(stage), stage.provenance] for name, stage in report.storage.items()]
    yield from table(("Stage", "Needs", "Has", "Used", "Basis"), rows, (12, 9, 9, BAR), MOST_ROWS)


def _room(stage: StorageStage) -> tuple[str, str]:
    match stage.capacity:
        case None:
            return "unknown", "?"
        case 0:
            return format_size(0), "full"
        case capacity:
            over = ", over" if stage.bytes > capacity else ""
            filled = min(BAR, -(-stage.bytes * BAR // capacity))
            return format_size(capacity), f"{'#' * filled}{'.' * (BAR - filled)} {stage.bytes / capacity:.0%}{over}"


def trust(report: Report, ink: Ink) -> Iterator[str]:
    """Yield each endpoint with the outcome per client, failures first. Clients with the same outcome share a line."""
    if not report.trust:
        return
    yield from heading("Trust: TLS verification by each client offline", ink)
    if report.root_lists:
        yield from wrap(public_roots(report.root_lists))
    quoted = _quoted(report)
    seen: dict[tuple[str, str, str], list[TrustRow]] = {}
    for row in sorted(report.trust, key=lambda row: _TRUST_ORDER[row.verdict]):
        outcome = _outcome(row)
        seen.setdefault((row.endpoint, row.verdict, "" if outcome in quoted else outcome), []).append(row)
    lines = list(seen.items())
    endpoints: dict[str, list[str]] = {}
    for (endpoint, verdict, outcome), rows in lines[:MOST_TRUST]:
        who = everybody((client_of(row), row.pool) for row in rows)
        endpoints.setdefault(endpoint, []).extend(wrap(f"{who}{outcome and ': '}{outcome}", "    ", f"{clean(verdict):<13} "))
    for endpoint, found in endpoints.items():
        yield from wrap(endpoint, "  ", "* ")
        yield from found
        yield from _ways(report, endpoint)
    yield from more(sum(len(rows) for _, rows in lines[MOST_TRUST:]), "  ", "row")
    if report.trust_files:
        yield from wrap("Trust files that could not be used as a whole:", "  ")
        yield from draw_files(report.trust_files[:MOST_TRUST])
        yield from more(len(report.trust_files[MOST_TRUST:]), "  ", "file")


def _outcome(row: TrustRow) -> str:
    """Return the error message of a client that fails, why a verdict is undetermined, or the verified path."""
    if row.verdict is Prospect.UNDETERMINED and row.reason:
        return row.reason
    return row.symptom or row.reason or " < ".join(row.path) or "details unknown"


def _ways(report: Report, endpoint: str) -> Iterator[str]:
    """Yield the certificate path per operating system, of the client with the worst outcome; nothing if all verify."""
    rows = [row for row in report.trust if row.endpoint == endpoint and row.steps]
    if all(row.verdict is Prospect.VERIFIES for row in rows):
        return
    for os in dict.fromkeys(sorted(row.os for row in rows)):
        ours = (row for row in rows if row.os == os)
        worst = min(ours, key=lambda row: (_TRUST_ORDER[row.verdict], not any(step.is_gap for step in row.steps)))
        yield from wrap(" < ".join(f"{step.name} ({step.origin})" for step in worst.steps), "    ", f"{os:<13} ")


def calendar(report: Report, ink: Ink) -> Iterator[str]:
    """Yield everything that ends, by date."""
    if not report.calendar:
        return
    yield from heading("Calendar: what ends, and who renews it", ink)
    yield from wrap(dates.summary(report))
    rows = [
        [dates.ends(row), dates.what(row), dates.STANDINGS[row.standing], dates.RENEWALS[row.renewal]]
        for row in report.calendar
    ]
    yield from table(dates.HEADERS, rows, (10, 34, 10), MOST_ENDS)


def scope(report: Report, ink: Ink) -> Iterator[str]:
    """Yield every area with its status, the number of subjects examined, and how to add what is missing."""
    if not report.scope:
        return
    yield from heading("Scope", ink)
    for row in report.scope:
        count = f" ({row.examined:,} examined)" if row.examined else ""
        required = ", required" if row.is_required else ""
        yield from wrap(f"{row.area.label}{count}{required}", "  ", f"{STATUS_WORDS[row.status]:<13} ")
        yield from wrap(row.hint, " " * 18)


def evidence(report: Report, ink: Ink) -> Iterator[str]:
    """Yield the evidence that was used: its file, its age by kind, and a note on its dates."""
    lines = basis.age_lines(report)
    if not lines and not basis.source_line(report):
        return
    yield from heading("Evidence", ink)
    yield from wrap(basis.source_line(report))
    for line in lines:
        yield from wrap(line, "", "* ")
    yield from wrap(basis.timing_line(report))


def skipped(report: Report, ink: Ink) -> Iterator[str]:
    """Yield the checks that did not apply, by reason."""
    reasons = not_applied(report)
    if not reasons:
        return
    yield from heading("Not applicable", ink)
    for reason, rows in reasons:
        yield from wrap(f"{reason}: {', '.join(row.rule.id for row in rows)}", "", "* ")
