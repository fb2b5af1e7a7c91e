"""Findings that rest on a fact of the user: each names the overlay and the line, as the fact `stated_by`."""

from __future__ import annotations

from dataclasses import replace

from auditor.check import Finding
from auditor.facts import overlay_in_use


def with_stated_facts(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return the findings; those whose source is that of an overlay row say where the user states it."""
    rows = (row for table in overlay_in_use().rows.values() for row in table)
    places = {str(row["source"]): str(row["stated-by"]) for row in rows}
    return tuple(_marked(finding, places) for finding in findings) if places else findings


def _marked(finding: Finding, places: dict[str, str]) -> Finding:
    place = places.get(str(finding.facts.get("source", "")))
    return replace(finding, facts={**finding.facts, "stated_by": place}) if place else finding
