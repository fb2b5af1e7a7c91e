"""One audit as a command was told to make it: from what was given to a report."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from auditor.check import Check, Severity
from auditor.cli.fixing import fix_command, with_fixes
from auditor.cli.inputs import Given
from auditor.cli.options import real_day
from auditor.cli.saying import note
from auditor.cli.selection import severities
from auditor.cli.siting import Asked, sited
from auditor.cli.trusting import ca_for
from auditor.collectors.registry.retries import TIMEOUT
from auditor.engine import evaluate
from auditor.evidence.model import Place, Verify
from auditor.plan.areas import Area
from auditor.plan.load import load_waivers
from auditor.plan.model import PLAN_OF_LISTS
from auditor.policy import Baseline, Policy, judge
from auditor.report import Report
from auditor.site import Site


@dataclass(frozen=True, slots=True)
class Settings:
    """What the options of a command come to. `known` are all checks, `chosen` the ids of those that run.

    `today` is the day to judge as of (`--at`), `now` the real day (UTC), by which evidence ages.
    """

    today: datetime.date
    known: tuple[Check, ...]
    chosen: frozenset[str]
    fail_on: Severity = Severity.ERROR
    strict: bool = False
    waivers: Path | None = None
    baseline: Baseline | None = None
    evidence: Path | None = None
    via: list[Place] | None = None
    offline: bool = False
    jobs: int | None = None
    require: frozenset[Area] = frozenset()
    verify: Verify = Verify.SIZE
    ca: Path | None = None
    timeout: float = TIMEOUT
    now: datetime.date = field(default_factory=real_day)
    render_charts: bool = False

    @property
    def cut_off(self) -> bool:
        """Whether the command makes no connections, so that a program which it runs may not make any."""
        return (self.offline or self.evidence is not None) and not self.render_charts


def report_of(given: Given, settings: Settings, shared: Path | None = None) -> Report:
    """The report. Several plans may share one file of evidence that is gathered just now: `shared`."""
    with audited(given, settings, shared) as (site, report):
        return with_fixes(site, report, fix_command(given, settings), settings.today)


@contextmanager
def audited(given: Given, settings: Settings, shared: Path | None = None) -> Iterator[tuple[Site, Report]]:
    """The site as long as its evidence is open, and the report on it. Wrong waivers are said before any host is asked.

    Raises AuditorError.
    """
    plan = given.plan
    accepted = (*plan.waivers, *(load_waivers(settings.waivers) if settings.waivers else ()))
    changed = severities(plan, settings.known)
    policy = Policy(settings.fail_on, settings.strict, accepted, changed, settings.baseline, settings.require)
    evidence, via, offline, jobs = settings.evidence, settings.via, settings.offline, settings.jobs
    asks = evidence is None and given.evidence is None and not offline
    asked = Asked(offline, jobs, settings.verify, ca_for(plan, settings.ca, asks=asks), settings.timeout)
    with sited(given, evidence, via, asked, now=settings.now, shared=shared) as (site, basis):
        _note_mismatches(site)
        outcomes = evaluate(site, settings.known, settings.today, selected=settings.chosen)
        yield site, judge(outcomes, policy, settings.today, basis)


def _note_mismatches(site: Site) -> None:
    """In list mode, say once why a whole list fails for a platform: the option applies to every list."""
    if site.plan.path != PLAN_OF_LISTS or not site.list_platforms.mismatches:
        return
    for found in site.list_platforms.mismatches:
        note(f"auditor: no image of {found.file} has a manifest for {found.pool.platform} ({found.images} examined)")
    note(f"hint: `--platform` applies to every list. Give each list its own: {site.list_platforms.command}")
