"""`auditor diff`: what changed between two JSON reports."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auditor.check import Severity
from auditor.cli import work
from auditor.cli.output import OutputFormat, write_stdout

Old = Annotated[Path, typer.Argument(metavar="OLD", help="A JSON report.")]
New = Annotated[Path, typer.Argument(metavar="NEW", help="A later JSON report.")]
Shown = Annotated[OutputFormat, typer.Option("--format", metavar="text|json", help="The output format.")]
Threshold = Annotated[
    Severity,
    typer.Option("--fail-on", metavar="error|warning|info", help="New findings from this severity on are exit code 1."),
]


def diff(old: Old, new: New, format: Shown = OutputFormat.TEXT, fail_on: Threshold = Severity.ERROR) -> None:
    """Compare two reports. Exit code: 0 no new finding at the threshold, 1 new findings at or above it, 2 usage."""
    difference = work.compare(work.read_report(old), work.read_report(new))
    write_stdout(work.as_json(difference, fail_on) if format is OutputFormat.JSON else work.as_text(difference, fail_on))
    raise typer.Exit(1 if difference.worse(fail_on) else 0)
