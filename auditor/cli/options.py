"""The options that several commands share."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated

import typer

from auditor.check import Severity
from auditor.cli.completing import area_names, check_ids, format_names
from auditor.errors import UsageError
from auditor.evidence.kinds import Place, Verify
from auditor.formats import names
from auditor.pipeline.settings import real_day
from auditor.plan.areas import REQUIRABLE
from auditor.text import shown

# The groups of options in the help of a command.
INPUT, COLLECTION, VERDICT, OUTPUT = "Input", "Collection", "Checks and verdict", "Output"

_LISTED = f"{', '.join(names()[:-1])} or {names()[-1]}"

Inputs = Annotated[
    list[Path],
    typer.Argument(
        metavar="PLAN|LIST[=PLATFORM]…|EVIDENCE",
        help="A plan, evidence, or image lists, each with its own platforms: linux.txt=linux/amd64,linux/arm64. With "
        "--platform also Kubernetes manifests, charts, and folders of these.",
    ),
]
Sources = Annotated[
    list[Path],
    typer.Argument(metavar="PLAN|LIST[=PLATFORM]…", help="A plan, or image lists, each with its own platforms."),
]
EvidenceIn = Annotated[
    Path | None,
    typer.Option("--evidence", metavar="FILE", help="Use this evidence; connect to no host.", rich_help_panel=INPUT),
]
EvidenceOut = Annotated[
    Path, typer.Option("--output", "-o", metavar="FILE", help="The evidence file; an interrupted run continues in it.")
]
Offline = Annotated[
    bool, typer.Option("--offline", help="Connect to no host; use the evidence of an earlier run.", rich_help_panel=COLLECTION)
]
RenderCharts = Annotated[
    bool,
    typer.Option(
        "--render-charts",
        help="Run helm even if this system cannot start it without a network. Otherwise a command that makes no "
        "connections reports such charts as undetermined.",
        rich_help_panel=COLLECTION,
    ),
]
At = Annotated[
    str | None, typer.Option("--at", metavar="DATE", help="Evaluate this day, such as 2027-03-01.", rich_help_panel=INPUT)
]
Platforms = Annotated[
    list[str] | None,
    typer.Option(
        "--platform",
        metavar="PLATFORM",
        help="A platform for every list without its own (`LIST=PLATFORM`); repeatable.",
        rich_help_panel=INPUT,
    ),
]
Each = Annotated[bool, typer.Option("--each", help="Audit each input separately, as several plans are.", rich_help_panel=INPUT)]
Formats = Annotated[
    list[str] | None,
    typer.Option(
        "--format", metavar="FMT[=FILE]", help=f"{_LISTED}; repeatable.", autocompletion=format_names, rich_help_panel=OUTPUT
    ),
]
FailOn = Annotated[
    Severity,
    typer.Option(
        "--fail-on",
        metavar="error|warning|info",
        help="The severity from which the site is not ready.",
        rich_help_panel=VERDICT,
    ),
]
Show = Annotated[
    Severity,
    typer.Option(
        "--show",
        metavar="error|warning|info",
        help="The severity from which github, gitlab, junit, lines, markdown and sarif have an entry for a finding.",
        rich_help_panel=OUTPUT,
    ),
]
Strict = Annotated[bool, typer.Option("--strict", help="Undetermined counts as not ready.", rich_help_panel=VERDICT)]
Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only", metavar="ID", help="Run only this check; repeatable.", autocompletion=check_ids, rich_help_panel=VERDICT
    ),
]
Skip = Annotated[
    list[str] | None,
    typer.Option(
        "--skip", metavar="ID", help="Do not run this check; repeatable.", autocompletion=check_ids, rich_help_panel=VERDICT
    ),
]
Require = Annotated[
    list[str] | None,
    typer.Option(
        "--require",
        metavar="AREA",
        help=f"An area that must be examined, or `site` for all; otherwise the audit is undetermined. Repeatable. AREA: "
        f"{', '.join(REQUIRABLE)}.",
        autocompletion=area_names,
        rich_help_panel=VERDICT,
    ),
]
WaiversFile = Annotated[
    Path | None,
    typer.Option(
        "--waivers", metavar="FILE", help="A file of waivers, in addition to those of the plan.", rich_help_panel=VERDICT
    ),
]
BaselineFile = Annotated[
    Path | None,
    typer.Option(
        "--baseline",
        metavar="REPORT",
        help="A JSON report. Its findings are shown and do not count again.",
        rich_help_panel=VERDICT,
    ),
]
AskVia = Annotated[
    list[Place] | None,
    typer.Option(
        "--via",
        metavar="source|target|archives",
        help="Where to look for images; repeatable: the source registries, the internal registry after rewrites, the plan's "
        "archives. Default: source, and archives if the plan names any.",
        rich_help_panel=COLLECTION,
    ),
]
HowVerified = Annotated[
    Verify,
    typer.Option(
        "--verify",
        metavar="size|full",
        help="How much of the internal registry to read. size: hash manifests and configs, and compare the sizes of layers; "
        "full: read and hash every layer as well.",
        rich_help_panel=COLLECTION,
    ),
]
Signatures = Annotated[
    bool,
    typer.Option(
        "--signatures",
        help="Collect the signatures of all images. Default: only of images for which a policy of the plan demands one.",
        rich_help_panel=COLLECTION,
    ),
]
Ca = Annotated[
    Path | None,
    typer.Option(
        "--ca",
        metavar="FILE",
        help="Without a plan: a CA to trust in addition to the public ones. A plan has `ca`.",
        rich_help_panel=COLLECTION,
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        metavar="N",
        min=1,
        max=64,
        help="Concurrent connections, to all hosts together. Default: 16 per registry, then up to 64 while it is as fast.",
        rich_help_panel=COLLECTION,
    ),
]

Timeout = Annotated[
    float,
    typer.Option(
        "--timeout",
        metavar="SECONDS",
        min=0.1,
        max=600,
        help="How long a host may take to accept a connection, and then to begin its answer. A host that exceeds it gets no "
        "more requests in this run.",
        rich_help_panel=COLLECTION,
    ),
]

KeepReport = Annotated[
    bool,
    typer.Option(
        "--keep-report/--no-keep-report", help="Keep the report for `auditor show`, privately.", rich_help_panel=OUTPUT
    ),
]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Print the whole report, as `--format text=full` does.", rich_help_panel=OUTPUT)
]


def parse_date(text: str | None) -> datetime.date:
    """Return the day to evaluate, or today (UTC) if none is given. Raises UsageError."""
    if text is None:
        return real_day()
    try:
        return datetime.date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--at {shown(text)[1:-1]}: this is no date", "Write it as 2027-03-01.") from error
