"""Mark the findings that `auditor fix` can resolve, and build the command that does it with the same inputs."""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace

from auditor import __version__
from auditor.fix.possible import may_resolve
from auditor.fix.reported import Reported, of_finding
from auditor.pipeline.inputs import LoadedPlan
from auditor.pipeline.settings import Settings, real_day
from auditor.report import Report
from auditor.site import Site

FOLDER = "fix"


@dataclass(frozen=True, slots=True)
class ByWaiver:
    """The findings of a report: those to resolve, and those that a waiver accepts."""

    active: tuple[Reported, ...]
    waived: tuple[Reported, ...]


def by_waiver(report: Report, *, with_advice: bool = True) -> ByWaiver:
    """Split the findings of a report by whether a waiver covers them."""
    active: list[Reported] = []
    waived: list[Reported] = []
    for item in report.findings:
        (active if item.waived is None else waived).append(of_finding(item.finding, with_advice=with_advice))
    return ByWaiver(tuple(active), tuple(waived))


def with_fixes(site: Site, report: Report, command: str, today: datetime.date) -> Report:
    """Return the report with each finding marked that `auditor fix` resolves with a file, and with the command to run."""
    found = by_waiver(report, with_advice=False)
    if not found.active or not may_resolve(site, found.active):
        return report
    from auditor.fix.remedies import remedy_files  # noqa: PLC0415 - it imports every kind of remedy

    files = remedy_files(site, found.active, found.waived, __version__, today)
    fixed = {finding.fingerprint for file in files for finding in file.resolves}
    if not fixed:
        return report
    findings = tuple(
        replace(item, fixable=True) if item.waived is None and item.finding.fingerprint in fixed else item
        for item in report.findings
    )
    offered = any(item.fixable and item.is_active for item in findings)
    return replace(report, findings=findings, fix_command=command if offered else "")


def fix_command(loaded: LoadedPlan, settings: Settings) -> str:
    """Return `auditor fix` with the inputs and options of an audit, or an empty string if the inputs have no names."""
    if not loaded.words:
        return ""
    uses_cache = settings.offline and loaded.evidence is None and settings.evidence is None
    offline = ["--offline"] if uses_cache else []
    return shlex.join(["auditor", "fix", *loaded.words, *offline, *_options(settings), "-o", FOLDER])


def _options(settings: Settings) -> Iterator[str]:
    if settings.evidence is not None:
        yield from ("--evidence", str(settings.evidence))
    if settings.render_charts:
        yield "--render-charts"
    if settings.today != real_day():
        yield from ("--at", settings.today.isoformat())
    if settings.waivers is not None:
        yield from ("--waivers", str(settings.waivers))
    for place in settings.gathering.via:
        yield from ("--via", place.value)
