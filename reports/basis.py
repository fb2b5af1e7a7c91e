"""The evidence of an audit as text for every format: its origin, its checksum, and its age by kind."""

from __future__ import annotations

from auditor.report import AgeRow, EvidenceBasis, EvidenceOrigin, Report, Timing
from auditor.text import days, listed, many, short_hash

_ORIGINS = {
    EvidenceOrigin.FILE: "Evidence file",
    EvidenceOrigin.CACHE: "Evidence of an earlier run (--offline)",
    EvidenceOrigin.RUN: "Evidence collected in this run",
}
_UNSEALED = "An older version wrote the file without a seal, so damage to it may go undetected."


def facts_line(report: Report) -> str:
    """Return the date and the checksum of the facts, and the overlays, as a sentence; empty if the report states none."""
    used = report.facts
    if used is None:
        return ""
    beside = f", with {listed(used.overlays, 3)}" if used.overlays else ""
    return f"Facts as of {used.as_of.isoformat()} (SHA-256 {short_hash(used.digest)}){beside}."


def source_line(report: Report) -> str:
    """Return the origin of the evidence, its checksum as `sha256sum` prints it, and a missing seal; empty without evidence."""
    basis = report.basis
    if basis.origin not in _ORIGINS:
        return ""
    line = f"{_ORIGINS[basis.origin]}, SHA-256 {basis.sha256}." if basis.sha256 else f"{_ORIGINS[basis.origin]}."
    return f"{line} {_UNSEALED}" if basis.sealed is False else line


def seal_line(report: Report) -> str:
    """Return that the evidence file has no seal, or an empty string."""
    return _UNSEALED.replace("the file", "the evidence file") if report.basis.sealed is False else ""


def age_lines(report: Report) -> tuple[str, ...]:
    """Return one line for each kind: `tags: 2026-10-23 (31 days old)`."""
    return tuple(f"{row.what}: {days_of(row)} ({age_words(row, report.basis)})" for row in report.basis.ages)


def days_of(row: AgeRow) -> str:
    """Return the day of the observations, or the first and the last day."""
    return days(row.oldest, row.newest)


def age_words(row: AgeRow, basis: EvidenceBasis) -> str:
    """Return the age as text, and whether it is stale."""
    if basis.measured_on is not None and row.oldest.date() > basis.measured_on:
        return "newer than the audit date"
    age = f"{many(row.days, 'day')} old" if row.days else "less than a day old"
    return f"{age}, stale" if row.is_stale else age


def timing_line(report: Report) -> str:
    """How the dates stand to each other, where that is worth a sentence; else empty."""
    basis, audit = report.basis, report.audited_at.isoformat()
    match basis.timing:
        case Timing.AUDIT_IN_FUTURE:
            return (
                f"Evidence is from {newest_day(basis)}; the audit date {audit} is in the future. "
                "Dates are compared with the audit date; the age of evidence is counted to today."
            )
        case Timing.EVIDENCE_NEWER:
            return f"Evidence is from {newest_day(basis)}, which is after the audit date {audit}: it shows a later state."
        case Timing.EVIDENCE_AFTER_NOW:
            return f"Evidence is from {newest_day(basis)}, which is later than this machine's clock: check both clocks."
        case _:
            return ""


def newest_day(basis: EvidenceBasis) -> str:
    """Return the day of the newest observation."""
    return max(row.newest for row in basis.ages).date().isoformat()


def summary_line(report: Report) -> str:
    """Return checksum, ages and dates in one line, for formats without room for more; empty without evidence."""
    ages = "; ".join(age_lines(report))
    return " ".join(part for part in (source_line(report), f"Age: {ages}." if ages else "", timing_line(report)) if part)
