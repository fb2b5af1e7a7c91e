"""A difference as text and as JSON. Names from reports are cleaned of control characters."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from typing import Any

from auditor.check import Severity, Subject
from auditor.diff.compare import (
    BASELINED,
    COUNTS,
    WAIVED,
    AreaChange,
    CellChange,
    Difference,
    Pair,
    ReportedFinding,
    ReportedUndetermined,
    ReportSummary,
)
from auditor.text import clean

VERSION = 1
MOST = 50  # maximum lines of one part; JSON has all
_STANDINGS = {COUNTS: "", WAIVED: ", waived", BASELINED: ", baselined"}


def as_json(difference: Difference, threshold: Severity) -> str:
    """Return the difference as JSON, version 1: fields may be added, unknown values are null. ASCII with a final newline."""
    made: dict[str, Any] = {
        "version": VERSION,
        "old": dataclasses.asdict(difference.old),
        "new": dataclasses.asdict(difference.new),
        "verdict_changed": difference.old.verdict != difference.new.verdict,
        "fail_on": threshold.value,
        "worse": len(difference.worse(threshold)),
        "findings": {
            "new": [_entry(entry) for entry in difference.appeared],
            "gone": [_entry(entry) for entry in difference.gone],
            "unseen": [_entry(entry) for entry in difference.unchecked],
            "changed": [{"old": _entry(pair.old), "new": _entry(pair.new)} for pair in difference.changed],
            "unchanged": difference.unchanged,
        },
        "undetermined": {
            "new": [_question(question) for question in difference.asked],
            "gone": [_question(question) for question in difference.answered],
        },
        "images": {
            "added": difference.images_added,
            "removed": difference.images_removed,
            "changed": [dataclasses.asdict(cell) for cell in difference.cells],
        },
        "egress": {"added": difference.egress_added, "removed": difference.egress_removed},
        "scope": {"changed": [dataclasses.asdict(reach) for reach in difference.scope]},
    }
    return json.dumps(made, indent=1) + "\n"


def _entry(entry: ReportedFinding) -> dict[str, Any]:
    severity = entry.severity.value if entry.severity else None
    return {**dataclasses.asdict(entry), "severity": severity, "place": entry.place or None, "subject": _subject(entry.subject)}


def _question(question: ReportedUndetermined) -> dict[str, Any]:
    return {**dataclasses.asdict(question), "subject": _subject(question.subject)}


def _subject(subject: Subject) -> dict[str, str | None]:
    return {name: value or None for name, value in dataclasses.asdict(subject).items()}


def as_text(difference: Difference, threshold: Severity) -> str:
    """Return the difference as text: the verdict first, then what is new, then what is gone."""
    return "\n".join(_lines(difference, threshold)) + "\n"


def _lines(difference: Difference, threshold: Severity) -> Iterator[str]:
    old, new = difference.old, difference.new
    same = old.verdict == new.verdict
    yield f"Verdict: {clean(new.verdict)}, as before." if same else f"Verdict: {clean(old.verdict)} -> {clean(new.verdict)}."
    yield f"Old: {_side(old)}. New: {_side(new)}."
    worse = len(difference.worse(threshold))
    yield f"{worse:,} new at severity {threshold.value} or above; {difference.unchanged:,} findings unchanged."
    yield from _part("Areas no longer examined", [f"! {_reach(reach)}" for reach in difference.scope if reach.is_worse])
    yield from _part("New findings", [f"+ {_told(entry)}" for entry in difference.appeared])
    yield from _part("Findings that changed", [f"~ {_changed(pair)}" for pair in difference.changed])
    yield from _part("Findings that are gone", [f"- {_told(entry)}" for entry in difference.gone])
    yield from _part("Findings that were not checked again", [f"? {_told(entry)}" for entry in difference.unchecked])
    yield from _part("New undetermined checks", [f"+ {_asked(question)}" for question in difference.asked])
    yield from _part("Undetermined checks that are gone", [f"- {_asked(question)}" for question in difference.answered])
    yield from _part("Images added", [f"+ {clean(name)}" for name in difference.images_added])
    yield from _part("Images removed", [f"- {clean(name)}" for name in difference.images_removed])
    yield from _part("Images whose status changed", [f"~ {_cell(cell)}" for cell in difference.cells])
    yield from _part("Areas whose status changed", [f"~ {_reach(reach)}" for reach in difference.scope if not reach.is_worse])
    yield from _part("New external connections", [f"+ {clean(host)}" for host in difference.egress_added])
    yield from _part("External connections that are gone", [f"- {clean(host)}" for host in difference.egress_removed])


def _part(title: str, lines: Sequence[str]) -> Iterator[str]:
    if not lines:
        return
    yield ""
    yield f"{title} ({len(lines):,})"
    yield from (f"  {line}" for line in lines[:MOST])
    if len(lines) > MOST:
        yield f"  ... and {len(lines) - MOST:,} more: --format json has all"


def _side(side: ReportSummary) -> str:
    return f"{clean(side.plan) or 'no name'} as of {clean(side.audited_at) or 'no day'}"


def _told(entry: ReportedFinding) -> str:
    place = f" at {clean(entry.place)}" if entry.place else ""
    return f"{_standing(entry)} {clean(entry.check)}: {clean(str(entry.subject))}{place}: {clean(entry.message)}"


def _standing(entry: ReportedFinding) -> str:
    return f"{entry.severity.value if entry.severity else 'unknown'}{_STANDINGS[entry.standing]}"


def _changed(pair: Pair) -> str:
    what = f"{clean(pair.new.check)}: {clean(str(pair.new.subject))}"
    return f"{_standing(pair.old)} -> {_standing(pair.new)} {what}: {clean(pair.new.message)}"


def _asked(question: ReportedUndetermined) -> str:
    return f"{clean(question.check)}: {clean(str(question.subject))} ({clean(question.kind)}): {clean(question.detail)}"


def _reach(reach: AreaChange) -> str:
    return f"{clean(reach.area)}: {clean(reach.old)} -> {clean(reach.new)}"


def _cell(cell: CellChange) -> str:
    was, now = (clean(status) or "not needed" for status in (cell.old, cell.new))
    return f"{clean(cell.image)} for {clean(cell.pool)} on {clean(cell.platform)}: {was} -> {now}"
