"""Which waiver covers which finding, and which waivers are findings themselves."""

from __future__ import annotations

import datetime
import difflib
import fnmatch
from collections.abc import Iterable, Iterator
from dataclasses import replace

from auditor.check import Finding, Remedy, Subject
from auditor.plan.model import Waiver
from auditor.policy.rules import WAIVER_EXPIRED, WAIVER_UNKNOWN
from auditor.report import Waived


def is_in_force(waiver: Waiver, today: datetime.date) -> bool:
    """A waiver holds up to and including its last day."""
    return today <= waiver.expires


def covering(finding: Finding, waivers: Iterable[Waiver], today: datetime.date) -> Waived | None:
    """The first waiver in force whose check and subject match; the subject is a glob over the id or the whole subject."""
    names = (finding.subject.id, str(replace(finding.subject, client="")), str(finding.subject))
    for waiver in waivers:
        if waiver.check != finding.check or not is_in_force(waiver, today):
            continue
        if any(fnmatch.fnmatchcase(name, waiver.subject) or name == waiver.subject for name in names):
            return Waived(waiver.owner, waiver.reason, waiver.expires)
    return None


def _subject(waiver: Waiver) -> Subject:
    return Subject("waiver", f"{waiver.check} {waiver.subject}")


def waiver_findings(waivers: Iterable[Waiver], known: frozenset[str], today: datetime.date) -> Iterator[Finding]:
    """Findings about the waivers themselves."""
    for waiver in waivers:
        if waiver.check not in known:
            near = difflib.get_close_matches(waiver.check, known, n=1)
            yield Finding(
                check=WAIVER_UNKNOWN.id,
                severity=WAIVER_UNKNOWN.severity,
                subject=_subject(waiver),
                message=f"The waiver of {waiver.owner} names {waiver.check!r}, which is no check: it accepts nothing.",
                facts={"owner": waiver.owner},
                location=waiver.location,
                remedies=(Remedy("edit", f"Write {near[0]}." if near else "`auditor checks` lists the ids."),),
            )
        elif not is_in_force(waiver, today):
            days = (today - waiver.expires).days
            ago = f"{days} days ago" if days > 1 else "yesterday"
            yield Finding(
                check=WAIVER_EXPIRED.id,
                severity=WAIVER_EXPIRED.severity,
                subject=_subject(waiver),
                message=f"The waiver of {waiver.owner} for {waiver.check} ended on {waiver.expires}, {ago}: "
                f"what it accepted ({waiver.reason}) counts again.",
                facts={"owner": waiver.owner, "expired": waiver.expires.isoformat()},
                location=waiver.location,
                remedies=(Remedy("edit", f"Mend what {waiver.subject} shows, or let {waiver.owner} renew the waiver."),),
            )
