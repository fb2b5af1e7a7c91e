"""Collect needs: every image on every platform that the plan's sources require, each with all its reasons."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from auditor.needs.defaults import plan_defaults
from auditor.needs.listed import Coverage, ListedReferences, settled
from auditor.needs.model import Defaults, Need, Needs, Reason
from auditor.oci.platform import Platform
from auditor.oci.reference import Reference
from auditor.plan.model import ImageSource, Plan
from auditor.plan.plan_paths import is_inside, normal, shown_path
from auditor.readers import node_config
from auditor.readers.demands import Demand, Mechanism
from auditor.readers.lists import ListSource, read_list
from auditor.readers.model import ListLine, Setting

if TYPE_CHECKING:
    from auditor.readers.workloads import Workloads


def _lines(plan: Plan, source: ImageSource) -> Iterator[tuple[str, ListLine]]:
    if source.ref:
        inline = ListSource(source.location.file, source.pools, source.host_process)
        yield "inline", inline.entry(source.ref, source.location.line, source.location.column)
        return
    name = normal(source.list)
    for path in [path for path in plan.files if is_inside(path, name)]:
        listed = ListSource(shown_path(plan.path, path), source.pools, source.host_process, path)
        for line in read_list(listed, plan.files[path]):
            yield "list", line


def _without_listed_imports(plan: Plan, lines: list[ListLine]) -> list[ListLine]:
    """Return the lines without imports of packages that the plan lists too: their images are known from there."""
    if not any(line.imports for line in lines):
        return lines
    names = [normal(source.list) for source in plan.images if source.list]
    folders = {posixpath.dirname(path) or "." for path in plan.files for name in names if is_inside(path, name)}
    return [line for line in lines if not line.imports or line.imports not in folders]


def concerns(platforms: tuple[Platform, ...], pool: Platform) -> bool:
    """Return whether an entry that is limited to these platforms applies to the nodes of a pool, ignoring the OS build."""
    return not platforms or any(
        (platform.os, platform.architecture) == (pool.os, pool.architecture)
        and (not platform.variant or not pool.variant or platform.variant == pool.variant)
        for platform in platforms
    )


def _by_default(plan: Plan, defaults: Defaults, lines: list[ListLine]) -> Iterator[tuple[Reference, str, Reason]]:
    """Yield the needs from defaults, by pool. Use the name from a list if a list has the image, else the name that nodes pull.

    Without a cluster in the plan, another pause image may be set by an unknown distribution. So nothing is added.
    """
    if plan.cluster is None:
        return
    listed = ListedReferences(lines, plan.registry)
    for image in defaults.images:
        found = listed.of(image)
        if image.reference is None or not (found or image.certain):
            continue  # a component that may be disabled, and that no list has
        names = found or (image.reference,)
        for pool in image.pools:
            yield names[0], pool, Reason("default", image.location)


def _sandboxes(plan: Plan) -> Mapping[str, Setting]:
    """Return by pool the pause image that the node configuration sets."""
    named = {pool.name: node_config.read_node_config(plan, pool).sandbox_image for pool in plan.pools if pool.config}
    return {name: setting for name, setting in named.items() if setting is not None}


def _runs_on(demand: Demand, platforms: Mapping[str, Platform]) -> tuple[str, ...]:
    """Return the pools that pull a demand's image. Outside pods no field states the OS: assume Linux nodes if the plan has any.

    If a Windows node needs the image, the lists must still have it, but no Windows build is required.
    """
    if demand.mechanism is Mechanism.POD:
        return demand.pools
    return tuple(pool for pool in demand.pools if platforms[pool].os == "linux") or demand.pools


def _of_workloads(plan: Plan) -> Workloads | None:
    """Return what the plan's workloads run, or None if it has none."""
    if not plan.workloads:
        return None
    from auditor.readers.workloads import read_workloads  # noqa: PLC0415 - only a plan with workloads needs their readers

    return read_workloads(plan)


def resolve_needs(plan: Plan) -> Needs:
    """Read every list, inline reference and workload. If that gives any need, add the default images.

    The order is that of first appearance.
    """
    platforms = {pool.name: pool.platform for pool in plan.pools}
    lines: list[ListLine] = []
    reasons: dict[tuple[Reference, str], list[Reason]] = {}
    elsewhere: set[tuple[Reference, str]] = set()  # needed by a container that is not a HostProcess container
    for source in plan.images:
        for kind, line in _lines(plan, source):
            lines.append(line)
            if line.reference is None:
                continue
            reason = Reason(kind, line.location)
            for pool in line.pools:
                if not concerns(line.platforms, platforms[pool]):
                    continue
                key = (line.reference, pool)
                reasons.setdefault(key, []).append(reason)
                if not line.host_process:
                    elsewhere.add(key)
    lines = _without_listed_imports(plan, lines)
    workloads = _of_workloads(plan)
    demands, passed_over = (workloads.demands, workloads.passed_over) if workloads is not None else ((), ())
    chosen = settled(demands, Coverage(line.reference for line in lines if line.reference is not None))
    for demand in demands:
        if demand.reference is None or demand.is_possible or demand.choice in chosen:
            continue
        for pool in _runs_on(demand, platforms):
            key = (demand.reference, pool)
            reasons.setdefault(key, []).append(Reason(demand.kind, demand.location))
            if not demand.host_process:
                elsewhere.add(key)
    defaults = plan_defaults(plan, _sandboxes(plan))
    for reference, pool, reason in _by_default(plan, defaults, lines) if lines or demands else ():
        reasons.setdefault((reference, pool), []).append(reason)
        elsewhere.add((reference, pool))
    needs = tuple(
        Need(reference, pool, platforms[pool], tuple(dict.fromkeys(why)), (reference, pool) not in elsewhere)
        for (reference, pool), why in reasons.items()
    )
    charts = workloads.charts if workloads is not None else ()
    return Needs(tuple(lines), needs, demands, defaults, passed_over, charts)
