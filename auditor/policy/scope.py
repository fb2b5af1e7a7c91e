"""The scope of a verdict: the extent of an audit in each area of a site. Only this module decides it.

An area is examined only if the plan and the evidence have everything that the area needs (`scope_gaps`), no check of the area
was excluded or undetermined, and at least one subject was examined. If unclear, a row is not examined.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from types import MappingProxyType

from auditor.check import Severity, Subject, Undetermined
from auditor.engine import CheckResult, Outcomes
from auditor.evidence.model import Kind
from auditor.plan.areas import Area
from auditor.policy.rules import SCOPE_REQUIRED
from auditor.policy.scope_gaps import ScopeGap, gaps, has_plain_registry
from auditor.report import JudgedFinding, ScopeRow, ScopeStatus
from auditor.site import Site, trust, views
from auditor.site.mirrors import PullRoute
from auditor.text import listed, many

_SHOWN = 4
# The checks of these areas examine different subjects; those of the other areas examine the same subjects in several ways.
_APART = frozenset({Area.CONNECTIONS, Area.STORAGE, Area.DEFAULTS, Area.CALENDAR})
_NOTHING = ScopeGap("something to examine", "Nothing in the plan or in the evidence belongs to this area.")


def scope_of(
    outcomes: Outcomes, findings: Iterable[JudgedFinding], required: AbstractSet[Area], today: datetime.date
) -> tuple[ScopeRow, ...]:
    """Return one row per area, in the order of `Area`. `findings` are all findings of the audit, with their final severity."""
    found = tuple(findings)
    return tuple(_row(outcomes, area, found, today, is_required=area in required) for area in Area)


def unmet(rows: Iterable[ScopeRow]) -> tuple[Undetermined, ...]:
    """Yield one undetermined outcome for each required area that is not examined."""
    return tuple(
        Undetermined(Subject("scope", row.area.value), Kind.MISSING_EVIDENCE, _lack(row), check=SCOPE_REQUIRED.id)
        for row in rows
        if row.is_required and not row.is_examined
    )


def _lack(row: ScopeRow) -> str:
    status = row.status.value.replace("-", " ")
    return f"the area {row.area.value} ({row.area.label}) is required, but {status}. {row.hint}".strip()


def _row(
    outcomes: Outcomes, area: Area, findings: tuple[JudgedFinding, ...], today: datetime.date, *, is_required: bool
) -> ScopeRow:
    site, results = outcomes.site, [result for result in outcomes.results if result.check.area is area]
    undecided = [item for result in results for item in result.undetermined]
    left_out = [result for result in results if not result.is_selected and _applies(site, result)]
    examined = _examined(site, area, results, is_complete=not left_out)
    doubts = max(len(undecided), _DOUBTS.get(area, _no_doubts)(site, today))
    lacking = gaps(site, area) or (() if examined or doubts or left_out else (_NOTHING,))
    own = {result.check.id for result in results}
    severities = [item.severity for item in findings if item.finding.check in own]
    status = _status(bool(doubts), bool(left_out), bool(lacking) or not examined)
    return ScopeRow(
        area=area,
        status=status,
        examined=examined,
        hint=" ".join((*_advice(undecided, doubts), *_back(left_out), *_adding(lacking), *_note(site, area, status))),
        undetermined=doubts,
        missing=tuple(gap.what for gap in lacking),
        errors=severities.count(Severity.ERROR),
        warnings=severities.count(Severity.WARNING),
        is_required=is_required,
    )


def _status(is_doubtful: bool, is_left_out: bool, is_lacking: bool) -> ScopeStatus:
    if is_doubtful:
        return ScopeStatus.UNDETERMINED
    if is_left_out:
        return ScopeStatus.SWITCHED_OFF
    return ScopeStatus.NOT_DECLARED if is_lacking else ScopeStatus.EXAMINED


def _applies(site: Site, result: CheckResult) -> bool:
    """Whether an unselected check applies to this plan."""
    return all(site.lacks(requirement) is None for requirement in result.check.requires)


def _examined(site: Site, area: Area, results: Iterable[CheckResult], *, is_complete: bool) -> int:
    """Return the number of examined subjects of an area."""
    counts = [result.examined for result in results]
    known = sum(counts) if area in _APART else max(counts, default=0)
    # A registry without TLS has no certificate, so its declaration is the only subject.
    return known or int(is_complete and area in _OF_CERTIFICATES and has_plain_registry(site))


_OF_CERTIFICATES = frozenset({Area.TRUST, Area.CALENDAR})


def _advice(undecided: list[Undetermined], doubts: int) -> Iterable[str]:
    broken = list(dict.fromkeys(item.check for item in undecided if item.kind is Kind.BUG))
    if broken:
        yield f"Report this bug, because these checks failed: {listed(broken, _SHOWN)}."
    open_ = list(dict.fromkeys(item.check for item in undecided if item.kind is not Kind.BUG))
    if open_:
        yield f"Read the undetermined outcomes of these checks: {listed(open_, _SHOWN)}."
    elif doubts and not broken:
        yield f"{many(doubts, 'subject')} could not be decided. Collect again, or complete the files that the plan names."


def _back(left_out: list[CheckResult]) -> Iterable[str]:
    if left_out:
        yield f"Run without `--only` and `--skip`: {listed([result.check.id for result in left_out], _SHOWN)} did not run."


def _adding(lacking: tuple[ScopeGap, ...]) -> Iterable[str]:
    yield from (gap.hint for gap in lacking)


def _note(site: Site, area: Area, status: ScopeStatus) -> Iterable[str]:
    if status is ScopeStatus.EXAMINED and area in _OF_CERTIFICATES and has_plain_registry(site):
        yield "`registry.insecure` is set, so nodes do not verify the certificate of the internal registry."


def _no_doubts(_site: Site, _today: datetime.date) -> int:
    return 0


def _of_sources(site: Site, _today: datetime.date) -> int:
    placements = site.source.placements if site.source is not None else ()
    return sum(placement.resolution.trouble is not None for placement in placements)


def _of_copies(site: Site, _today: datetime.date) -> int:
    return sum(copy.kept.resolution.trouble is not None for copy in site.copies)


def _of_layers(site: Site, _today: datetime.date) -> int:
    """Return the images whose layers are unknown at a place that was collected from."""
    archives = site.archives
    unread = len(archives.unread) if archives is not None else 0
    held = [held.placement for held in archives.held] if archives is not None else []
    copied = site.target.placements if site.target is not None else ()
    open_ = sum(placement.resolution.trouble is not None for placement in (*site.images.placements, *copied, *held))
    return max(unread + open_, sum(placement.resolution.payload is None for placement in site.delivered))


def _of_node_access(site: Site, _today: datetime.date) -> int:
    unknown = sum(len(group.leads) for group in site.mirroring if group.first.way is PullRoute.UNKNOWN)
    return unknown + _unread_configs(site)


def _unread_configs(site: Site) -> int:
    return sum(bool(config.problems) or config.refusal is not None for config in site.node_configs.values())


def _of_connections(site: Site, _today: datetime.date) -> int:
    scripts = sum(isinstance(script, views.UnreadScript) for script in site.scripts)
    slips = site.registry_slips
    return (
        scripts
        + len(site.chart_fetches.unknown if site.plan.workloads else ())
        + (not isinstance(slips, tuple))
        + _unread_configs(site)
    )


def _of_trust(site: Site, today: datetime.date) -> int:
    return sum(case.prospect is trust.Prospect.UNDETERMINED for case in site.trust(today))


_DOUBTS: Mapping[Area, Callable[[Site, datetime.date], int]] = MappingProxyType(
    {
        Area.SOURCES: _of_sources,
        Area.COPIES: _of_copies,
        Area.FOREIGN_LAYERS: _of_layers,
        Area.NODE_ACCESS: _of_node_access,
        Area.CONNECTIONS: _of_connections,
        Area.TRUST: _of_trust,
    }
)
