"""`auditor audit`: from a plan, image lists or an evidence file to a verdict."""

from __future__ import annotations

from pathlib import Path

import typer

from auditor.check import Severity
from auditor.cli import work
from auditor.cli.options import (
    AskVia,
    At,
    BaselineFile,
    Ca,
    Each,
    EvidenceIn,
    FailOn,
    Formats,
    HowVerified,
    Inputs,
    Jobs,
    KeepReport,
    Offline,
    Only,
    Platforms,
    RenderCharts,
    Require,
    Show,
    Signatures,
    Skip,
    Strict,
    Timeout,
    Verbose,
    WaiversFile,
    parse_date,
)
from auditor.cli.output import Output, annotate_refusal, parse_outputs, write_reports
from auditor.cli.progress import bar
from auditor.cli.saying import is_verbose, notice
from auditor.errors import PlanError
from auditor.evidence.kinds import Verify
from auditor.pipeline.callbacks import Callbacks
from auditor.pipeline.catalogue import catalogue, required, selected
from auditor.pipeline.settings import TIMEOUT, GatherSettings, Settings


def audit(
    inputs: Inputs,
    evidence: EvidenceIn = None,
    offline: Offline = False,
    at: At = None,
    platform: Platforms = None,
    each: Each = False,
    format: Formats = None,
    fail_on: FailOn = Severity.ERROR,
    show: Show = Severity.INFO,
    strict: Strict = False,
    only: Only = None,
    skip: Skip = None,
    require: Require = None,
    waivers: WaiversFile = None,
    baseline: BaselineFile = None,
    via: AskVia = None,
    verify: HowVerified = Verify.SIZE,
    ca: Ca = None,
    jobs: Jobs = None,
    render_charts: RenderCharts = False,
    timeout: Timeout = TIMEOUT,
    verbose: Verbose = False,
    signatures: Signatures = False,
    keep_report: KeepReport = True,
) -> None:
    """Audit a plan, image lists or an evidence file. Exit code: 0 ready, 1 not ready, 2 usage, 3 undetermined, 4 internal.

    Several plans are audited one after the other. Each --format then names a folder, which gets one report per plan and an
    index page. The formats text, lines and github may also go to stdout.
    """
    inputs = work.without_repeated(inputs)
    known = catalogue()
    settings = Settings(
        parse_date(at),
        known,
        selected(known, only or [], skip or []),
        fail_on,
        strict,
        waivers,
        work.read_baseline(baseline) if baseline else None,
        evidence,
        offline,
        require=required(require or []),
        show=show,
        render_charts=render_charts,
        gathering=GatherSettings(tuple(via or ()), jobs, verify, ca, timeout, signatures=signatures),
    )
    read = (*(work.list_input(path).path for path in inputs), *filter(None, (evidence, waivers, baseline, ca)))
    if each or (len(inputs) > 1 and not platform and all(work.is_site(path) for path in inputs)):
        from auditor.cli.fleet import audit_fleet  # noqa: PLC0415 - it imports the index page of several reports

        raise typer.Exit(audit_fleet(inputs, platform or [], settings, format or [], read))
    outputs = parse_outputs(format or [], read, is_full=verbose or is_verbose())
    raise typer.Exit(_audit(inputs, platform or [], settings, outputs, keep_report=keep_report))


def _audit(
    inputs: list[Path], platforms: list[str], settings: Settings, outputs: tuple[Output, ...], *, keep_report: bool
) -> int:
    """Write the reports of one site and return the exit code."""
    try:
        loaded = work.load(inputs, platforms)
        report = work.audit(loaded, settings, Callbacks(bar, notice))
    except PlanError as error:
        annotate_refusal(error, outputs)
        raise
    excerpts = work.excerpts_of(loaded.plan, report)
    write_reports(report, outputs, excerpts)
    if keep_report:
        work.keep(report, excerpts, loaded.words)
    return report.exit_code
