"""## What it checks
Images that nodes get only from archives are safe from kubelet's garbage collection: they are pinned, or the collection is off.
K3s, RKE2 and k0s pin what they import from their own folder; `ctr images import` pins nothing. The check also reports versions
of K3s and RKE2 whose embedded registry mirror does not serve imported images to other nodes.

## Why it matters
kubelet removes images without running containers when the disk is 85 % full, or when they are older than `imageMaximumGCAge`.
An imported image cannot be pulled again: the next pod that needs it stays in ErrImagePull until the archive is imported again.

## How to fix
Put the archives into the folder of the distribution, and use a version that pins them. Otherwise, label the images after the
import with `io.cri-containerd.pinned=pinned`, or set `imageGCHighThresholdPercent: 100`.

## When it is undetermined
The plan names no distribution, or the facts do not cover its version. A script of the plan labels images, and which ones is
unknown. If the plan has a registry or no archives, the check does not apply.

## References
k3s-io/k3s#8781, k3s-io/k3s#10209, k3s-io/k3s#13222, k3s-io/k3s#14265; kubernetes/kubernetes
pkg/kubelet/images/image_gc_manager.go; facts/preloads.yaml; facts/kubelet_thresholds.yaml.
"""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Iterator

from auditor.check import (
    PASSED,
    Affected,
    Area,
    Finding,
    Kind,
    Outcome,
    Part,
    Remedy,
    Role,
    Severity,
    Undetermined,
    define,
)
from auditor.facts.lookup import Gap
from auditor.plan.model import Cluster, Pool
from auditor.readers.node_preloads import NodePreloads, pins_by_label
from auditor.site import Requirement, Site
from auditor.site.preloads import has_trait, import_folder
from auditor.site.storage.stage import Stage
from auditor.sizing.node_disk_use import collection_starts
from auditor.text import many, percent
from checks._shared.pools import pool_subject
from checks._shared.stages import needed

_DEFAULT_PERCENT = 85
_OFF = 100
_PAUSE = "pause"


def _images(site: Site, pool: Pool) -> tuple[str, ...]:
    """Return the images that a pool gets only from archives. containerd pins the pause image itself."""
    names: dict[str, None] = {}
    for need in site.needs.needs:
        is_pause = need.reference.path.rpartition("/")[2].endswith(_PAUSE)
        if need.pool == pool.name and not is_pause and site.preloads.answers(pool.name, need.reference) is False:
            names[str(need.reference)] = None
    return tuple(names)


def _stage(site: Site, pool: Pool) -> Stage | None:
    stages = {stage.pool: stage for stage in (*site.storage.nodes, *site.storage.imports)}
    found = stages.get(pool.name)
    return found if found is not None and found.capacity else None


def _when(settings: NodePreloads, stage: Stage | None) -> tuple[str, bool]:
    """Return when kubelet removes images, and whether the images alone are enough for it."""
    mark = settings.high_percent or _DEFAULT_PERCENT
    when = f"when the disk is {mark} % full"
    if settings.max_age:
        when += f", or when they were unused for {settings.max_age}"
    if stage is None or not stage.capacity:
        return when, False
    threshold = stage.capacity * mark // 100 if settings.high_percent else collection_starts(stage.capacity).bytes
    is_certain = stage.low > threshold
    if stage.unknown and not is_certain:
        return when, False  # the sum of some images says nothing
    used = f"The images need {needed(stage)}, {percent(stage.bytes, stage.capacity)} of the disk"
    return f"{when}. {used}", is_certain


