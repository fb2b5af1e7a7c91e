"""The disk of one node of a pool: with all images of the pool, and while archives are imported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from auditor.needs.model import Needs
from auditor.plan.model import Pool
from auditor.site.storage.load import Load
from auditor.site.storage.payloads import Content, Part, compressed_lots, lots_of
from auditor.site.storage.stage import Stage, stage_of
from auditor.site.storage.unpacked import Unpacked
from auditor.sizing.lots import sum_lots
from auditor.sizing.nodes import keeps_blobs, scratch
from auditor.sizing.ranged import Amount, Piece, sum_up, together
from auditor.text import many

_HOW = "unpacked layers{blobs} and the writable layers of {containers}, without the system and logs"
_BLOBS = {True: ", the blobs that the runtime keeps,", False: "", None: ", the blobs that the runtime may keep,"}


def node_stages(parts: Mapping[str, Part], pools: Iterable[Pool], needs: Needs, unpacked: Unpacked) -> tuple[Stage, ...]:
    """Return one stage for each pool with a declared disk and with needs, in the order of the plan."""
    return tuple(_stage(pool, part, needs, unpacked) for pool in pools if (part := parts.get(pool.name)) and part.count)


def _stage(pool: Pool, part: Part, needs: Needs, unpacked: Unpacked) -> Stage:
    # A node may have to run each image once, or as many containers as workloads declare.
    containers = max(sum(pool.name in demand.pools for demand in needs.demands), part.running)
    writable = scratch(pool.platform.os, containers)
    kept = keeps_blobs(pool.runtime.name if pool.runtime else "")
    amount = _amount(part.contents, writable, containers, kept, unpacked)
    how = _HOW.format(blobs=_BLOBS[kept], containers=many(containers, "container"))
    where = ("pools", pool.name, "disk")
    return stage_of(f"node {pool.name}", amount, pool.disk, how, tuple(part.unknown), *where, pool=pool.name)


def _amount(made: Sequence[Content], writable: Piece, containers: int, kept: bool | None, unpacked: Unpacked) -> Amount:
    scratches = sum_up([(many(containers, "writable layer"), [writable])] if writable.size else [])
    if kept:
        return together(sum_lots(lots_of(made, unpacked.kept)), scratches)
    certain = sum_lots((content.name, unpacked.snapshots(content)) for content in made)
    if kept is None:
        doubtful = sum_lots(compressed_lots(made))
        return together(certain, scratches, Amount(doubtful.budget, 0, doubtful.high, doubtful.likely))
    return together(certain, scratches)


def import_stage(node: Stage, load: Load) -> Stage:
    """Return the peak while archives on the node's own disk are imported."""
    return stage_of(
        f"import {node.pool}",
        together(Amount(node.budget, node.low, node.high, node.estimated), load.amount),
        node.capacity,
        f"archives, and the imported images: {node.how}",
        tuple(dict.fromkeys((*node.unknown, *load.unknown))),
        *node.key,
        pool=node.pool,
    )
