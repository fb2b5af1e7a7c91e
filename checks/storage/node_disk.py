"""## What it checks
All images of a pool fit on the disk of its nodes (`pools.….disk`), below the threshold at which kubelet starts to remove
images. The sum contains the unpacked layers, the compressed blobs that containerd also keeps, and a writable layer for each
container. If no registry serves the nodes, it also contains the archives during the import. Nodes share layers, so each
counts once. The operating system and logs are not included: `disk` is the space for images.

## Why it matters
A pull that fills the disk fails with `no space left on device` (on Windows: `There is not enough space on the disk.`), and
pods are evicted for disk pressure. Above 85 %, kubelet removes images. An imported image cannot be pulled again: the next pod
that needs it stays in ErrImagePull.

## How to fix
Enlarge the disk, remove images that the pool does not need, use one base at one patch level for all images, or import
archives from another disk.

## When it is undetermined
No manifest has the unpacked size of layers. If it could not be read from the last bytes of the layers, it is estimated with a
factor. The result is undetermined if the bounds of the estimate are on both sides of a threshold, or if the size of an image
is unknown.

## References
containerd docs/cri/config.md, discard_unpacked_layers; facts/kubelet_thresholds.yaml; facts/unpacked_ratios.yaml;
facts/runtime_stores.yaml; facts/container_scratch.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Affected, Area, Finding, Outcome, Remedy, Severity, Subject, define
from auditor.plan.model import Pool
from auditor.site import Requirement, Site
from auditor.site.storage.stage import Stage
from auditor.sizing.node_disk_use import ImageThreshold, collection_starts
from auditor.text import format_size, percent
from checks._shared.archived import is_sure
from checks._shared.stages import Strain, facts, gap, largest, leaner, needed, outcomes, strain

_SYMPTOMS = {"windows": "There is not enough space on the disk"}
_SYMPTOM = "no space left on device"


def _subject(pool: Pool) -> Subject:
    return Subject("pool", pool.name, str(pool.platform))


def _what(stage: Stage, *, imports: bool) -> str:
    while_ = "while the archives are imported" if imports else "for its images"
    return f"{needed(stage)} {while_} ({stage.how})"


def _message(pool: Pool, stage: Stage, found: Strain, mark: ImageThreshold, *, imports: bool) -> str:
    disk = stage.capacity or 0
    what = f"A node of {pool.name} needs {_what(stage, imports=imports)}"
    if found.is_over:
        symptom = _SYMPTOMS.get(pool.platform.os, _SYMPTOM)
        return f"{what}, {gap(stage, disk, 'its disk')}. Error on the node: `{symptom}`.{largest(stage)}"
    again = "which cannot be pulled again" if imports else "and pulls them again while the internal registry answers"
    return (
        f"{what}, {percent(stage.bytes, disk)} of its disk ({format_size(disk)}). From {mark.percent} % on, kubelet "
        f"removes images, {again}.{largest(stage)}"
    )


def _finding(site: Site, pool: Pool, stage: Stage, found: Strain, mark: ImageThreshold, *, imports: bool) -> Finding | None:
    if found.severity is None:
        return None
    enough = format_size(stage.bytes * 100 // mark.percent + 1, up=True)
    elsewhere = ", or import from another disk" if imports else ""
    text = f"Give the nodes of {pool.name} {enough} or more for images, or remove images from the pool{elsewhere}."
    return Finding(
        severity=found.severity,
        subject=_subject(pool),
        message=_message(pool, stage, found, mark, imports=imports),
        case=found.severity.value,
        facts={**facts(stage, stage.capacity or 0), "nodes": pool.nodes, "collection_percent": mark.percent},
        location=site.plan.where(*stage.key),
        remedies=(Remedy("edit", text), *leaner(site)),
    )


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome for each pool with a disk size, for the time at which the disk is fullest."""
    imports = {stage.pool: stage for stage in site.storage.imports}
    for node in site.storage.nodes:
        stage, pool = imports.get(node.pool, node), site.plan.pool(node.pool)
        if stage.capacity is None:
            continue
        mark = collection_starts(stage.capacity)
        sure = is_sure(site) or node is stage
        found = strain(stage, stage.capacity, mark.bytes, is_sure=sure)
        finding = _finding(site, pool, stage, found, mark, imports=node is not stage)
        yield from outcomes(site, _subject(pool), stage, found, finding, affects=(Affected(pools=(pool.name,)),))


CHECK = define(
    run,
    title="Node disk is too small for its images",
    holds="Node disks have room for their images",
    area=Area.STORAGE,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES, Requirement.NODE_DISK),
)
