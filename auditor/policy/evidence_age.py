"""The age of the evidence of an audit, by kind, and findings about stale evidence.

The *audit date* is the simulated day (`--at`). *Now* is the real day, which the caller passes in. The age of evidence is
counted to the earlier of the two, because a simulated future date does not age the evidence.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

from auditor.check import Finding, Remedy, Subject
from auditor.evidence.dated import FIXED, Dated, Span
from auditor.evidence.kinds import Place
from auditor.plan.model import Plan
from auditor.policy.rules import EVIDENCE_STALE
from auditor.report import AgeRow, EvidenceBasis, EvidenceOrigin, Timing
from auditor.text import duration, many

CARRIED = "files that the evidence carries"
_DAY = 86_400  # seconds


@dataclass(frozen=True, slots=True)
class Basis:
    """The evidence of one audit. `origin` is `file`, `cache`, `run` (collected in this run) or `none`; `now` is the real day.

    `sha256` is that of the evidence file. `carried_at` is the time at which the plan was stored in it, if the plan was read
    from it. `is_sealed` is None without a file. `collected_with`, `command` and `places` are what the evidence
    records about its last collection.
    """

    evidence: Dated
    origin: str
    now: datetime.date
    sha256: str = ""
    carried_at: datetime.datetime | None = None
    is_sealed: bool | None = None
    collected_with: str = ""
    command: str = ""
    places: tuple[Place, ...] = ()


def evidence_basis(basis: Basis, plan: Plan, audit: datetime.date) -> EvidenceBasis:
    """Return the evidence that the audit has used so far, with its age."""
    measured = min(audit, basis.now)
    spans = basis.evidence.used()
    rows = [_row(span, measured, plan.evidence_max_age, can_change=span.what not in FIXED) for span in spans]
    if basis.carried_at is not None:
        carried = Span(CARRIED, basis.carried_at, basis.carried_at)
        rows.append(_row(carried, measured, plan.evidence_max_age, can_change=False))
    return EvidenceBasis(
        origin=EvidenceOrigin(basis.origin),
        sha256=basis.sha256,
        sealed=basis.is_sealed,
        measured_on=measured,
        max_age=plan.evidence_max_age,
        timing=_timing(rows, audit, basis.now),
        ages=tuple(rows),
        collected_with=basis.collected_with,
        command=basis.command,
        places=basis.places,
    )


def _row(span: Span, measured: datetime.date, max_age: int, *, can_change: bool) -> AgeRow:
    days = max(0, (measured - span.oldest.date()).days)
    return AgeRow(span.what, span.oldest, span.newest, days, can_change, can_change and days * _DAY > max_age)


def _timing(rows: list[AgeRow], audit: datetime.date, now: datetime.date) -> Timing:
    if not rows:
        return Timing.NO_EVIDENCE
    if max(row.newest for row in rows).date() > min(audit, now):
        return Timing.EVIDENCE_NEWER if audit <= now else Timing.EVIDENCE_AFTER_NOW
    return Timing.AUDIT_IN_FUTURE if audit > now else Timing.CURRENT


def stale_findings(basis: EvidenceBasis, plan: Plan) -> Iterator[Finding]:
    """Yield one finding for each kind of evidence that can change and is older than the plan allows."""
    for row in basis.ages:
        if row.is_stale:
            yield Finding(
                check=EVIDENCE_STALE.id,
                severity=EVIDENCE_STALE.severity,
                subject=Subject("evidence", row.what),
                message=f"The evidence about {row.what} is up to {many(row.days, 'day')} old: the oldest is from "
                f"{row.oldest.date().isoformat()}. The plan accepts {duration(basis.max_age)} "
                "(`evidence_max_age`). The state may have changed since, so a check may pass on an outdated state.",
                facts={"oldest": row.oldest.isoformat(), "age_days": row.days, "max_age_seconds": basis.max_age},
                location=plan.where("evidence_max_age"),
                remedies=(
                    Remedy(
                        "command",
                        "Collect again from a machine that can reach the registries and endpoints, and audit the new evidence.",
                        (f"auditor collect {plan.file} -o site.evidence",),
                    ),
                ),
            )
