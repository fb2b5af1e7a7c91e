"""`auditor schema`: the JSON Schemas of the plan and of the JSON report."""

from __future__ import annotations

import enum
import json
from typing import Annotated

import typer

from auditor.cli import work
from auditor.cli.output import write_stdout


class Which(enum.StrEnum):
    """The two contracts that have a schema."""

    PLAN = "plan"
    REPORT = "report"


def schema(which: Annotated[Which, typer.Argument(metavar="plan|report", help="The schema to print.")]) -> None:
    """Print a JSON Schema, for editors and for readers of reports."""
    document = work.json_schema() if which is Which.PLAN else work.report_schema()
    write_stdout(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
