"""Default images: those that the distribution and the runtimes of a plan pull without being named in a manifest.

A distribution with its own containerd also sets its pause image. So the default of the runtime counts only on kubeadm, and if
the plan names no distribution. What the facts do not cover becomes an `UnknownDefault`; it is never dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from auditor.errors import Location
from auditor.facts.versions import parse_version
from auditor.needs.default_facts import (
    PAUSE,
    Distribution,
    cnis_of,
    distribution_named,
    has_images_of_its_own,
    runtime_pauses,
)
from auditor.needs.model import DefaultImage, Defaults, UnknownDefault
from auditor.needs.needed_release_lists import stated
from auditor.needs.released import DefaultPull, ReleaseDefaults, artefact, released
from auditor.oci.reference import InvalidReference, parse_reference
from auditor.plan.model import Cluster, Plan, Pool
from auditor.readers.model import Setting

_RELEASE = re.compile(r"v?(\d{1,4}\.\d{1,4}\.\d{1,4}(?:-[\w.]{1,40})?)(?:\+([\w.-]{1,60}))?", re.ASCII)
_NO_SANDBOXES: Mapping[str, Setting] = MappingProxyType({})
_ANY_LIST = "Save the list of images of that release and name the file in `cluster.images`"
_Found = DefaultImage | UnknownDefault


def plan_defaults(plan: Plan, sandboxes: Mapping[str, Setting] = _NO_SANDBOXES) -> Defaults:
    """Return every default image. `sandboxes` holds, by pool, the pause image from the node configuration."""
    of_cluster = _of_cluster(plan, plan.cluster, sandboxes) if plan.cluster is not None else ()
    found = (*of_cluster, *_of_runtimes(plan, sandboxes))
    images = _merged(item for item in found if isinstance(item, DefaultImage))
    return Defaults(images, tuple(item for item in found if isinstance(item, UnknownDefault)))


def _merged(images: Iterable[DefaultImage]) -> tuple[DefaultImage, ...]:
    """Return each image once for each component that pulls it, with all pools: pause is one image on Linux and Windows."""
    merged: dict[tuple[str, str, str], DefaultImage] = {}
    for image in images:
        key = (image.who, image.part, image.text)
        known = merged.get(key)
        pools = image.pools if known is None else tuple(dict.fromkeys((*known.pools, *image.pools)))
        merged[key] = replace(known or image, pools=pools)
    return tuple(merged.values())


def _of_cluster(plan: Plan, cluster: Cluster, sandboxes: Mapping[str, Setting]) -> Iterator[_Found]:
    distribution, release = distribution_named(cluster.distribution), _RELEASE.fullmatch(cluster.version.strip())
    kubernetes, revision = (release[1], release[2] or "") if release is not None else ("", "")
    given = stated(plan, cluster, distribution, kubernetes, revision)
    yield from given.problems
    systems = dict.fromkeys(pool.platform.os for pool in plan.pools)
    found = {os: ReleaseDefaults(given.by_os[os]) for os in systems if os in given.by_os}
    missing = [os for os in systems if os not in found]
    if missing:
        yield from _not_known(plan, cluster, distribution, is_release=bool(kubernetes))
    if distribution is not None and distribution.numbering != "own" and kubernetes:
        found |= {os: released(distribution, cluster.version, kubernetes, revision, os) for os in missing}
    yield from _unknown_of(plan, cluster, distribution or _unnamed(cluster), found)
    for one in found.values():
        yield from _images_of(plan, cluster, distribution or _unnamed(cluster), one.images, sandboxes)


def _not_known(
    plan: Plan, cluster: Cluster, distribution: Distribution | None, *, is_release: bool
) -> Iterator[UnknownDefault]:
    who = _name(cluster)
    if distribution is None:
        detail = f"no facts about the images that {who} pulls by default. {_ANY_LIST}"
        yield UnknownDefault(who, detail, plan.where("cluster", "distribution"))
    elif distribution.numbering == "own":
        detail = f"no facts about the images that {who} pulls by default{artefact(distribution, cluster.version, 'linux')}"
        yield UnknownDefault(who, detail, plan.where("cluster", "version"))
    elif not is_release:
        detail = (
            f"{cluster.version!r} is not a full release: write three numbers, as in v1.33.5, for the images that {who} pulls"
        )
        yield UnknownDefault(who, detail, plan.where("cluster", "version"), missing=True)


def _unnamed(cluster: Cluster) -> Distribution:
    """Return a distribution without facts. Its images, those of the network plug-in too, come from `cluster.images` only."""
    return Distribution(
        name=cluster.distribution,
        own_runtime=True,
        default_cni="",
        brings=(),
        numbering="own",
        source="the plan",
        confidence="high",
    )


def _name(cluster: Cluster) -> str:
    return f"{cluster.distribution} {cluster.version}"


def _cnis(cluster: Cluster, distribution: Distribution) -> tuple[str, ...]:
    """Return the network plug-ins of the cluster."""
    return cnis_of(cluster.cni, distribution)


def _unknown_of(
    plan: Plan, cluster: Cluster, distribution: Distribution, found: Mapping[str, ReleaseDefaults]
) -> Iterator[UnknownDefault]:
    """Yield what the facts do not cover: the version on an OS, a network plug-in, the distribution below a product."""
    who, where = _name(cluster), plan.where("cluster", "version")
    if distribution.numbering == "product" and not cluster.images:
        detail = (
            f"{who} runs on a cluster of another distribution, which the plan does not name, so its default images are unknown"
        )
        yield UnknownDefault(who, detail, where, missing=True)
    for release in found.values():
        if release.gap:
            yield UnknownDefault(who, release.gap, where, missing=release.missing)
    rows = tuple(image for release in found.values() for image in release.images)
    # If a distribution installs no network plug-in, the installed one is a workload.
    incomplete = any(release.missing for release in found.values())
    known = distribution.brings and rows and "linux" in found and not cluster.images and not incomplete
    for cni in _cnis(cluster, distribution) if known else ():
        read = any(row.cni == cni for row in rows) or not has_images_of_its_own(distribution.name, cni)
        if cni not in distribution.brings or not read:
            detail = f"no facts about the images that the network plug-in {cni} pulls on {who}"
            yield UnknownDefault(who, detail, plan.where("cluster", "cni"))


def _images_of(
    plan: Plan, cluster: Cluster, distribution: Distribution, images: Iterable[DefaultPull], sandboxes: Mapping[str, Setting]
) -> Iterator[DefaultImage]:
    """Yield the images that apply. If the nodes configure a sandbox image, leave out the distribution's own."""
    cnis, where = _cnis(cluster, distribution), plan.where("cluster", "version")
    listed = distribution.image_list.format_map({"version": cluster.version})
    for image in images:
        own_pause = image.part == PAUSE and distribution.own_runtime
        pools = tuple(
            pool.name
            for pool in plan.pools
            if pool.platform.os == image.os
            and image.arch in ("", pool.platform.architecture)
            and not (own_pause and pool.name in sandboxes)
        )
        if pools and (not image.cni or image.cni in cnis):
            yield _image(_name(cluster), image.location or where, pools, image, listed)


