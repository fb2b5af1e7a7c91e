"""`auditor audit`: the whole way from a plan, a list or an evidence file to a verdict."""

from __future__ import annotations

import typer

from auditor.check import Severity
from auditor.cli.inputs import read_inputs
from auditor.cli.options import (
    AskVia,
    At,
    BaselineFile,
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
    WaiversFile,
    parse_date,
)
from auditor.cli.output import parse_outputs, write_reports
from auditor.cli.report_files import read_baseline
from auditor.cli.selection import catalogue, selected, severities
from auditor.cli.siting import sited
from auditor.engine import evaluate
from auditor.plan.load import load_waivers
from auditor.policy import Policy, judge


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
    waivers: WaiversFile = None,
    baseline: BaselineFile = None,
    via: AskVia = None,
    jobs: Jobs = 16,
) -> None:
    """Audit a plan, image lists or an evidence file. Exit code: 0 ready, 1 not ready, 2 usage, 3 undetermined, 4 internal."""
    today = parse_date(at)
    outputs = parse_outputs(format or [], (*inputs, *filter(None, (evidence, waivers, baseline))))
    known = catalogue()
    chosen = selected(known, only or [], skip or [])
    given = read_inputs(inputs, platform or [], evidence)
    accepted = (*given.plan.waivers, *(load_waivers(waivers) if waivers else ()))
    before = read_baseline(baseline) if baseline else None
    policy = Policy(fail_on, strict, accepted, severities(given.plan, known), before)
    with sited(given, evidence, via, offline=offline, jobs=jobs) as site:
        report = judge(evaluate(site, known, today, selected=chosen), policy, today)
    write_reports(report, outputs)
    raise typer.Exit(report.exit_code)
