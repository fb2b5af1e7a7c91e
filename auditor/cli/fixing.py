"""What `auditor fix` would resolve of a report, and the command that does it with the same inputs."""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from auditor import __version__
from auditor.cli.inputs import Given
from auditor.evidence.model import Place
from auditor.fix.remedies import remedy_files
from auditor.fix.reported import Reported, of_finding
from auditor.report import Report
from auditor.site import Site

FOLDER = "fix"


class Chosen(Protocol):
    """The options of an audit that `auditor fix` knows as well."""

    @property
    def today(self) -> datetime.date:
        """The day to judge as of."""

    @property
    def waivers(self) -> Path | None:
        """A file of waivers."""

    @property
    def evidence(self) -> Path | None:
        """An evidence file."""

    @property
    def via(self) -> list[Place] | None:
        """Where images are looked for."""

    @property
    def offline(self) -> bool:
        """Whether no host is asked."""

    @property
    def render_charts(self) -> bool:
        """Whether helm runs also where it cannot be kept from connecting."""


@dataclass(frozen=True, slots=True)
class ByWaiver:
    """The findings to resolve, and those that a waiver accepts."""

    active: tuple[Reported, ...]
    waived: tuple[Reported, ...]


def by_waiver(report: Report, *, with_advice: bool = True) -> ByWaiver:
    """The findings of a report, apart by whether a waiver covers them."""
    said = ((item.waived is None, of_finding(item.finding, with_advice=with_advice)) for item in report.findings)
    active: list[Reported] = []
    waived: list[Reported] = []
    for is_active, finding in said:
        (active if is_active else waived).append(finding)
    return ByWaiver(tuple(active), tuple(waived))


def with_fixes(site: Site, report: Report, command: str, today: datetime.date) -> Report:
    """The report with each finding marked that a file of `auditor fix` resolves, and its command if there is any."""
    found = by_waiver(report, with_advice=False)
    if not found.active:
        return report
    files = remedy_files(site, found.active, found.waived, __version__, today)
    fixed = {finding.fingerprint for file in files for finding in file.mends}
    if not fixed:
        return report
    findings = tuple(
        replace(item, fixable=True) if item.waived is None and item.finding.fingerprint in fixed else item
        for item in report.findings
    )
    offered = any(item.fixable and item.is_active for item in findings)
    return replace(report, findings=findings, fix_command=command if offered else "")


def fix_command(given: Given, chosen: Chosen) -> str:
    """`auditor fix` with the inputs and options of an audit; empty if these are not known."""
    if not given.words:
        return ""
    asks = given.evidence is None and chosen.evidence is None  # evidence asks no host anyway
    offline = ["--offline"] if chosen.offline and asks else []
    return shlex.join(["auditor", "fix", *given.words, *offline, *_options(chosen), "-o", FOLDER])


def _options(chosen: Chosen) -> Iterator[str]:
    if chosen.evidence is not None:
        yield from ("--evidence", str(chosen.evidence))
    if chosen.render_charts:
        yield "--render-charts"
    if chosen.today != datetime.datetime.now(tz=datetime.UTC).date():
        yield from ("--at", chosen.today.isoformat())
    if chosen.waivers is not None:
        yield from ("--waivers", str(chosen.waivers))
    for place in chosen.via or ():
        yield from ("--via", place.value)
