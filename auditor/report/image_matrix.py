"""The image matrix: whether nodes of each pool can pull and run each image offline, according to all checks.

A cell starts with the image's status at its source or in the copy. A finding with the default severity error blocks an existing
image. An undetermined outcome of a check that can find errors makes the cell undetermined. Changed severities and waivers have
no effect here, because they do not make an image run.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, assert_never

from auditor.check import Rule, Severity, Undetermined
from auditor.plan.model import PLAN_OF_LISTS
from auditor.report import Cell, CellStatus, ImageRow, JudgedFinding
from auditor.report.concerned import Affecting, affected_by, endpoint_of
from auditor.site import Site, trust
from auditor.site.images import Placement
from auditor.site.layers import foreign_layers
from auditor.site.pulls import runtime_client
from auditor.text import in_brackets

if TYPE_CHECKING:
    from auditor.site.trust.cases import TrustCase

NOT_ALL = "not all images fit, and which ones are left out is unknown"
_TITLES = 2


def image_rows(
    site: Site,
    findings: Iterable[JudgedFinding],
    undetermined: Iterable[Undetermined],
    rules: Iterable[Rule],
    today: datetime.date,
) -> tuple[ImageRow, ...]:
    """Return one row per image, in the order of first need. `rules` are the rules of the outcomes."""
    judge = _Cells(site, findings, undetermined, rules, today)
    cells: dict[str, list[Cell]] = {}
    for placement, cell in _standings(site):
        cells.setdefault(placement.image.name, []).append(judge.judged(placement, cell))
    return tuple(
        ImageRow(
            reference=image.name,
            digest=image.digest,
            why=tuple(str(reason) for reason in image.why),
            platforms=tuple(cells.get(image.name, ())),
            location=next((reason.location for reason in image.why if reason.location.file != PLAN_OF_LISTS), None),
        )
        for image in site.images.images.values()
    )


def _cell(placement: Placement, place: str = "") -> Cell:
    resolution = placement.resolution
    payload = resolution.payload
    lost = resolution.dropped or (placement.image.absent if place else "")
    return Cell(
        platform=str(placement.need.platform),
        pool=placement.pool.name,
        status=CellStatus.OK if placement.is_carrier and payload is not None else CellStatus[placement.standing.name],
        digest=payload.digest if payload is not None else "",
        os_version=resolution.choice.os_version,
        bytes=payload.bytes if payload is not None else None,
        foreign_layers=len(foreign_layers(placement)),
        detail=resolution.trouble.detail if resolution.trouble is not None else lost,
        place=place,
    )


def _standings(site: Site) -> Iterator[tuple[Placement, Cell]]:
    """Return the status of each need at its source, or in the copy if that is worse, because nodes pull from the copy."""
    for placement, copy in zip_longest(site.images.placements, site.copies):
        if copy is not None and copy.wanted is not None and copy.kept.standing.rank > placement.standing.rank:
            yield placement, _cell(copy.kept, copy.place)
        else:
            yield placement, _cell(placement)


@dataclass(frozen=True, slots=True)
class _Said:
    """The result of one check for a cell. `is_sure`: the cell fails, else it is unknown. `is_accepted`: a waiver covers it."""

    check: str
    title: str
    is_sure: bool
    is_accepted: bool = False


class _Cells:
    """Computes the cells."""

    def __init__(
        self,
        site: Site,
        findings: Iterable[JudgedFinding],
        undetermined: Iterable[Undetermined],
        rules: Iterable[Rule],
        today: datetime.date,
    ) -> None:
        self._site = site
        self._rules = {rule.id: rule for rule in rules}
        errors = [item for item in findings if item.finding.severity is Severity.ERROR]
        sure = ((self._said(item.finding.check, item), affected_by(item.finding)) for item in errors)
        unsure = ((self._said(one.check), affected_by(one)) for one in undetermined if self._can_block(one.check))
        self._affecting = Affecting(chain(sure, unsure))
        self._endpoint_errors = [
            (item.finding.subject, self._said(item.finding.check, item)) for item in errors if endpoint_of(item.finding.subject)
        ]
        self._connections = {
            (case.endpoint.name, case.pool.name): tuple(self._of_connection(case))
            for case in (site.trust(today) if site.endpoints else ())
            if case.client == runtime_client(case.pool)
        }

    def _said(self, check: str, judged: JudgedFinding | None = None) -> _Said:
        title = self._rules[check].title if check in self._rules else check
        return _Said(check, title, judged is not None, judged is not None and judged.waived is not None)

    def _of_connection(self, case: TrustCase) -> Iterator[_Said]:
        """Yield the result of the runtime's TLS connection to an endpoint; nothing if it succeeds."""
        match case.prospect:
            case trust.Prospect.FAILS:
                for subject, said in self._endpoint_errors:
                    is_here = endpoint_of(subject) == case.endpoint.name and subject.pool in {"", case.pool.name}
                    if is_here and subject.client in {"", case.client}:
                        yield said
                yield _Said("", case.symptom, is_sure=True)
            case trust.Prospect.UNDETERMINED:
                doubt = f"{case.client} may not trust {case.endpoint.name}"
                detail = case.verdict.detail if isinstance(case.verdict, trust.Unobserved) else doubt
                yield _Said("", detail, is_sure=False)
            case trust.Prospect.VERIFIES:
                pass
            case _:
                assert_never(case.prospect)

    def _can_block(self, check: str) -> bool:
        """Whether an undetermined outcome of the check may hide a failure: only if the check can find errors."""
        rule = self._rules.get(check)
        return rule is None or rule.severity is Severity.ERROR

    def judged(self, placement: Placement, cell: Cell) -> Cell:
        """Return the cell with all results applied. A cell without an image keeps its status, and gets the checks."""
        sure, unsure = self._of(placement)
        accepted = bool(_checks(sure)) and all(one.is_accepted for one in sure if one.check)
        if not (cell.status.runs or cell.status is CellStatus.UNDETERMINED):
            return replace(cell, checks=_checks(sure), is_accepted=accepted)
        checks = _checks(sure or unsure)
        if sure:
            return replace(cell, status=CellStatus.BLOCKED, detail=_titles(sure), checks=checks, is_accepted=accepted)
        if cell.status is CellStatus.UNDETERMINED or not unsure:
            return replace(cell, checks=checks)
        return replace(cell, status=CellStatus.UNDETERMINED, detail=_titles(unsure), checks=checks)

    def _of(self, placement: Placement) -> tuple[list[_Said], list[_Said]]:
        """Split results into certain and possible failures."""
        pool = placement.pool
        endpoint = self._site.pulls.endpoint(pool.name, placement.image.reference)
        found = self._affecting.of(placement.image.name, pool.name, endpoint, runtime_client(pool))
        said = [replace(one, is_sure=False, title=NOT_ALL) if affected.is_partial else one for one, affected in found]
        said += self._connections.get((endpoint, pool.name), ())
        return [one for one in said if one.is_sure], [one for one in said if not one.is_sure]


def _checks(said: list[_Said]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.check for one in said if one.check))


def _titles(said: list[_Said]) -> str:
    titles = list(dict.fromkeys(one.title for one in said))
    return "; ".join(titles[:_TITLES]) + in_brackets(len(titles) - _TITLES + 1)
