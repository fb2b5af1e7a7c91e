"""What the fact tables hold, and what they mean for one plan. Nothing here needs the network."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.facts import RELEASED, TABLES, Overlay, header, headers, overlay_in_use, plain_rows, row_count
from auditor.facts.lookup import GapKind, gap_in, rows_at
from auditor.facts.release_images import Releases, releases_of
from auditor.facts.versions import Answer, Versioned
from auditor.pipeline.fact_tables import ROW_TYPES, row_type
from auditor.pipeline.site_facts import use_facts
from auditor.plan.model import Plan
from auditor.plan.programs import PlannedProgram, is_about, planned_programs
from auditor.policy.coverage import range_in, why_uncovered


@dataclass(frozen=True, slots=True)
class TableSummary:
    """One table: its rows, the day of its last check, its source, and the newest verified version of each program."""

    name: str
    rows: int
    as_of: datetime.date
    source: str
    verified_through: dict[str, str]
    stated: int  # rows of an overlay


@dataclass(frozen=True, slots=True)
class ProgramFacts:
    """What one table says about one program of a plan. `gap` is empty if the table covers the version."""

    program: PlannedProgram
    table: str
    rows: int
    verified_through: str
    as_of: datetime.date
    gap: str
    sources: tuple[str, ...]
    stated_by: tuple[str, ...]


def table_summaries() -> Iterator[TableSummary]:
    """Yield every table, with the overlay in use."""
    overlay: Overlay = overlay_in_use()
    for name in TABLES:
        head = header(name)
        stated = len(overlay.rows.get(name, ()))
        yield TableSummary(name, row_count(name), head.as_of, head.source, dict(head.verified_through), stated)
    for read in filter(None, map(releases_of, RELEASED)):
        source = f"{read.repository} at {len(read.releases)} release tags"
        through = {read.distribution: read.verified_through}
        yield TableSummary(f"releases/{read.distribution}", len(read.images), read.as_of, source, through, 0)


def plan_facts(plan: Plan) -> Iterator[ProgramFacts]:
    """Yield what each versioned table says about each program of the plan. Raises PlanError for an invalid overlay."""
    use_facts(plan)
    said: set[tuple[str, str, str]] = set()
    for program in planned_programs(plan):
        for name, head in headers().items():
            key = (name, program.kind, str(program))
            if is_about(head, program) and key not in said:
                said.add(key)
                yield _of_table(program, name)
        if program.kind == "registry" and not any(is_about(head, program) for head in headers().values()):
            head = header("registry_urls")
            yield ProgramFacts(program, "registry_urls", 0, "", head.as_of, why_uncovered(program), (), ())
        read = releases_of(program.name) if program.kind in {"distribution", "runtime"} and program.version else None
        if read is not None:
            yield _of_releases(program, read)


def _of_releases(program: PlannedProgram, read: Releases) -> ProgramFacts:
    """Return what the releases that were read say about the version of a distribution."""
    named = read.named(program.version)
    gap = "" if named else f"{program.version} is not among the {len(read.releases)} releases that were read"
    return ProgramFacts(
        program=program,
        table=f"releases/{read.distribution}",
        rows=len({image.image for name in named for image, _ in read.images_of(name)}),
        verified_through=read.verified_through,
        as_of=read.as_of,
        gap=gap,
        sources=tuple(map(read.source_of, named)),
        stated_by=(),
    )


def _of_table(program: PlannedProgram, name: str) -> ProgramFacts:
    head = header(name)
    through = head.through(program.name)
    gap = gap_in(head, program.name, program.version)
    rows = _versioned_rows(name, program.name)
    found = rows_at(rows, program.version, program.name) if rows else None
    if found is not None and found.first is not None:
        gap = None
    elif found is not None and found.gap is not None and found.gap.kind is GapKind.INCOMPLETE:
        gap = found.gap
    plain = [] if rows else list(_plain_rows(name, program))
    chosen = found.rows if found is not None else ()
    why = gap.why if gap is not None else ""
    if program.kind == "Windows" and not plain and not why:
        why = f"the facts do not list Windows build {program.version}"
    return ProgramFacts(
        program=program,
        table=name,
        rows=len(chosen) + len(plain),
        verified_through=through,
        as_of=head.as_of,
        gap=why,
        sources=tuple(dict.fromkeys((*(row.source for row in chosen), *(str(row["source"]) for row in plain)))),
        stated_by=tuple(row.stated_by for row in chosen if row.stated_by),
    )


def _plain_rows(name: str, program: PlannedProgram) -> Iterator[Mapping[str, Any]]:
    """Yield the rows about a program from a table without typed versions."""
    column, version = header(name).program, program.version
    for row in plain_rows(name):
        if program.kind == "Windows":
            holds = str(row.get("build", "")) == version
        else:
            is_own = bool(column) and row.get(column) == program.name
            holds = is_own and (not version or range_in(row).answer(version) is not Answer.NO)
        if holds:
            yield row


def _versioned_rows(name: str, program: str) -> tuple[Versioned, ...]:
    """Return the rows of a program, or nothing for a table whose rows have no versions."""
    from auditor.facts import table  # noqa: PLC0415 - the tables are read only here

    if name not in ROW_TYPES:
        return ()
    column = header(name).program
    rows = (row for row in table(name, row_type(name)) if isinstance(row, Versioned))
    return tuple(row for row in rows if not column or getattr(row, column.replace("-", "_")) == program)
