"""A finding as `auditor fix` reads it: from the audit that just ran, or from a JSON report of an earlier one.

A report may have been changed. None of its text becomes a command: references and digests are parsed like those of lists,
and other text is quoted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from auditor.check import Finding, RemedyKind, Subject
from auditor.report.report_reader import dicts, part, place, subject, text


@dataclass(frozen=True, slots=True)
class Reported:
    """A finding as input of `auditor fix`. `place` is its location in the user's files, `advice` the text of its remedies.

    `kind` is None for a finding that no file can resolve.
    """

    check: str
    severity: str
    subject: Subject
    fingerprint: str
    kind: RemedyKind | None = None
    place: str = ""
    advice: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict, compare=False, hash=False)

    @property
    def pools(self) -> tuple[str, ...]:
        """Return the pools that the finding concerns."""
        listed = self.facts.get("pools", ())
        several = tuple(map(str, listed)) if isinstance(listed, list | tuple) else ()
        return (self.subject.pool,) if self.subject.pool else several

    def is_of(self, pool: str) -> bool:
        """Return whether the finding concerns a pool."""
        return pool in self.pools


def of_finding(finding: Finding, *, with_advice: bool = True) -> Reported:
    """Convert a finding of the current audit. Only the README needs its location and remedies (`with_advice`)."""
    return Reported(
        finding.check,
        finding.severity.value,
        finding.subject,
        finding.fingerprint,
        finding.remedy_kind,
        str(finding.location or "") if with_advice else "",
        tuple(remedy.text for remedy in finding.remedies) if with_advice else (),
        finding.facts,
    )


# Reports of version 0.1.x have no `remedy_kind`. Ids of checks are never renamed, so this table stays valid.
_OF_OLD_REPORTS = {
    "image-missing-in-target": RemedyKind.COPY_IMAGE,
    "platform-dropped": RemedyKind.COPY_IMAGE,
    "archive-name-mismatch": RemedyKind.COPY_AGAIN,
    "copy-drops-foreign-layers": RemedyKind.COPY_AGAIN,
    "copy-changes-digest": RemedyKind.COPY_AGAIN,
    "copy-drops-platforms": RemedyKind.COPY_AGAIN,
    "copy-keeps-urls": RemedyKind.COPY_AGAIN,
    "foreign-layer-unavailable": RemedyKind.COPY_LAYER,
    "foreign-layer-egress": RemedyKind.STRIP_URLS,
}


def _kind(item: Mapping[str, Any]) -> RemedyKind | None:
    """Return the remedy kind of a reported finding, or None if it is missing or unknown to this version."""
    if "remedy_kind" not in item:
        return _OF_OLD_REPORTS.get(text(item, "check"))
    given = text(item, "remedy_kind")
    return RemedyKind(given) if given in {*RemedyKind} else None


def in_report(document: Mapping[str, Any]) -> Iterator[Reported]:
    """Yield the findings of a JSON report that are not waived. Malformed items are skipped."""
    for item in dicts(document.get("findings")):
        if item.get("waived"):
            continue
        yield Reported(
            text(item, "check"),
            text(item, "severity"),
            subject(item),
            text(item, "fingerprint"),
            _kind(item),
            place=place(item),
            advice=tuple(text(remedy, "text") for remedy in dicts(item.get("remedies"))),
            facts=part(item, "facts"),
        )
