"""`auditor audit`: the whole way from a plan, a list or an evidence file to a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import typer

from auditor.check import Severity
from auditor.cli import cache
from auditor.cli.gathering import gather
from auditor.cli.inputs import Given, opened, read_inputs
from auditor.cli.options import (
    AskVia,
    At,
    EvidenceIn,
    FailOn,
    Formats,
    Inputs,
    Jobs,
    Offline,
    Only,
    Platforms,
    Skip,
    Strict,
    parse_date,
    places_of,
)
from auditor.cli.output import parse_outputs, write_reports
from auditor.cli.selection import catalogue, selected, severities
from auditor.engine import evaluate
from auditor.evidence.model import Failed, Place
from auditor.evidence.overlay import Overlaid
from auditor.evidence.places import noted_places
from auditor.evidence.store import Store
from auditor.plan.model import Needs, Plan
from auditor.plan.needs import resolve_needs
from auditor.policy import Policy, judge
from auditor.site import Site


def _gathered(
    given: Given, needs: Needs, places: frozenset[Place], *, offline: bool, jobs: int
) -> tuple[Path | None, Mapping[str, Failed]]:
    """Where the evidence lies, and what got no answer just now.

    The file that was given, or the cache, which is brought up to date unless offline.
    """
    if given.evidence is not None:
        return given.evidence, {}
    path = cache.path_for(given.plan)
    if offline:
        return (path if path.exists() else None), {}
    done = gather(given.plan, needs, path, places, jobs)
    if done.unanswered:
        typer.echo(
            f"auditor: {len(done.unanswered)} questions got no answer today, although an earlier run saw one: "
            "undetermined. --offline judges what was seen.",
            err=True,
        )
    return path, done.unanswered


def _looked_at(store: Store, via: list[Place] | None, plan: Plan, *, is_fresh: bool) -> frozenset[Place]:
    """The places that the site is judged on: those named; else those that the evidence was collected for."""
    noted = noted_places(store)
    return places_of(via, plan) if via or is_fresh or not noted else noted


def audit(
    inputs: Inputs,
    evidence: EvidenceIn = None,
    offline: Offline = False,
    at: At = None,
    platform: Platforms = None,
    format: Formats = None,
    fail_on: FailOn = Severity.ERROR,
    strict: Strict = False,
    only: Only = None,
    skip: Skip = None,
    via: AskVia = None,
    jobs: Jobs = 16,
) -> None:
    """Audit a plan, image lists or an evidence file. Exit code: 0 ready, 1 not ready, 2 usage, 3 undetermined, 4 internal."""
    today = parse_date(at)
    outputs = parse_outputs(format or [], (*inputs, *([evidence] if evidence else [])))
    known = catalogue()
    chosen = selected(known, only or [], skip or [])
    given = read_inputs(inputs, platform or [], evidence)
    policy = Policy(fail_on, strict, given.plan.waivers, severities(given.plan, known))
    needs = resolve_needs(given.plan)
    unanswered: Mapping[str, Failed] = {}
    source = evidence
    if source is None:
        source, unanswered = _gathered(given, needs, places_of(via, given.plan), offline=offline, jobs=jobs)
    with opened(source) as store:
        is_fresh = evidence is None and given.evidence is None
        places = _looked_at(store, via, given.plan, is_fresh=is_fresh)
        site = Site(given.plan, needs, Overlaid(store, unanswered) if unanswered else store, places)
        outcomes = evaluate(site, known, today, selected=chosen)
        report = judge(outcomes, policy, today)
    write_reports(report, outputs)
    raise typer.Exit(report.exit_code)