def _unpinned(site: Site, pool: Pool, images: tuple[str, ...], cluster: Cluster) -> Finding:
    settings = site.preloads.settings(pool.name)
    when, is_certain = _when(settings, _stage(site, pool))
    first, why = images[0], f"{cluster.distribution} {cluster.version} does not pin them."
    parts = (
        Part(f"The nodes of {pool.name} get {many(len(images), 'image')} only from archives, and {why}", names_who=True),
        Part(f"kubelet removes images {when}. No registry serves them again.", Role.EFFECT),
        Part(f'Error on the node: `Failed to pull image "{first}"`, and the pod stays in ErrImagePull.', Role.SYMPTOM),
    )
    folder = import_folder(cluster.distribution.lower())
    label = shlex.join(["ctr", "-n", "k8s.io", "images", "label", first, "io.cri-containerd.pinned=pinned"])
    remedies = [Remedy("command", "Label each image after the import, so that kubelet keeps it.", (label,))]
    if folder:
        remedies.insert(0, Remedy("upgrade", f"Update to a release that pins the images in {folder}."))
    remedies.append(
        Remedy("edit", "Or set `imageGCHighThresholdPercent: 100` in kubelet's configuration, which stops the collection.")
    )
    return Finding(
        severity=Severity.ERROR if is_certain else Severity.WARNING,
        subject=pool_subject(pool),
        parts=parts,
        case="unpinned",
        facts={"images": images[:20], "image_count": len(images), "percent": settings.high_percent or _DEFAULT_PERCENT},
        location=settings.location or site.plan.where("copy", "archives"),
        remedies=tuple(remedies),
        affects=(Affected(images, (pool.name,), is_partial=True),),
    )


def _hidden(site: Site, pool: Pool) -> Iterator[Outcome]:
    """Yield the finding for an embedded registry mirror that does not serve imported images."""
    settings, cluster = site.preloads.settings(pool.name), site.plan.cluster
    if cluster is None or not settings.embeds_mirror:
        return
    hides = has_trait(cluster.distribution.lower(), cluster.version, "hides-imports")
    if isinstance(hides, Gap):
        detail = f"it is unknown whether the embedded registry mirror of {pool.name} serves imported images: {hides.why}"
        kind = Kind.MISSING_EVIDENCE if hides.missing else Kind.UNSUPPORTED
        yield Undetermined(pool_subject(pool), kind, detail, location=site.plan.where("cluster", "version"), affects=())
        return
    if not hides:
        yield PASSED
        return
    yield Finding(
        severity=Severity.WARNING,
        subject=pool_subject(pool),
        parts=(
            Part(
                f"The embedded registry mirror of {cluster.distribution} {cluster.version} does not serve images that a node "
                "imported from an archive."
            ),
            Part("A node of the pool without the archive cannot pull them from another node.", Role.EFFECT),
            Part("Error on the node: the tag resolves, and each layer returns `not found`.", Role.SYMPTOM),
        ),
        case="hidden",
        facts={"version": cluster.version},
        location=site.plan.where("cluster", "version"),
        remedies=(
            Remedy("upgrade", "Update to v1.34.3, v1.33.7 or v1.32.11, or a later release of the same minor version."),
            Remedy("edit", "Or put the archives into the import folder of every node."),
        ),
        affects=(),
    )


def _of_pool(site: Site, pool: Pool) -> Iterator[Outcome]:
    images, settings, cluster = _images(site, pool), site.preloads.settings(pool.name), site.plan.cluster
    yield from _hidden(site, pool)
    if not images:
        return
    if settings.high_percent is not None and settings.high_percent >= _OFF and not settings.max_age:
        yield PASSED
        return
    affects = (Affected(images, (pool.name,), is_partial=True),)
    pins = has_trait(cluster.distribution.lower(), cluster.version, "pins") if cluster is not None else None
    if pins is True:
        yield PASSED
    elif cluster is None:
        detail = f"it is unknown whether the import on {pool.name} pins its images: the plan names no distribution (`cluster`)"
        yield Undetermined(pool_subject(pool), Kind.MISSING_EVIDENCE, detail, affects=affects)
    elif isinstance(pins, Gap):
        detail = f"it is unknown whether the import on {pool.name} pins its images: {pins.why}"
        kind = Kind.MISSING_EVIDENCE if pins.missing else Kind.UNSUPPORTED
        yield Undetermined(pool_subject(pool), kind, detail, affects=affects)
    elif file := pins_by_label(site.plan):
        detail = f"{file} labels images as pinned, and whether it labels all of {pool.name} is unknown"
        yield Undetermined(pool_subject(pool), Kind.UNSUPPORTED, detail, affects=affects)
    else:
        yield _unpinned(site, pool, images, cluster)


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per pool, and one for its embedded registry mirror."""
    for pool in site.plan.pools:
        yield from _of_pool(site, pool)


CHECK = define(
    run,
    title="Garbage collection can remove imported images",
    holds="Garbage collection keeps imported images",
    area=Area.STORAGE,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES, Requirement.IMPORTS),
)
