"""`auditor init`: a commented starter plan."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.output import write_atomically, write_stdout
from auditor.cli.saying import note
from auditor.errors import UsageError
from auditor.plan.starter import starter_plan


def init(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write; - for stdout.")] = Path("plan.yaml"),
) -> None:
    """Write a starter plan that explains every part. It is valid as written. An existing file is never overwritten."""
    if str(file) == "-":
        write_stdout(starter_plan())
        return
    if file.exists():
        raise UsageError(f"{file} exists already", "Name another file: `auditor init other.yaml`.")
    write_atomically(file, starter_plan())
    note(f"wrote {file}. Edit it, then run `auditor audit {file}`.")
