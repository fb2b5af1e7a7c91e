"""What the facts do not cover: programs of the plan with a version that is not one, or that is above the verified ones.

This rule does not depend on any check. A check that asks the facts about such a version is undetermined as well, but a version
that no check asks about today must not read as a pass either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from auditor.check import Subject, Undetermined
from auditor.evidence.model import Kind
from auditor.facts import Header, headers, overlay_in_use
from auditor.facts.lookup import Gap, gap_in
from auditor.facts.versions import Answer, Range, Version, parse_version, range_of
from auditor.plan.model import Plan
from auditor.plan.programs import PlannedProgram, is_about, planned_programs
from auditor.policy.rules import VERSION_NOT_COVERED
from auditor.transfer.hops import Unpredicted
from auditor.transfer.registries import registry_row


def uncovered(plan: Plan) -> Iterator[Undetermined]:
    """Yield one outcome for each program and place of the plan that the facts do not cover."""
    said: set[tuple[str, str]] = set()
    for program in planned_programs(plan):
        why = why_uncovered(program)
        if why and (why, program.where) not in said:
            said.add((why, program.where))
            subject = Subject(
                "program", str(program), pool=program.where.removeprefix("pools.") if _is_of_pool(program) else ""
            )
            detail = f"{why}. Results about {program.name} may not hold for this version"
            yield Undetermined(
                subject,
                Kind.UNSUPPORTED,
                detail,
                location=program.location,
                affects=(),
                fold=(why,),
                check=VERSION_NOT_COVERED.id,
            )


def _is_of_pool(program: PlannedProgram) -> bool:
    return program.where.startswith("pools.")


def why_uncovered(program: PlannedProgram) -> str:
    """Return why the facts do not cover a program, or an empty string. A kind of registry without rows counts too."""
    found = gaps(program)
    if found:
        return found[0].why
    if program.kind == "registry":
        row = registry_row(program.name, "")
        return row.why if isinstance(row, Unpredicted) and row.unlisted else ""
    return ""


def gaps(program: PlannedProgram) -> list[Gap]:
    """Return the gaps of all tables about a program, the table with the oldest verified version first."""
    found = [
        (head.through(program.name), gap)
        for name, head in headers().items()
        if is_about(head, program)
        and (gap := gap_in(head, program.name, program.version))
        and not _is_stated(name, head, program)
    ]
    return [gap for _, gap in sorted(found, key=lambda pair: _newest(pair[0]))]


def _newest(through: str) -> Version:
    version = parse_version(through.rsplit(maxsplit=1)[-1])
    assert version is not None  # noqa: S101 - a test parses every header
    return version


def _is_stated(table: str, head: Header, program: PlannedProgram) -> bool:
    """Return whether a row of an overlay holds for the version."""
    own = (row for row in overlay_in_use().rows.get(table, ()) if not head.program or row.get(head.program) == program.name)
    return any(range_in(row).answer(program.version) is Answer.YES for row in own)


def range_in(row: Mapping[str, Any]) -> Range:
    """Return the versions for which a row of a file holds."""
    since, before, through = (str(row.get(key, "")) for key in ("since", "before", "verified-through"))
    fixed, begun = (tuple(map(str, row.get(key, ()))) for key in ("fixed-in", "since-in"))
    return range_of(since, before, fixed, through, begun)
