"""## What it checks
By the node configuration that a pool names, its nodes ask a registry inside for every image, at the path where the plan's
`registry.rewrites` put it, and nobody outside. It reads hosts.toml folders, registries.yaml of K3s and RKE2, containerd's
config.toml of every version, and `registry-mirrors` of Docker.

## Why it matters
A node that is told nothing asks the registry that an image is named after:
`dial tcp: lookup registry-1.docker.io: no such host`. A mirror that is asked at another path answers 404. And containerd
falls back to the original registry after every mirror, so that one image that the mirror lacks makes the node dial out: each
try then lasts until the dial times out.

## How to fix
Write the hosts.toml or the registries.yaml that the finding shows. With `server` set to the registry inside, containerd asks
nobody else; K3s and RKE2 need `disable-default-registry-endpoint: true` for the same.

## When it cannot tell
A file could not be read or was not carried; a hosts.toml lies in a folder that names no registry; whether it is read depends
on a config.toml or a containerd version that the plan does not name; a rewrite is more than can be followed; a mirror
inside is not the plan's registry. Pools without `config` are not examined.

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
from auditor.site.mirrors import Lead, Mirroring, Way
from auditor.text import and_more
from checks.mirror_files import mirror_remedy

ID = "mirror-not-configured"
SHOWN = 5


def _images(group: Mirroring) -> str:
    first = str(group.first.reference)
    return and_more(first, len(group.leads)) + (f" of {group.registry}" if len(group.leads) > 1 else "")


def _head(lead: Lead) -> str:
    """The request that a node would report."""
    told = lead.told
    return f'Head "{told.url}/manifests/{lead.reference.target}"' if told is not None else ""


def _parts(group: Mirroring, config: NodeConfig) -> Iterator[Part]:
    lead, pool, images = group.first, group.pool.name, _images(group)
    told, outside = lead.told, lead.outside
    match lead.way:
        case Way.NO_MIRROR if told is not None:
            host = bare(told.host)
            text = f"Nothing inside is asked by {pool} for {images}: its nodes dial {host}, which is not reachable."
            yield Part(f"{text}{_why(lead, config)}", names_who=True)
            error = f"failed to do request: {_head(lead)}: dial tcp: lookup {host}: no such host"
            yield Part(f"A node would say: {error}", Role.SYMPTOM)
        case Way.WRONG_PLACE if told is not None:
            yield Part(f"{pool} asks {told.url} for {images}, and the plan puts it at {lead.target}.", names_who=True)
            yield Part(f"A node would say: failed to resolve reference: {lead.reference}: not found", Role.SYMPTOM)
        case Way.FALLS_BACK if told is not None:
            host, mirror = bare(outside[-1].host), told.host
            yield Part(
                f"{pool} finds {images} at {mirror}, and asks {host} as well: whenever {mirror} does not answer or lacks an "
                f"image, its nodes dial {host} and wait, up to 30 s a try where packets are dropped, before the pull fails.",
                names_who=True,
            )
        case _:
            yield Part(
                f"No host that {pool} asks for {images} may look up a tag (`resolve` in its capabilities).", names_who=True
            )
            yield Part("A node would say: no resolve hosts: not found", Role.SYMPTOM)


def _why(lead: Lead, config: NodeConfig) -> str:
    """What is written to bring about something else, and does not."""
    passed_over = [one for one in config.all_asked(lead.reference) if one not in lead.asked]
    if passed_over:
        one = passed_over[0]
        return f" {one.location}: {one.host} may not look up tags, as its capabilities lack `resolve`."
    return f" {config.notes[0].location}: {config.notes[0].why}." if config.notes else ""


def _location(site: Site, group: Mirroring, config: NodeConfig) -> Location:
    lead = group.first
    if lead.way is Way.NO_MIRROR and config.notes:
        return config.notes[0].location
    if lead.way is Way.FALLS_BACK:
        return lead.outside[-1].location
    told = lead.told or next(iter(lead.asked), None)
    if told is None or told.location == group.pool.location:
        return site.plan.where("pools", group.pool.name, "config")
    return told.location


def _remedies(site: Site, group: Mirroring, config: NodeConfig, beside: list[Lead]) -> Iterator[Remedy]:
    lead, registry = group.first, site.plan.registry
    placed = [(one.reference, one.target) for one in (lead, *beside) if one.target is not None]
    if registry is None or not placed or lead.target is None:
        yield Remedy("edit", "Say in the plan which registry inside has the images (`registry.host` and `registry.rewrites`).")
    else:
        yield mirror_remedy(config, registry, placed)
    if lead.way is Way.FALLS_BACK:
        yield Remedy("accept", "Leave it if names outside are refused at once inside, and every image is known to be there.")


def _finding(site: Site, group: Mirroring, beside: list[Lead]) -> Finding:
    """`beside` are all leads of the pool, to every registry."""
    config, lead = site.node_configs[group.pool.name], group.first
    images = tuple(str(one.reference) for one in group.leads[:SHOWN])
    return Finding(
        check=ID,
        severity=Severity.WARNING if lead.way is Way.FALLS_BACK else Severity.ERROR,
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
    """What concerns all images of a pool."""
    subject = Subject("pool", config.pool.name, pool=config.pool.name)
    for problem in config.problems:
        yield Undetermined(ID, subject, Kind(problem.kind), f"{problem.location}: {problem.why}")
    if config.refusal is not None and not config.problems:
        yield Finding(
            check=ID,
            severity=Severity.ERROR,
            subject=subject,
            message=f"containerd on {config.pool.name} does not serve pods: {config.refusal.why}. The kubelet would say: "
            "unknown service runtime.v1.RuntimeService",
            case="refused",
            location=config.refusal.location,
            remedy_kind=RemedyKind.MIRROR_CONFIG,
            remedies=(Remedy("edit", "Move the mirrors into hosts.toml files below config_path, and remove them here."),),
        )


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """One outcome per pool and registry; what is in order is counted per image and pool."""
    for config in site.node_configs.values():
        yield from _whole(config)
    fine = 0
    beside: dict[str, list[Lead]] = {}
    for group in site.mirroring:
        beside.setdefault(group.pool.name, []).extend(group.leads)
    for group in site.mirroring:
        if group.first.way is Way.INSIDE:
            fine += len(group.leads)
        elif group.first.way is Way.UNKNOWN:
            subject = Subject("registry", group.registry, pool=group.pool.name)
            yield Undetermined(ID, subject, group.first.kind, group.first.doubt, affects=_affected(group))
        else:
            yield _finding(site, group, beside[group.pool.name])
    if fine:
        yield Fine(fine)


CHECK = define(
    run,
    id=ID,
    title="A node would ask a registry outside",
    family="images",
    area=Area.NODE_ACCESS,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES, Requirement.NODE_CONFIG),
    connections=(ConnectionKind.REGISTRY,),
)
