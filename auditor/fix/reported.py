"""A finding as it was reported: by the audit that was just made, or by a JSON report of an earlier one.

A report may have been changed on its way. Nothing in it is taken for a command: its references and digests are parsed as those
of lists are, and all other text is only ever quoted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from auditor.check import Finding, Subject
from auditor.report.reading import dicts, part, place, subject, text


@dataclass(frozen=True, slots=True)
class Reported:
    """What remedies have to know of a finding. `place` is where it is in the user's files, `advice` what its remedies say.

    `case` is empty for one out of a report, which does not tell it.
    """

    check: str
    severity: str
    subject: Subject
    fingerprint: str
    case: str = ""
    place: str = ""
    advice: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict, compare=False, hash=False)


def of_finding(finding: Finding, *, with_advice: bool = True) -> Reported:
    """A finding of the audit that was just made. Only the page shows its location and its remedies."""
    return Reported(
        finding.check,
        finding.severity.value,
        finding.subject,
        finding.fingerprint,
        finding.case,
        str(finding.location or "") if with_advice else "",
        tuple(remedy.text for remedy in finding.remedies) if with_advice else (),
        finding.facts,
    )


def in_report(document: Mapping[str, Any]) -> Iterator[Reported]:
    """The findings of a JSON report that nobody waived. What is not as it should be is left out, item by item."""
    for item in dicts(document.get("findings")):
        if item.get("waived"):
            continue
        yield Reported(
            text(item, "check"),
            text(item, "severity"),
            subject(item),
            text(item, "fingerprint"),
            place=place(item),
            advice=tuple(text(remedy, "text") for remedy in dicts(item.get("remedies"))),
            facts=part(item, "facts"),
        )