def _image(who: str, where: Location, pools: tuple[str, ...], image: DefaultPull, listed: str) -> DefaultImage:
    return DefaultImage(
        who=who,
        part=image.part,
        text=image.text,
        location=where,
        pools=pools,
        source=image.source,
        reference=None if "*" in image.text else parse_reference(image.text),
        also=image.also,
        certain=image.certain,
        image_list=listed,
        optional=image.optional,
        doubt=image.doubt,
    )


def _of_runtimes(plan: Plan, sandboxes: Mapping[str, Setting]) -> Iterator[_Found]:
    distribution = distribution_named(plan.cluster.distribution) if plan.cluster is not None else None
    counts = plan.cluster is None or (distribution is not None and not distribution.own_runtime)
    for pool in plan.pools:
        if pool.name in sandboxes:
            yield _from_sandbox(pool, sandboxes[pool.name])
        elif counts:
            yield from _from_runtime(plan, pool)


def _from_sandbox(pool: Pool, sandbox: Setting) -> _Found:
    who = f"{pool.runtime or 'the runtime'} on {pool.name}"
    try:
        reference = parse_reference(sandbox.text)
    except InvalidReference as error:
        return UnknownDefault(
            who, f"the sandbox image {sandbox.text!r} is not a valid reference: {error}", sandbox.location, pool.name
        )
    source = f"the configuration of {pool.name}"
    return DefaultImage(who, PAUSE, str(reference), sandbox.location, (pool.name,), source, reference)


def _from_runtime(plan: Plan, pool: Pool) -> Iterator[_Found]:
    where = plan.where("pools", pool.name, "runtime")
    if pool.runtime is None or parse_version(pool.runtime.version) is None:
        if plan.cluster is not None or pool.runtime is not None:
            detail = f"the plan does not state runtime and version of {pool.name}, so its pause image is unknown"
            yield UnknownDefault(pool.name, detail, where, pool.name, missing=True)
        return
    who = str(pool.runtime)
    found = runtime_pauses(pool.runtime.name, pool.runtime.version)
    row = found.first
    if row is None:
        why = f": {found.gap.why}" if found.gap is not None and found.gap.is_outside else ""
        yield UnknownDefault(who, f"no facts about the pause image that {who} uses{why}", where, pool.name)
        return
    certain = plan.cluster is not None and row.confidence == "high"
    reference = parse_reference(row.image)
    yield DefaultImage(who, PAUSE, row.image, where, (pool.name,), row.source, reference, certain=certain)
