"""The remedies of one audit as files, with a README about each file and about what remains to be fixed by hand."""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from auditor.check import RemedyKind
from auditor.evidence.model import Place
from auditor.fix.config_files import setting_files
from auditor.fix.errands import Stayed, errands
from auditor.fix.fix_files import Written
from auditor.fix.from_report import errands_in
from auditor.fix.lists import list_files
from auditor.fix.node_files import node_files
from auditor.fix.readme import readme
from auditor.fix.reported import Reported, in_report
from auditor.fix.roots import root_files
from auditor.fix.scripts import crane, regctl, skopeo
from auditor.fix.scripts.frame import ScriptInputs
from auditor.fix.steps import Errand, Rewrite
from auditor.report.report_reader import text
from auditor.site import Site

_OF_IMAGES = frozenset({RemedyKind.COPY_IMAGE, RemedyKind.COPY_AGAIN})
_OF_LAYERS = frozenset({RemedyKind.COPY_LAYER, RemedyKind.STRIP_URLS})

_NO_REGISTRY = "The plan declares no internal registry (`registry.host`), so there are no copy scripts."
_BY_REPORT = "A JSON report is enough for copy scripts only. For lists and configuration, pass the plan and its evidence."


def remedies(
    site: Site, findings: tuple[Reported, ...], waived: tuple[Reported, ...], tool_version: str, day: datetime.date
) -> tuple[Written, ...]:
    """Return every file, the README first. `findings` are to be fixed; `waived` are accepted by a waiver."""
    files, stayed = _files(site, findings, waived, tool_version, day)
    setting = _setting_of(site, tool_version, day)
    notes = () if site.plan.registry is not None else (_NO_REGISTRY,)
    return (readme(setting, files, findings, stayed, notes), *files)


def remedy_files(
    site: Site, findings: tuple[Reported, ...], waived: tuple[Reported, ...], tool_version: str, day: datetime.date
) -> list[Written]:
    """Return every file without the README, which can be megabytes long for a long list."""
    return _files(site, findings, waived, tool_version, day)[0]


def _files(
    site: Site, findings: tuple[Reported, ...], waived: tuple[Reported, ...], tool_version: str, day: datetime.date
) -> tuple[list[Written], tuple[Stayed, ...]]:
    plan = site.plan
    carried, stayed = _without_waived(*errands(site), findings, waived) if plan.registry is not None else ((), ())
    setting = _setting_of(site, tool_version, day)
    files = [
        *_copy_files(setting, carried, findings),
        *list_files(site, findings, carried, day),
        *setting_files(site, findings, _urls(site, carried), day),
        *node_files(site, findings, day),
        *root_files(site, findings),
    ]
    return files, stayed


def remedies_by_report(document: Mapping[str, Any], tool_version: str) -> tuple[Written, ...]:
    """Return the files that can be made from a JSON report alone, the README first."""
    findings = tuple(in_report(document))
    carried, stayed = errands_in(document, findings)
    plan = document.get("plan")
    name = text(plan, "name") if isinstance(plan, dict) else ""
    setting = ScriptInputs(name or "a report", text(document, "audited_at"), tool_version, frozenset())
    files = list(_copy_files(setting, carried, findings))
    return (readme(setting, files, findings, stayed, (_BY_REPORT,)), *files)


def _without_waived(
    carried: tuple[Errand, ...], stayed: tuple[Stayed, ...], findings: tuple[Reported, ...], waived: tuple[Reported, ...]
) -> tuple[tuple[Errand, ...], tuple[Stayed, ...]]:
    """Remove the images whose findings are all waived; they stay unchanged."""
    kept: list[Errand] = []
    left = [*stayed]
    accepted, active = _Resolvable(waived), _Resolvable(findings)
    for errand in carried:
        if accepted.by(errand) and not active.by(errand):
            left.append(Stayed(errand.reference, "its findings are waived"))
        else:
            kept.append(errand)
    return tuple(kept), tuple(left)


def _setting_of(site: Site, tool_version: str, day: datetime.date) -> ScriptInputs:
    """Return what the scripts need from the plan."""
    plan = site.plan
    registry = plan.registry
    inside = [registry.host, *(place.partition("/")[0] for place in registry.rewrites.values())] if registry is not None else []
    plain = [source.host for source in plan.sources if source.insecure]
    plain += inside if registry is not None and registry.insecure else []
    with_ca = [source.host for source in plan.sources if source.ca]
    with_ca += inside if registry is not None and registry.ca else []
    name = plan.name or plan.path
    return ScriptInputs(name, day.isoformat(), tool_version, frozenset(plain), _again(site), frozenset(with_ca))


def _again(site: Site) -> str:
    """Return the command of the next audit, with the same `--via` options and the internal registry."""
    places = site.places | ({Place.TARGET} if site.plan.registry is not None else set())
    via = [word for place in Place if place in places for word in ("--via", place.value)]
    return shlex.join(["auditor", "audit", site.plan.path, *via])


def _copy_files(setting: ScriptInputs, carried: tuple[Errand, ...], findings: tuple[Reported, ...]) -> Iterator[Written]:
    """Yield one script for each tool; nothing if no image has to be copied."""
    if not carried:
        return
    resolvable = _Resolvable(findings)
    resolves = {errand: resolvable.by(errand) for errand in carried}
    yield crane.copy_script(setting, carried, resolves)
    yield regctl.copy_script(setting, carried, resolves)
    yield skopeo.copy_script(setting, carried, resolves)


class _Resolvable:
    """Findings indexed by image or layer, because an audit may have 100,000 images with several findings each."""

    def __init__(self, findings: Iterable[Reported]) -> None:
        self._by_subject: dict[str, list[tuple[int, Reported]]] = {}
        for position, finding in enumerate(findings):
            if finding.kind in _OF_IMAGES or finding.kind in _OF_LAYERS:
                self._by_subject.setdefault(finding.subject.id, []).append((position, finding))

    def by(self, errand: Errand) -> tuple[Reported, ...]:
        """Return the findings that copying one image resolves, in report order."""
        is_rewritten = any(isinstance(step, Rewrite) for step in errand.steps)
        found = {at: one for at, one in self._by_subject.get(str(errand.reference), ()) if one.kind in _OF_IMAGES}
        for layer in errand.layers:
            of_layer = self._by_subject.get(layer, ())
            found.update(
                (at, one)
                for at, one in of_layer
                if one.kind is RemedyKind.COPY_LAYER or (one.kind is RemedyKind.STRIP_URLS and is_rewritten)
            )
        return tuple(found[position] for position in sorted(found))


def _urls(site: Site, carried: tuple[Errand, ...]) -> tuple[str, ...]:
    """Return the URLs of the layers that are copied without a rewrite."""
    rewritten = {errand.reference for errand in carried if any(isinstance(step, Rewrite) for step in errand.steps)}
    found: dict[str, None] = {}
    for placement in site.to_copy.placements if site.to_copy is not None else ():
        payload = placement.resolution.payload
        if payload is not None and placement.image.reference not in rewritten:
            found.update(dict.fromkeys(url for layer in payload.foreign for url in layer.urls or ()))
    return tuple(found)
