"""One audit as a command was told to make it: from what was given to a report."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from auditor.check import Check, Severity
from auditor.cli.inputs import Given
from auditor.cli.options import real_day
from auditor.cli.selection import severities
from auditor.cli.siting import sited
from auditor.cli.trusting import ca_for
from auditor.engine import evaluate
from auditor.evidence.model import Place
from auditor.plan.load import load_waivers
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
    jobs: int = 16
    ca: Path | None = None
    now: datetime.date = field(default_factory=real_day)


def report_of(given: Given, settings: Settings, shared: Path | None = None) -> Report:
    """The report. Several plans may share one file of evidence that is gathered just now: `shared`."""
    with audited(given, settings, shared) as (_, report):
        return report


@contextmanager
def audited(given: Given, settings: Settings, shared: Path | None = None) -> Iterator[tuple[Site, Report]]:
    """The site as long as its evidence is open, and the report on it. Wrong waivers are said before any host is asked.

    Raises AuditorError.
    """
    plan = given.plan
    accepted = (*plan.waivers, *(load_waivers(settings.waivers) if settings.waivers else ()))
    policy = Policy(settings.fail_on, settings.strict, accepted, severities(plan, settings.known), settings.baseline)
    evidence, via, offline, jobs = settings.evidence, settings.via, settings.offline, settings.jobs
    asks = evidence is None and given.evidence is None and not offline
    ca = ca_for(plan, settings.ca, asks=asks)
    with sited(given, evidence, via, now=settings.now, offline=offline, jobs=jobs, ca=ca, shared=shared) as (site, basis):
        outcomes = evaluate(site, settings.known, settings.today, selected=settings.chosen)
        yield site, judge(outcomes, policy, settings.today, basis)
