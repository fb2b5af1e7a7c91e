"""The only way to ask a table about a version: which rows apply, or why that is unknown.

Every check uses `rows_at`, so that a version that is missing, is not a version, or is above the verified ones gives the same
answer with the same words everywhere.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from auditor.facts import Header
from auditor.facts.versions import Answer, Versioned, is_beyond, parse_version

Row = TypeVar("Row", bound=Versioned)


class GapKind(enum.Enum):
    """Why the facts do not answer."""

    UNSTATED = "unstated"  # the plan states no version
    UNREADABLE = "unreadable"  # the plan states text that is not a version
    INCOMPLETE = "incomplete"  # the plan states a release without its distribution revision
    BEYOND = "beyond"  # the version is above the newest verified one
    UNLISTED = "unlisted"  # no row is about the program
    UNCOVERED = "uncovered"  # no row holds for the version


_OF_PLAN = frozenset({GapKind.UNSTATED, GapKind.UNREADABLE, GapKind.INCOMPLETE})
_GAPS = {
    Answer.UNSTATED: GapKind.UNSTATED,
    Answer.UNREADABLE: GapKind.UNREADABLE,
    Answer.INCOMPLETE: GapKind.INCOMPLETE,
    Answer.BEYOND: GapKind.BEYOND,
}


@dataclass(frozen=True, slots=True)
class Gap:
    """Why the facts do not answer for a program. `why` is a clause for findings and reports."""

    kind: GapKind
    why: str

    @property
    def missing(self) -> bool:
        """Return whether the plan lacks a value; otherwise the facts do."""
        return self.kind in _OF_PLAN

    @property
    def is_outside(self) -> bool:
        """Return whether the plan states a version that the facts cannot place: not a version, or above the verified ones."""
        return self.kind in {GapKind.UNREADABLE, GapKind.BEYOND}


@dataclass(frozen=True, slots=True)
class Found(Generic[Row]):
    """The rows that apply, in the order of the table. With a gap: the rows that may apply."""

    rows: tuple[Row, ...]
    gap: Gap | None = None

    @property
    def first(self) -> Row | None:
        """Return the deciding row, or None if the facts do not answer."""
        return self.rows[0] if self.rows and self.gap is None else None

    def agreed(self, said: Callable[[Row], Hashable]) -> Row | Gap:
        """Return the deciding row. If the plan states no version, all rows that may apply must agree in `said`."""
        if self.gap is None:
            return self.rows[0]
        is_one = self.gap.kind is GapKind.UNSTATED and len({said(row) for row in self.rows}) == 1
        return self.rows[0] if is_one else self.gap


def rows_at(rows: Iterable[Row], version: str, program: str) -> Found[Row]:
    """Return the rows that hold for a version of a program. `rows` are those of the program, from one table."""
    own = tuple(rows)
    if not own:
        return Found((), Gap(GapKind.UNLISTED, f"the facts do not list {program or 'this program'}"))
    answers = [(row, row.covers(version)) for row in own]
    stated = tuple(row for row, answer in answers if row.stated_by and answer is Answer.YES)
    if stated:  # the user knows a version that the program's rows may not cover
        return Found((*stated, *(row for row, answer in answers if answer is Answer.YES and not row.stated_by)))
    doubt = next((answer for _, answer in answers if not answer.is_known), None)
    if doubt is None:
        fitting = tuple(row for row, answer in answers if answer is Answer.YES)
        why = f"the facts do not cover {program} {version}".strip()
        return Found(fitting, None if fitting else Gap(GapKind.UNCOVERED, why))
    if doubt is Answer.INCOMPLETE and any(answer is Answer.BEYOND for _, answer in answers):
        doubt = Answer.BEYOND
    newest = next((row for row, answer in answers if answer is doubt), own[0])
    gap = gap_of(_GAPS[doubt], program, version, newest.verified_through, newest.as_of)
    return Found(tuple(row for row in own if _may_hold(row, version, doubt)), gap)


def _may_hold(row: Versioned, version: str, doubt: Answer) -> bool:
    parsed = parse_version(version)
    if parsed is None:
        return True
    return row.range.holds(parsed) if doubt is Answer.BEYOND else row.covers(version) is not Answer.NO


def gap_of(kind: GapKind, program: str, version: str, through: str, month: str) -> Gap:
    """Return a gap with its words. They are the same in every check."""
    newest = through.rsplit(maxsplit=1)[-1] if through else ""
    checked = f" (checked {month})" if month else ""
    match kind:
        case GapKind.UNSTATED:
            why = f"the plan does not state the version of {program or 'the program'}"
        case GapKind.UNREADABLE:
            why = f"{version[:40]!r} is not a version of {program}, so the facts cannot be applied"
        case GapKind.INCOMPLETE:
            why = f"{version} names no revision of {program}, such as {newest or '+rke2r1'}, and revisions differ"
        case _:
            why = f"the facts cover {program} up to {newest}{checked}, and the plan states {version}"
    return Gap(kind, why)


def gap_in(head: Header, program: str, version: str) -> Gap | None:
    """Return why a table does not answer for a version, by its header only; None if the version is missing or verified."""
    through = head.through(program)
    if not through or not version.strip():
        return None
    if parse_version(version) is None:
        return gap_of(GapKind.UNREADABLE, program, version, through, head.month)
    return gap_of(GapKind.BEYOND, program, version, through, head.month) if is_beyond(version, through) else None
