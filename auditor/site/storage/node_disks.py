"""The disk of one node of a pool: with all images of the pool, and while archives are imported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from auditor.needs.model import Needs
from auditor.plan.model import Pool
from auditor.site.storage.archive_set import ArchiveSet
from auditor.site.storage.image_sets import ImageSet, PlatformImage, bundles_of, compressed_bundles
from auditor.site.storage.stage import Stage, stage_of
from auditor.site.storage.unpacked_pieces import UnpackedPieces
from auditor.sizing.bundles import sum_bundles
from auditor.sizing.node_disk_use import keeps_blobs, scratch
from auditor.sizing.ranged import Amount, Piece, sum_up, together
from auditor.text import many

_HOW = "unpacked layers{blobs} and the writable layers of {containers}, without the system and logs"
_BLOBS = {True: ", the blobs that the runtime keeps,", False: "", None: ", the blobs that the runtime may keep,"}


def node_stages(
    image_sets: Mapping[str, ImageSet], pools: Iterable[Pool], needs: Needs, unpacked: UnpackedPieces
) -> tuple[Stage, ...]:
    """Return one stage for each pool with a declared disk and with needs, in the order of the plan."""
    return tuple(
        _stage(pool, image_set, needs, unpacked)
        for pool in pools
        if (image_set := image_sets.get(pool.name)) and image_set.count
    )


def _stage(pool: Pool, image_set: ImageSet, needs: Needs, unpacked: UnpackedPieces) -> Stage:
    # A node may have to run each image once, or as many containers as workloads declare.
    containers = max(sum(pool.name in demand.pools for demand in needs.demands), image_set.running)
    writable = scratch(pool.platform.os, containers)
    kept = keeps_blobs(pool.runtime.name if pool.runtime else "")
    amount = _amount(image_set.images, writable, containers, kept, unpacked)
    how = _HOW.format(blobs=_BLOBS[kept], containers=many(containers, "container"))
    where = ("pools", pool.name, "disk")
    return stage_of(f"node {pool.name}", amount, pool.disk, how, tuple(image_set.unknown), *where, pool=pool.name)


def _amount(
    images: Sequence[PlatformImage], writable: Piece, containers: int, kept: bool | None, unpacked: UnpackedPieces
) -> Amount:
    scratches = sum_up([(many(containers, "writable layer"), [writable])] if writable.size else [])
    if kept:
        return together(sum_bundles(bundles_of(images, unpacked.kept)), scratches)
    certain = sum_bundles((image.name, unpacked.snapshots(image)) for image in images)
    if kept is None:
        doubtful = sum_bundles(compressed_bundles(images))
        return together(certain, scratches, Amount(doubtful.budget, 0, doubtful.high, doubtful.likely))
    return together(certain, scratches)


def import_stage(node: Stage, archives: ArchiveSet) -> Stage:
    """Return the peak while archives on the node's own disk are imported."""
    return stage_of(
        f"import {node.pool}",
        together(Amount(node.budget, node.low, node.high, node.estimated), archives.amount),
        node.capacity,
        f"archives, and the imported images: {node.how}",
        tuple(dict.fromkeys((*node.unknown, *archives.unknown))),
        *node.key,
        pool=node.pool,
    )
