"""`auditor doctor`: what this machine can do."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from auditor import __version__
from auditor.cli import work
from auditor.cli.config_file import find_config
from auditor.cli.output import OutputFormat, write_stdout
from auditor.errors import AuditorError
from auditor.text import short_hash
from reports.cleaning import clean
from reports.table import columns


def doctor(
    ask: Annotated[
        bool, typer.Option("--ask/--no-ask", help="Start each program that was found, only to print its version.")
    ] = True,
    format: Annotated[OutputFormat, typer.Option("--format", metavar="text|json")] = OutputFormat.TEXT,
) -> None:
    """Show what this machine can do: the programs that were found, the dates of the facts, and the folders.

    No program is required for an audit: what needs a missing one is undetermined. Nothing connects to a host.
    """
    found = _state(ask=ask)
    write_stdout(
        json.dumps(found, indent=2) + "\n" if format is OutputFormat.JSON else "".join(f"{line}\n" for line in _lines(found))
    )


def _state(*, ask: bool) -> dict[str, Any]:
    facts = work.basis()
    config = find_config(Path.cwd())
    return {
        "version": 1,
        "auditor": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "programs": [
            {
                "name": one.program.name,
                "path": one.path or None,
                "version": one.version or None,
                "why": one.why or None,
                "use": one.program.use,
            }
            for one in work.programs(ask=ask)
        ],
        "can_isolate": work.can_isolate() if ask else None,
        "roots": [{"name": one.shown} for one in work.root_lists()],
        "facts": {"as_of": facts.as_of.isoformat(), "digest": facts.digest},
        "folders": {
            "cache": _cache(),
            "state": str(work.state_folder() or "") or None,
            "config": str(config) if config else None,
        },
        "stdout": {"encoding": getattr(sys.stdout, "encoding", None), "colour": work.use_colour(), "columns": work.columns()},
    }


def _cache() -> str | None:
    try:
        return str(work.cache_folder())
    except AuditorError:
        return None


def _lines(found: dict[str, Any]) -> Iterator[str]:
    yield f"auditor {found['auditor']}, Python {found['python']}, {clean(found['system'])}"
    yield ""
    rows = [(row["name"], row["version"] or row["why"], clean(row["path"] or ""), row["use"]) for row in found["programs"]]
    yield from columns(("program", "version", "path", "needed to"), [tuple(map(clean, row)) for row in rows])
    yield ""
    if found["can_isolate"] is False:
        yield "This system cannot start a program without a network: without `--render-charts`, an offline audit runs no helm."
    facts = found["facts"]
    yield f"Facts as of {facts['as_of']} (SHA-256 {short_hash(facts['digest'])}): `auditor facts` lists the tables."
    yield from (row["name"] for row in found["roots"])
    yield ""
    folders = found["folders"]
    yield f"Evidence of connected audits: {clean(folders['cache'] or 'no folder: set AUDITOR_CACHE')}"
    yield f"Last reports for `auditor show`: {clean(folders['state'] or 'not kept')}"
    yield f"Defaults of the command line: {clean(folders['config'] or 'no auditor.toml and no table in pyproject.toml')}"
    stdout = found["stdout"]
    colours = "with" if stdout["colour"] else "without"
    yield f"Output: {stdout['encoding']}, {stdout['columns']} columns, {colours} colours"
