"""`auditor facts`: the fact tables, their dates and sources, and what they cover of a plan."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from auditor.cli import work
from auditor.cli.output import write_stdout
from auditor.errors import UsageError
from auditor.facts import RELEASED, TABLES, basis, own_text
from auditor.plan.spelling import nearest
from auditor.policy.exit_codes import EXIT_UNDETERMINED
from auditor.text import many, short_hash
from reports.cleaning import clean
from reports.table import columns

if TYPE_CHECKING:
    from auditor.pipeline.facts_view import ProgramFacts, TableSummary


class FactsFormat(enum.StrEnum):
    """The output format."""

    TEXT = "text"
    JSON = "json"


def facts(
    table: Annotated[str, typer.Argument(metavar="TABLE", help="Print the rows of one table.")] = "",
    plan: Annotated[
        Path | None,
        typer.Option("--plan", metavar="PLAN", help="Show what the tables cover of a plan or of evidence."),
    ] = None,
    format: Annotated[FactsFormat, typer.Option("--format", metavar="text|json")] = FactsFormat.TEXT,
) -> None:
    """List the fact tables with their dates. With --plan, exit code 3 if they do not cover a version of the plan.

    Nothing is requested over the network.
    """
    from auditor.pipeline import facts_view  # noqa: PLC0415 - it imports the row types

    if table:
        _print_table(table, plan)
        return
    if plan is None:
        rows = list(facts_view.table_summaries())
        write_stdout(_tables_json(rows) if format is FactsFormat.JSON else _tables_text(rows))
        return
    found = list(facts_view.plan_facts(work.load([plan]).plan))
    write_stdout(_plan_json(found) if format is FactsFormat.JSON else _plan_text(found))
    if any(one.gap for one in found):
        raise typer.Exit(EXIT_UNDETERMINED)


def _print_table(name: str, plan: Path | None) -> None:
    if plan is not None:
        raise UsageError("TABLE and --plan exclude each other", "Leave one of them out.")
    names = (*TABLES, *(f"releases/{one}" for one in RELEASED))
    if name not in names:
        raise UsageError(f"there is no fact table {name!r}", nearest(name, names) or "`auditor facts` lists the tables.")
    write_stdout(own_text(name))


def _stamp() -> str:
    used = basis()
    return f"{many(len(TABLES), 'table')}, last check {used.as_of.isoformat()}, digest {short_hash(used.digest)}"


def _tables_text(rows: Iterable[TableSummary]) -> str:
    cells = [
        (row.name, str(row.rows + row.stated), row.as_of.isoformat(), _programs(row.verified_through) or "no versions")
        for row in rows
    ]
    lines = columns(("table", "rows", "as of", "verified through"), cells)
    return "".join(f"{line}\n" for line in (*lines, "", f"{_stamp()}."))


def _programs(through: dict[str, str]) -> str:
    named = [f"{program} {version.split()[-1]}" for program, version in through.items() if version and program]
    return ", ".join(named)


def _tables_json(rows: Iterable[TableSummary]) -> str:
    tables = [
        {
            "name": row.name,
            "rows": row.rows,
            "stated_rows": row.stated,
            "as_of": row.as_of.isoformat(),
            "source": row.source,
            "verified_through": row.verified_through,
        }
        for row in rows
    ]
    return _json({"tables": tables})


def _json(value: dict[str, Any]) -> str:
    used = basis()
    head = {"version": 1, "facts": {"digest": used.digest, "as_of": used.as_of.isoformat()}}
    return json.dumps({**head, **value}, indent=2) + "\n"


def _plan_text(found: list[ProgramFacts]) -> str:
    cells = [
        (
            clean(str(one.program)),
            one.table,
            str(one.rows),
            one.verified_through.split()[-1] if one.verified_through else "",
            one.as_of.isoformat(),
            "not covered" if one.gap else "covered",
        )
        for one in found
    ]
    lines = columns(("program", "table", "rows", "verified through", "as of", "result"), cells)
    gaps = dict.fromkeys(clean(one.gap) for one in found if one.gap)
    told = [f"- {gap}" for gap in gaps]
    needed = sorted({one.table for one in found if one.gap})
    after = ["", "Not covered:", *told, f"An update of the facts must extend: {', '.join(needed)}."] if gaps else []
    stated = sorted({place for one in found for place in one.stated_by})
    after += ["", f"Rows of this site: {', '.join(map(clean, stated))}."] if stated else []
    return "".join(f"{line}\n" for line in (*lines, *after, "", f"{_stamp()}."))


def _plan_json(found: list[ProgramFacts]) -> str:
    programs = [
        {
            "kind": one.program.kind,
            "program": one.program.name,
            "version": one.program.version,
            "where": one.program.where,
            "table": one.table,
            "rows": one.rows,
            "verified_through": one.verified_through,
            "as_of": one.as_of.isoformat(),
            "covered": not one.gap,
            "gap": one.gap,
            "sources": one.sources,
            "stated_by": one.stated_by,
        }
        for one in found
    ]
    return _json({"programs": programs})
