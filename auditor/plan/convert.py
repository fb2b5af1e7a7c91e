"""From the plan's edge to the values that the rest of the house knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from auditor.errors import Location
from auditor.plan.areas import areas_of
from auditor.plan.host_port import split_host_port
from auditor.plan.model import (
    EVIDENCE_MAX_AGE,
    Cluster,
    Copy,
    Endpoint,
    ImageSource,
    Media,
    Plan,
    Pool,
    Registry,
    SourceRegistry,
    Waiver,
    Workload,
)
from auditor.plan.schema import CopyPart, EndpointPart, PlanPart, PoolPart, RegistryPart, WaiverPart

Where = Mapping[str, Location]


def to_plan(part: PlanPart, path: str, sha256: str, where: Where) -> Plan:
    """The plan as frozen values; its files are filled in by the loader."""
    names = tuple(part.pools)
    return Plan(
        path=path,
        sha256=sha256,
        name=part.name or PurePosixPath(path).stem,
        horizon=part.horizon,
        evidence_max_age=part.evidence_max_age or EVIDENCE_MAX_AGE,
        pools=tuple(_pool(name, pool, where) for name, pool in part.pools.items()),
        cluster=_cluster(part, where),
        images=(
            *(_image(part, number, names, where) for number in range(len(part.images))),
            *_operator_images(part, names, where),
        ),
        workloads=tuple(_workload(part, number, where) for number in range(len(part.workloads))),
        workloads_complete=part.workloads_complete,
        copy=_copy(part.copy_, where) if part.copy_ else None,
        registry=_registry(part.registry, where) if part.registry else None,
        sources=tuple(
            SourceRegistry(host, where[f"sources.{host}"], source.ca or "", source.insecure)
            for host, source in part.sources.items()
        ),
        endpoints=tuple(_endpoint(endpoint, where[f"endpoints.{number}"]) for number, endpoint in enumerate(part.endpoints)),
        reachable=part.network.reachable if part.network else (),
        waivers=to_waivers(part.waivers, where),
        severities=dict(part.severity),
        require=areas_of(part.require),
        locations=where,
    )


def to_waivers(parts: tuple[WaiverPart, ...], where: Where) -> tuple[Waiver, ...]:
    """The waivers of a plan or of a file of their own."""
    return tuple(
        Waiver(waiver.check, waiver.subject, waiver.reason, waiver.owner, waiver.expires, where[f"waivers.{number}"])
        for number, waiver in enumerate(parts)
    )


def _pool(name: str, part: PoolPart, where: Where) -> Pool:
    return Pool(
        name=name,
        platform=part.platform,
        location=where[f"pools.{name}"],
        nodes=part.nodes,
        runtime=part.runtime,
        disk=part.disk,
        clients=part.clients,
        trust=part.trust,
        root_updates=part.root_updates or "",
        config=part.config,
    )


def _cluster(part: PlanPart, where: Where) -> Cluster | None:
    cluster = part.cluster
    if cluster is None:
        return None
    return Cluster(cluster.distribution, cluster.version, cluster.cni or "", where["cluster"])


def _image(part: PlanPart, number: int, names: tuple[str, ...], where: Where) -> ImageSource:
    image = part.images[number]
    place = where[f"images.{number}"]
    location = where.get(f"images.{number}.ref", place)
    return ImageSource(image.pools or names, location, image.list or "", image.ref or "", image.host_process)


def _operator_images(part: PlanPart, names: tuple[str, ...], where: Where) -> Iterator[ImageSource]:
    """The lists of what controllers pull: image lists like any other."""
    for number, workload in enumerate(part.workloads):
        for kind, path in workload.operator_images.items():
            yield ImageSource(names, where[f"workloads.{number}.operator_images.{kind}"], path)


def _workload(part: PlanPart, number: int, where: Where) -> Workload:
    workload = part.workloads[number]
    return Workload(
        location=where[f"workloads.{number}"],
        manifests=workload.manifests or "",
        chart=workload.chart or "",
        observed=workload.observed or "",
        values=workload.values,
        namespace=workload.namespace or "",
        release=workload.release or "",
        operator_images=tuple(workload.operator_images),
    )


def _copy(part: CopyPart, where: Where) -> Copy:
    return Copy(
        location=where["copy"],
        tool=part.tool,
        options=part.options,
        scripts=part.scripts,
        config=part.config,
        archives=part.archives,
        media=Media(part.media.size, part.media.filesystem or "") if part.media else None,
        staging=part.staging.disk if part.staging else None,
        rate=part.rate,
        window=part.window,
    )


def _registry(part: RegistryPart, where: Where) -> Registry:
    return Registry(
        host=part.host,
        location=where["registry"],
        kind=part.kind,
        config=part.config or "",
        ca=part.ca or "",
        disk=part.disk,
        keep_versions=part.keep_versions,
        insecure=part.insecure,
        rewrites=part.rewrites,
    )


def _endpoint(part: EndpointPart, location: Location) -> Endpoint:
    host, port = split_host_port(part.host)
    return Endpoint(host, port or 443, location, part.chain or "", tuple(map(str.lower, part.clients)), part.kind or "")
