"""The disk of one node of a pool: what lies there once every image of the pool is, and while archives are imported."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.plan.model import Needs, Pool
from auditor.site.images import Placement
from auditor.site.storage.load import Load
from auditor.site.storage.payloads import compressed_lots, contents, unknown_among
from auditor.site.storage.stage import Stage, stage_of
from auditor.site.storage.unpacked import Unpacked
from auditor.sizing.lots import sum_lots
from auditor.sizing.nodes import keeps_blobs, scratch
from auditor.sizing.ranged import Amount, Piece, sum_up, together

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
    return stage_of(f"node {pool.name}", amount, pool.disk, how, unknown_among(placements), *where, pool=pool.name)


def _containers(pool: Pool, placements: list[Placement], needs: Needs) -> int:
    """How many containers a node may have to run: each image once, or as many as workloads name."""
    demanded = sum(pool.name in demand.pools for demand in needs.demands)
    return max(demanded, sum(not placement.is_carrier for placement in placements))


def _amount(placements: list[Placement], writable: Piece, containers: int, kept: bool | None, unpacked: Unpacked) -> Amount:
    made = list(contents(placements))
    layers = ((name, unpacked.snapshots(payload, os)) for name, payload, os, _ in made)
    blobs = compressed_lots(made, unpacked.sharing)
    certain = sum_lots([*layers, *blobs] if kept else layers)
    scratches = sum_up([(f"{containers} writable layers", [writable])] if writable.size else [])
    if kept is None:
        doubtful = sum_lots(blobs)
        return together(certain, scratches, Amount(doubtful.budget, 0, doubtful.high, doubtful.likely))
    return together(certain, scratches)


def import_stage(node: Stage, load: Load) -> Stage:
    """The peak while archives that lie on the node's own disk are imported."""
    return stage_of(
        f"import {node.pool}",
        together(Amount(node.budget, node.low, node.high, node.estimated), load.amount),
        node.capacity,
        f"archives, and what becomes of them: {node.how}",
        tuple(dict.fromkeys((*node.unknown, *load.unknown))),
        *node.key,
        pool=node.pool,
    )
