"""## What it checks
According to the node configuration of each pool, its nodes pull every image from an internal registry, at the path of the
plan's `registry.rewrites`, and never from an external one. The check reads hosts.toml folders, registries.yaml of K3s and
RKE2, containerd's config.toml in every version, and `registry-mirrors` of Docker.

## Why it matters
Without a mirror, a node pulls from the registry in the image name: `dial tcp: lookup registry-1.docker.io: no such host`. A
mirror with another path answers 404. After every mirror, containerd falls back to the original registry. If the mirror lacks
one image, the node connects to the external registry, and each attempt lasts until the connection times out.

## How to fix
Use the hosts.toml or the registries.yaml from the finding. If `server` is the internal registry, containerd uses no other
registry. K3s and RKE2 need `disable-default-registry-endpoint: true` for the same effect.

## When it is undetermined
A file is missing or cannot be read. The folder of a hosts.toml does not name a registry. Whether the file is used depends on
a config.toml or a containerd version that is not in the plan. A rewrite is too complex to evaluate. An internal mirror is not
the plan's registry. Pools without `config` are not checked.

## References
containerd docs/hosts.md, core/remotes/docker/config; docs.k3s.io installation/private-registry; facts/containerd_hosts.yaml,
facts/containerd_config.yaml, facts/distribution_registries.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import (
    Affected,
    Area,
    ConnectionKind,
    Finding,
    Fine,
    Outcome,
    Part,
    Remedy,
    RemedyKind,
    Role,
    Severity,
    Subject,
    Undetermined,
    define,
)
from auditor.errors import Location
from auditor.evidence.model import Kind
from auditor.net import bare
from auditor.readers.node_config import NodeConfig
from auditor.site import Requirement, Site
from auditor.site.mirror_files import mirror_advice
from auditor.site.mirrors import Lead, Mirroring, PullRoute
from auditor.text import and_more

SHOWN = 5


def _images(group: Mirroring) -> str:
    first = str(group.first.reference)
    return and_more(first, len(group.leads)) + (f" of {group.registry}" if len(group.leads) > 1 else "")


def _head(lead: Lead) -> str:
    """Return the request in the error message of a node."""
    deciding = lead.deciding
    return f'Head "{deciding.url}/manifests/{lead.reference.target}"' if deciding is not None else ""


def _parts(group: Mirroring, config: NodeConfig) -> Iterator[Part]:
    lead, pool, images = group.first, group.pool.name, _images(group)
    deciding, outside = lead.deciding, lead.outside
    match lead.way:
        case PullRoute.NO_MIRROR if deciding is not None:
            host = bare(deciding.host)
            text = f"{pool} has no internal mirror for {images}. Its nodes connect to {host}, which is not reachable offline."
            yield Part(f"{text}{_why(lead, config)}", names_who=True)
            error = f"failed to do request: {_head(lead)}: dial tcp: lookup {host}: no such host"
            yield Part(f"Error on the node: `{error}`.", Role.SYMPTOM)
        case PullRoute.WRONG_PLACE if deciding is not None:
            yield Part(f"{pool} requests {images} from {deciding.url}, but the plan puts it at {lead.target}.", names_who=True)
            yield Part(f"Error on the node: `failed to resolve reference: {lead.reference}: not found`.", Role.SYMPTOM)
        case PullRoute.FALLS_BACK if deciding is not None:
            host, mirror = bare(outside[-1].host), deciding.host
            yield Part(
                f"{pool} pulls {images} from {mirror}, but falls back to {host}. If {mirror} does not answer or lacks an "
                f"image, its nodes connect to {host}, and each attempt waits up to 30 s if the firewall drops packets.",
                names_who=True,
            )
        case _:
            yield Part(f"No registry of {pool} for {images} may resolve a tag (`resolve` in its capabilities).", names_who=True)
            yield Part("Error on the node: `no resolve hosts: not found`.", Role.SYMPTOM)


def _why(lead: Lead, config: NodeConfig) -> str:
    """Return the configuration that should have prevented this and has no effect, or an empty string."""
    passed_over = [one for one in config.all_asked(lead.reference) if one not in lead.asked]
    if passed_over:
        one = passed_over[0]
        return f" {one.location}: {one.host} may not resolve tags, because its capabilities lack `resolve`."
    return f" {config.notes[0].location}: {config.notes[0].why}." if config.notes else ""


def _location(site: Site, group: Mirroring, config: NodeConfig) -> Location:
    lead = group.first
    if lead.way is PullRoute.NO_MIRROR and config.notes:
        return config.notes[0].location
    if lead.way is PullRoute.FALLS_BACK:
        return lead.outside[-1].location
    deciding = lead.deciding or next(iter(lead.asked), None)
    if deciding is None or deciding.location == group.pool.location:
        return site.plan.where("pools", group.pool.name, "config")
    return deciding.location


def _remedies(site: Site, group: Mirroring, config: NodeConfig, beside: list[Lead]) -> Iterator[Remedy]:
    lead, registry = group.first, site.plan.registry
    placed = [(one.reference, one.target) for one in (lead, *beside) if one.target is not None]
    if registry is None or not placed or lead.target is None:
        yield Remedy("edit", "Set the internal registry of the images in the plan (`registry.host` and `registry.rewrites`).")
    else:
        advice = mirror_advice(config, registry, placed)
        yield Remedy("edit", advice.text, (advice.file.command,) if advice.file is not None else ())
    if lead.way is PullRoute.FALLS_BACK:
        yield Remedy("accept", "Accept this if connections to external hosts fail at once and every image is on the mirror.")


def _finding(site: Site, group: Mirroring, beside: list[Lead]) -> Finding:
    """Return the finding for one pool and registry. `beside` are all leads of the pool, for every registry."""
    config, lead = site.node_configs[group.pool.name], group.first
    images = tuple(str(one.reference) for one in group.leads[:SHOWN])
    return Finding(
        severity=Severity.WARNING if lead.way is PullRoute.FALLS_BACK else Severity.ERROR,
        subject=Subject("registry", group.registry, pool=group.pool.name),
        parts=tuple(_parts(group, config)),
        case=lead.way.value,
        facts={
            "images": images,
            "image_count": len(group.leads),
            "asked": tuple(one.url for one in lead.asked),
            "outside": tuple(one.host for one in lead.outside),
            "target": str(lead.target or ""),
        },
        location=_location(site, group, config),
        remedy_kind=RemedyKind.MIRROR_CONFIG,
        remedies=tuple(_remedies(site, group, config, beside)),
        affects=_affected(group),
    )


def _affected(group: Mirroring) -> tuple[Affected, ...]:
    return (Affected(tuple(str(lead.reference) for lead in group.leads), (group.pool.name,)),)


def _whole(config: NodeConfig) -> Iterator[Outcome]:
    """Yield the outcomes that concern all images of a pool."""
    subject = Subject("pool", config.pool.name, pool=config.pool.name)
    for problem in config.problems:
        yield Undetermined(subject, Kind(problem.kind), f"{problem.location}: {problem.why}")
    if config.refusal is not None and not config.problems:
        yield Finding(
            subject=subject,
            message=f"containerd on {config.pool.name} does not serve pods: {config.refusal.why}. Error from the kubelet: "
            "`unknown service runtime.v1.RuntimeService`.",
            case="refused",
            location=config.refusal.location,
            remedy_kind=RemedyKind.MIRROR_CONFIG,
            remedies=(Remedy("edit", "Move the mirrors to hosts.toml files below config_path, and remove them here."),),
        )


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per pool and registry, and count what passed per image and pool."""
    for config in site.node_configs.values():
        yield from _whole(config)
    beside: dict[str, list[Lead]] = {}
    for group in site.mirroring:
        beside.setdefault(group.pool.name, []).extend(group.leads)
    for group in site.mirroring:
        if group.first.way is PullRoute.INSIDE:
            yield Fine(len(group.leads))
        elif group.first.way is PullRoute.UNKNOWN:
            subject = Subject("registry", group.registry, pool=group.pool.name)
            yield Undetermined(subject, group.first.kind, group.first.doubt, affects=_affected(group))
        else:
            yield _finding(site, group, beside[group.pool.name])


CHECK = define(
    run,
    title="Node would pull from an external registry",
    holds="Nodes pull only from internal registries",
    area=Area.NODE_ACCESS,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES, Requirement.NODE_CONFIG),
    connections=(ConnectionKind.REGISTRY,),
)
