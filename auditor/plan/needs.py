"""Needs: every image on every platform that the plan's sources add up to, each with all its reasons."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from auditor.oci.reference import Reference
from auditor.plan.lists import ListSource, read_list
from auditor.plan.model import ImageSource, ListLine, Need, Needs, Plan, Reason
from auditor.plan.paths import is_inside, normal


def shown_path(plan: Plan, path: str) -> str:
    """A file of the plan as its user would open it: relative to where the plan was given."""
    return str(PurePosixPath(plan.path.replace("\\", "/")).parent / path)


def _lines(plan: Plan, source: ImageSource) -> Iterator[tuple[str, ListLine]]:
    if source.ref:
        inline = ListSource(source.location.file, source.pools, source.host_process)
        yield "inline", inline.entry(source.ref, source.location.line, source.location.column)
        return
    name = normal(source.list)
    for path in [path for path in plan.files if is_inside(path, name)]:
        listed = ListSource(shown_path(plan, path), source.pools, source.host_process)
        for line in read_list(listed, plan.files[path]):
            yield "list", line


def resolve_needs(plan: Plan) -> Needs:
    """Read every list and inline reference. The order is that of first appearance."""
    lines: list[ListLine] = []
    reasons: dict[tuple[Reference, str], list[Reason]] = {}
    elsewhere: set[tuple[Reference, str]] = set()  # needed by something that is no HostProcess container
    for source in plan.images:
        for kind, line in _lines(plan, source):
            lines.append(line)
            if line.reference is None:
                continue
            reason = Reason(kind, line.location)
            for pool in line.pools:
                key = (line.reference, pool)
                reasons.setdefault(key, []).append(reason)
                if not line.host_process:
                    elsewhere.add(key)
    platforms = {pool.name: pool.platform for pool in plan.pools}
    needs = tuple(
        Need(reference, pool, platforms[pool], tuple(dict.fromkeys(why)), (reference, pool) not in elsewhere)
        for (reference, pool), why in reasons.items()
    )
    return Needs(tuple(lines), needs)
