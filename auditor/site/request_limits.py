"""The view of limits on requests: the largest body that a proxy in front of the registry accepts, and pulls from Docker Hub."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from auditor.errors import Location
from auditor.facts import Fact, table
from auditor.net import authority
from auditor.oci.document import Index
from auditor.oci.reference import Reference
from auditor.plan.model import Plan
from auditor.plan.units import parse_body_size
from auditor.readers.workloads.served_hosts import Front, ServedHosts
from auditor.site.images import Placement


class BodyLimit(Fact, frozen=True, kw_only=True):
    """An ingress controller, its default limit in bytes (0: none), and the annotations and ConfigMap keys that change it."""

    controller: str
    classes: tuple[str, ...]
    default: int
    annotations: tuple[str, ...]
    config_keys: tuple[str, ...]


class PushRequest(Fact, frozen=True, kw_only=True):
    """How a tool sends a blob, and its error after a 413."""

    tool: str
    chunk: int
    error: str


class PullLimit(Fact, frozen=True, kw_only=True):
    """How many pulls a registry allows to an account in a period of hours."""

    account: str
    registry: str
    pulls: int
    hours: int
    per: str


@dataclass(frozen=True, slots=True)
class AcceptedBody:
    """The largest body that is accepted, in bytes; None if it is unknown, 0 for no limit.

    `who` sets the limit. `is_default`: nothing states it, and a setting outside of the plan may change it.
    """

    limit: int | None
    who: str
    location: Location
    is_default: bool = False
    why_unknown: str = ""


def accepted_bodies(plan: Plan, served: ServedHosts) -> Iterator[AcceptedBody]:
    """Yield the limit that the plan declares, else that of each Ingress for the internal registry."""
    registry = plan.registry
    if registry is None:
        return
    if registry.max_body is not None:
        yield AcceptedBody(registry.max_body, "`registry.max_body`", plan.where("registry", "max_body"))
        return
    for front in served.fronts_of(authority(registry.host)[0]):
        if front.kind == "Ingress":
            yield _of_ingress(front, served.body_settings)


def _of_ingress(front: Front, settings: Mapping[str, str]) -> AcceptedBody:
    rows: tuple[BodyLimit, ...] = table("body_limits", BodyLimit)
    for row in rows:
        for name in row.annotations:
            if (text := front.annotations.get(name)) is not None:
                return _stated(text, f"`{name}` of {front.owner}", front)
    fitting = [row for row in rows if front.ingress_class in row.classes]
    if not fitting:
        named = f"the ingress class `{front.ingress_class}`" if front.ingress_class else "an Ingress without a class"
        why = f"the facts do not know the limit of {named}, and no annotation of {front.owner} states one"
        return AcceptedBody(None, front.owner, front.location, why_unknown=why)
    for row in fitting:
        for key in row.config_keys:
            if key in settings:
                return _stated(settings[key], f"`{key}` in the ConfigMap of {row.controller}", front)
    row = fitting[0]
    return AcceptedBody(row.default, f"the default of {row.controller} for {front.owner}", front.location, is_default=True)


def _stated(text: str, who: str, front: Front) -> AcceptedBody:
    try:
        return AcceptedBody(parse_body_size(text.strip()), who, front.location)
    except ValueError:
        return AcceptedBody(None, who, front.location, why_unknown=f"{who} is not a size")


def push_row(tool: str) -> PushRequest | None:
    """Return how a tool sends a blob; None if the facts do not know the tool."""
    rows: tuple[PushRequest, ...] = table("push_requests", PushRequest)
    return next((row for row in rows if row.tool == tool), None)


def pull_limits(registry: str) -> tuple[PullLimit, ...]:
    """Return the limits of a registry, the lowest first."""
    rows: tuple[PullLimit, ...] = table("pull_limits", PullLimit)
    return tuple(sorted((row for row in rows if row.registry == registry), key=lambda row: row.pulls))


@dataclass(frozen=True, slots=True)
class LargestBlob:
    """The largest blob that a copy sends: its size in bytes, its digest and its image."""

    size: int
    digest: str
    image: str


def largest_blob(placements: Iterable[Placement]) -> LargestBlob | None:
    """Return the largest blob of the placements, without foreign layers, which need not be sent; None without any."""
    found: LargestBlob | None = None
    for placement in placements:
        payload = placement.resolution.payload
        if payload is None:
            continue
        foreign = {layer.digest for layer in payload.foreign}
        for layer in payload.layers:
            if layer.digest not in foreign and (found is None or layer.size > found.size):
                found = LargestBlob(layer.size, layer.digest, placement.image.name)
    return found


@dataclass(frozen=True, slots=True)
class CountedPulls:
    """How many pulls a registry counts for a copy: at least and at most, and the images that cause them."""

    images: tuple[str, ...]
    least: int
    most: int


def counted_pulls(placements: Iterable[Placement], registry: str) -> CountedPulls:
    """Count one pull per image and platform. With `most`, every platform of an index is copied."""
    needed: dict[Reference, set[str]] = {}
    listed: dict[Reference, int] = {}
    for placement in placements:
        reference, payload = placement.image.reference, placement.resolution.payload
        if reference.domain != registry:
            continue
        needed.setdefault(reference, set()).update({payload.digest} if payload is not None else ())
        document = placement.image.document
        if isinstance(document, Index):
            listed[reference] = sum(not entry.is_attestation for entry in document.manifests)
    least = {reference: max(1, len(found)) for reference, found in needed.items()}
    most = sum(max(count, listed.get(reference, 1)) for reference, count in least.items())
    return CountedPulls(tuple(map(str, needed)), sum(least.values()), most)
