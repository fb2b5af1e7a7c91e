"""An index of waivers, so that the run time grows with the findings and not with findings times waivers."""

from __future__ import annotations

import datetime
import fnmatch
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final, NamedTuple

from auditor.check import Finding, Subject
from auditor.plan.model import Waiver
from auditor.policy.waivers import is_in_force
from auditor.report import Waived

_RUN: Final = 4  # characters of a glob that a name must contain before the glob is tried
_WILD: Final = re.compile(r"[*?\[]")


class _Glob(NamedTuple):
    """A waiver whose subject has wildcards, with its position among all waivers."""

    position: int
    pattern: re.Pattern[str]


class WaiverIndex:
    """The waivers in force on one day.

    `used` collects each waiver that covers a finding for which `covering` was called.
    """

    def __init__(self, waivers: Iterable[Waiver], today: datetime.date) -> None:
        self.used: set[Waiver] = set()
        self._waivers = tuple(waiver for waiver in waivers if is_in_force(waiver, today))
        by_check: dict[str, list[int]] = {}
        for position, waiver in enumerate(self._waivers):
            by_check.setdefault(waiver.check, []).append(position)
        self._by_check = {check: _OfCheck(self._waivers, positions) for check, positions in by_check.items()}

    def covering(self, finding: Finding) -> Waived | None:
        """Return the first waiver that covers a finding, or None. Check and subject must match."""
        index = self._by_check.get(finding.check)
        found = sorted(index.positions(finding.subject)) if index is not None else []
        if not found:
            return None
        self.used.update(self._waivers[position] for position in found)
        first = self._waivers[found[0]]
        return Waived(first.owner, first.reason, first.expires)


class _OfCheck:
    """The waivers of one check. Exact subjects are in a dict; globs are indexed by a run of characters that few globs share."""

    def __init__(self, waivers: tuple[Waiver, ...], positions: list[int]) -> None:
        self._literal: dict[str, list[int]] = {}
        globs: dict[str, list[int]] = {}
        for position in positions:
            subject = waivers[position].subject
            self._literal.setdefault(subject, []).append(position)  # brackets in a subject may be literal
            if _WILD.search(subject):
                globs.setdefault(subject, []).append(position)
        counts = Counter(run for subject in globs for run in _runs(subject))
        self._by_run: dict[str, list[_Glob]] = {}
        for subject, places in globs.items():
            rarest = min(_runs(subject), key=lambda run: (counts[run], run), default="")
            made = (_Glob(position, re.compile(fnmatch.translate(subject))) for position in places)
            self._by_run.setdefault(rarest, []).extend(made)

    def positions(self, subject: Subject) -> set[int]:
        """Return the positions of the waivers whose subject equals or matches the id or the whole subject."""
        found: set[int] = set()
        for name in _names(subject):
            found.update(self._literal.get(name, ()))
            if self._by_run:
                found.update(glob.position for glob in self._candidates(name) if glob.pattern.match(name))
        return found

    def _candidates(self, name: str) -> Iterator[_Glob]:
        yield from self._by_run.get("", ())
        for run in {name[start : start + _RUN] for start in range(len(name) - _RUN + 1)} & self._by_run.keys():
            yield from self._by_run[run]


def _names(subject: Subject) -> set[str]:
    """Return the names of a subject in waivers: its id, or the whole subject with or without the client."""
    whole = str(subject)
    return {subject.id, whole, str(replace(subject, client="")) if subject.client else whole}


def _runs(glob: str) -> set[str]:
    """Return runs of characters that every match of the glob contains. Stop at brackets, because a set is not literal."""
    literal = glob.partition("[")[0].replace("?", "*").split("*")
    return {part[start : start + _RUN] for part in literal for start in range(len(part) - _RUN + 1)}
