"""Values that many rows repeat: the page states each once, and the rows refer to it or leave it out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from auditor.check import Fact, Remedy
from auditor.report import Cell, Report
from reports.summary import SummaryGroup

MANY_FINDINGS = 10  # a smaller group repeats its values, so that each finding can be read alone
MANY_CELLS = 5_000
_MOST_BUILDS = 99
_IS_SHORT = re.compile(r"W\d")


def facts(group: SummaryGroup) -> dict[str, Fact]:
    """Return the facts that all findings of a large group share."""
    if len(group.findings) < MANY_FINDINGS:
        return {}
    first, *others = (item.finding.facts for item in group.findings)
    return {key: value for key, value in first.items() if all(key in other and other[key] == value for other in others)}


def remedies(group: SummaryGroup) -> tuple[Remedy, ...]:
    """Return the remedies that all findings of a large group share, beside its leading ones (`shared_remedies`)."""
    if len(group.findings) < MANY_FINDINGS:
        return ()
    leading = len(group.shared_remedies)
    first, *others = (item.finding.remedies[leading:] for item in group.findings)
    common = set(first).intersection(*others)
    return tuple(way for way in first if way in common)


def builds(report: Report) -> dict[str, str]:
    """Return short names (`W1`) of the Windows builds in a large matrix, the most frequent build first."""
    cells = [cell for image in report.images for cell in image.platforms]
    if len(cells) < MANY_CELLS:
        return {}
    counts = Counter(cell.os_version for cell in cells if cell.os_version)
    return {build: f"W{number}" for number, (build, _) in enumerate(counts.most_common(_MOST_BUILDS), 1)}


def build(cell: Cell, short: Mapping[str, str]) -> str:
    """Return the build of a cell, by its short name if it has one."""
    return short.get(cell.os_version, cell.os_version)


def told_apart(note: str, cell: Cell, short: Mapping[str, str]) -> str:
    """Return the note with a leading space if it begins like a short name without being one. A browser shows no such space."""
    return f" {note}" if short and cell.os_version not in short and _IS_SHORT.match(note) else note


def places(values: Iterable[str], options: list[str]) -> str:
    """Return the positions of values among the options of a filter, or `-` for none."""
    return "|".join(str(options.index(value)) for value in values if value in options) or "-"
