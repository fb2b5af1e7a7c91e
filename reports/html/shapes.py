"""Data for the templates: storage bars, endpoints by operating system, and the tone of words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from auditor.check import Fact, Severity
from auditor.report import (
    CellStatus,
    DateStanding,
    Prospect,
    Report,
    ScopeStatus,
    Status,
    StorageStage,
    TrustRow,
    Verdict,
)
from auditor.text import format_size, many
from reports.folding import UndeterminedGroup, questions
from reports.html.treemap import Tile, treemap
from reports.ways import SystemPaths, sides

IN_PART = "ready-in-part"  # verdict for the examined areas only
# CSS class (shape and colour) of a status, a severity or a verdict.
_TONES: Mapping[str, str] = {
    **dict.fromkeys((CellStatus.OK, Status.PASSED, Verdict.READY, Prospect.VERIFIES, ScopeStatus.EXAMINED), "o"),
    **dict.fromkeys((Severity.ERROR, Status.FAILED, Verdict.NOT_READY, Prospect.FAILS, CellStatus.BLOCKED), "e"),
    **dict.fromkeys((CellStatus.ABSENT, CellStatus.PLATFORM_ABSENT, CellStatus.BUILD_MISMATCH), "e"),
    **dict.fromkeys((Severity.WARNING, CellStatus.FALLBACK), "w"),
    **dict.fromkeys((Severity.INFO, IN_PART), "i"),
    DateStanding.ENDED: "e",
    DateStanding.BEFORE_HORIZON: "w",
    DateStanding.RENEWED: "i",
    DateStanding.AFTER_HORIZON: "o",
    **dict.fromkeys((Status.NOT_APPLICABLE, ScopeStatus.NOT_DECLARED, ScopeStatus.SWITCHED_OFF), "n"),
}
_BAR = 1000
_FEWEST, _SMALLEST, _MOST_SHARE = 4, 25, 0.8  # a treemap has four parts of at least 1/25, and none above 80 %


def tone(word: str) -> str:
    """Return the class of a word: `o` passed, `e` error, `w` warning, `i` neutral, `u` unknown."""
    return _TONES.get(word, "u")


def verdict_word(report: Report) -> str:
    """Return the verdict as an argument for `tone`."""
    is_in_part = report.verdict is Verdict.READY and report.works_offline_until is None
    return IN_PART if is_in_part else report.verdict.value


def fact(value: Fact) -> str:
    """Return a fact as text for readers."""
    match value:
        case bool():
            return "yes" if value else "no"
        case tuple():
            return ", ".join(value)
        case _:
            return str(value)


@dataclass(frozen=True, slots=True)
class BarSegment:
    """One part of a storage bar; `start` and `width` in thousandths of the bar."""

    name: str
    bytes: int
    start: int
    width: int


@dataclass(frozen=True, slots=True)
class Bar:
    """A storage stage drawn to scale. `limit` is the capacity in thousandths of the bar, None if unknown."""

    used: int
    limit: int | None
    parts: tuple[BarSegment, ...]

    @property
    def over(self) -> int:
        """Return the length of the bar beyond the limit."""
        return 0 if self.limit is None else max(0, self.used - self.limit)


def bar(stage: StorageStage) -> Bar:
    """Return a stage as a bar. Bytes that no item accounts for have no part."""
    whole = max(stage.bytes, stage.capacity or 0, 1)
    parts, start = [], 0
    for item in stage.items:
        width = min(_BAR - start, item.bytes * _BAR // whole)
        parts.append(BarSegment(item.name, item.bytes, start, width))
        start += width
    limit = None if stage.capacity is None else stage.capacity * _BAR // whole
    return Bar(stage.bytes * _BAR // whole, limit, tuple(parts))


def tiles(stage: StorageStage) -> tuple[Tile, ...]:
    """Return the items of a stage as tiles."""
    return treemap(stage.items)


def is_telling(stage: StorageStage) -> bool:
    """Return whether a treemap shows more than the table: several parts that differ and that are large enough to see."""
    amounts = sorted((item.bytes for item in stage.items), reverse=True)
    large = [amount for amount in amounts if amount * _SMALLEST >= sum(amounts)]
    return len(large) >= _FEWEST and amounts[0] < sum(amounts) * _MOST_SHARE


def share(stage: StorageStage) -> str:
    """Return the usage of a stage as text."""
    if stage.capacity is None:
        return "needed; the plan does not declare the capacity"
    used = f", {stage.bytes / stage.capacity:.0%}" if stage.capacity else ""
    over = f": {format_size(stage.bytes - stage.capacity)} over capacity" if stage.bytes > stage.capacity else ""
    return f"of {format_size(stage.capacity)}{used}{over}"


def endpoints(report: Report) -> tuple[tuple[str, tuple[SystemPaths, ...]], ...]:
    """Return each endpoint with its rows by operating system, in the order of the report."""
    seen: dict[str, list[TrustRow]] = {}
    for row in report.trust:
        seen.setdefault(row.endpoint, []).append(row)
    return tuple((endpoint, sides(rows)) for endpoint, rows in seen.items())


def asked(report: Report) -> tuple[UndeterminedGroup, ...]:
    """Return the undetermined outcomes, grouped over pools."""
    return questions(report.undetermined)


def observed(report: Report) -> str:
    """Return the number of observations in the evidence, and their dates."""
    rows = report.evidence
    if not rows:
        return "The evidence contains no observations: only the plan and its files were evaluated."
    count = sum(row.seen + row.absent + row.failed for row in rows)
    days = sorted({min(row.oldest for row in rows)[:10], max(row.newest for row in rows)[:10]})
    return f"{many(count, 'observation')} from {' to '.join(days)}. The evidence file has the time and source of each."
