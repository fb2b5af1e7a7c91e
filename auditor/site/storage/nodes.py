"""The disk of one node of a pool: what lies there once every image of the pool is, and while archives are imported."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.plan.model import Needs, Pool
from auditor.site.images import Placement
from auditor.site.storage.compressed import owned, unknown_among
from auditor.site.storage.stage import Stage, ranged
from auditor.site.storage.unpacked import Unpacked
from auditor.sizing.budget import combined, deduplicated
from auditor.sizing.nodes import keeps_blobs, scratch
from auditor.sizing.ranged import Amount, Piece, sum_up

_HOW = "unpacked layers{blobs} and the writable layers of {containers} containers; neither the system nor logs"
_BLOBS = {True: ", the blobs that the runtime keeps,", False: "", None: ", the blobs that the runtime may keep,"}


def node_stages(placements: Iterable[Placement], pools: Iterable[Pool], needs: Needs, unpacked: Unpacked) -> tuple[Stage, ...]:
    """One stage for each pool whose disk the plan gives, in the order of the plan."""
    by_pool: dict[str, list[Placement]] = {pool.name: [] for pool in pools if pool.disk is not None}
    for placement in placements:
        if (held := by_pool.get(placement.pool.name)) is not None:
            held.append(placement)
    return tuple(_stage(held[0].pool, held, needs, unpacked) for held in by_pool.values() if held)


def _stage(pool: Pool, placements: list[Placement], needs: Needs, unpacked: Unpacked) -> Stage:
    assert pool.disk is not None  # noqa: S101 - node_stages chose such pools
    containers = _containers(pool, placements, needs)
    writable = scratch(pool.platform.os, containers)
    kept = keeps_blobs(pool.runtime.name if pool.runtime else "")
    amount = _amount(placements, writable, containers, kept, unpacked)
    how = _HOW.format(blobs=_BLOBS[kept], containers=containers)
    where = ("pools", pool.name, "disk")
    return ranged(f"node {pool.name}", amount, pool.disk, how, unknown_among(placements), *where, pool=pool.name)


def _containers(pool: Pool, placements: list[Placement], needs: Needs) -> int:
    """How many containers a node may have to run: each image once, or as many as workloads name."""
    demanded = sum(pool.name in demand.pools for demand in needs.demands)
    return max(demanded, sum(not placement.is_carrier for placement in placements))


def _amount(placements: list[Placement], writable: Piece, containers: int, kept: bool | None, unpacked: Unpacked) -> Amount:
    layers = sum_up(_snapshots(placements, unpacked))
    blobs = deduplicated(() if kept is False else owned(placements))
    scratches = sum_up([(f"{containers} writable layers", [writable])] if writable.size else [])
    doubtful = blobs.bytes if kept is None else 0
    return Amount(
        budget=combined(layers.budget, blobs, scratches.budget),
        low=layers.low + blobs.bytes - doubtful + scratches.low,
        high=layers.high + blobs.bytes + scratches.high,
        estimated=layers.estimated + doubtful + scratches.estimated,
    )


def _snapshots(placements: Iterable[Placement], unpacked: Unpacked) -> Iterator[tuple[str, tuple[Piece, ...]]]:
    for placement in placements:
        payload = placement.resolution.payload
        if payload is not None:
            yield str(placement.image.reference), unpacked.snapshots(payload, placement.need.platform.os)


def import_stage(node: Stage, archives: Stage, disk: int) -> Stage:
    """The peak while archives that lie on the node's own disk are imported."""
    budget = combined(node.budget, archives.budget)
    estimated = node.estimated + archives.estimated
    kind = "estimated" if estimated else "derived"
    return Stage(
        name=f"import {node.pool}",
        budget=budget,
        capacity=disk,
        provenance=f"{kind}: the archives beside what they become on the node",
        unknown=tuple(dict.fromkeys((*node.unknown, *archives.unknown))),
        low=node.low + archives.low,
        high=node.high + archives.high,
        estimated=estimated,
        key=node.key,
        pool=node.pool,
    )
