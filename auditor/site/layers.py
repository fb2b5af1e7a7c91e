"""The view of layers that a node would download from an external host."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from auditor.errors import Location
from auditor.evidence.model import Kind
from auditor.facts.lookup import Gap
from auditor.needs.model import Need
from auditor.net import Reach, Remote, Scope, is_malformed, remote_of
from auditor.oci.document import Descriptor
from auditor.oci.reference import Reference
from auditor.site.images import Placement, Trouble
from auditor.transfer.pull import PullRule, pull_rule


@dataclass(frozen=True, slots=True)
class LayerEgress:
    """One layer for one pool, its URLs on external hosts, and the images that contain it.

    `rule` is None if the facts do not cover the pool's runtime. `delivery_doubt` gives the reason why the images may arrive
    without the URL; it is None if one of them is known to keep it.
    """

    layer: Descriptor
    pool: str
    runtime: str
    urls: tuple[str, ...]
    remotes: tuple[Remote, ...]
    images: tuple[str, ...]
    rule: PullRule | Gap
    location: Location
    delivery_doubt: Trouble | None = None


def foreign_layers(placement: Placement) -> tuple[Descriptor, ...]:
    """Return the layers of a placement that have `urls` or a foreign media type."""
    payload = placement.resolution.payload
    return payload.foreign if payload is not None else ()


def rule_of(placement: Placement) -> PullRule | Gap:
    """Return how the runtime of the pool treats `urls`, or why the facts do not answer."""
    runtime, system = placement.pool.runtime, placement.pool.platform.os
    return pull_rule(runtime.name, runtime.version, system) if runtime is not None else pull_rule("", "", system)


def layer_egress(
    given: Iterable[tuple[Placement, Iterable[Descriptor]]], reach: Reach, unknown: Mapping[Need, Trouble]
) -> tuple[LayerEgress, ...]:
    """Return every layer and pool with a URL on an external host, in the order of first need.

    `given` are placements with their foreign layers. `unknown` maps needs to the reason why it is unknown whether the URL
    arrives.
    """
    groups: dict[tuple[str, str], list[Placement]] = {}
    layers: dict[tuple[str, str], tuple[Descriptor, tuple[str, ...]]] = {}
    for placement, foreign in given:
        for layer in foreign:
            external = tuple(url for url in layer.urls or () if remote_of(url) and reach.of_url(url) is Scope.EXTERNAL)
            if external:
                key = (layer.digest, placement.pool.name)
                groups.setdefault(key, []).append(placement)
                layers.setdefault(key, (layer, external))
    return tuple(_egress(layer, urls, groups[key], unknown) for key, (layer, urls) in layers.items())


def _egress(
    layer: Descriptor, urls: tuple[str, ...], placements: list[Placement], unknown: Mapping[Need, Trouble]
) -> LayerEgress:
    first = placements[0]
    doubts = [unknown.get(placement.need) for placement in placements]
    return LayerEgress(
        layer=layer,
        pool=first.pool.name,
        runtime=str(first.pool.runtime or "its runtime"),
        urls=urls,
        remotes=tuple(dict.fromkeys(remote for url in urls if (remote := remote_of(url)) is not None)),
        images=tuple(dict.fromkeys(placement.image.name for placement in placements)),
        rule=rule_of(first),
        location=first.need.why[0].location,
        delivery_doubt=doubts[0] if all(doubts) else None,
    )


def url_doubt(layer: Descriptor, reach: Reach) -> Trouble | None:
    """Return why it is unknown what a node downloads from a layer's URLs, or None if it is known.

    The plan does not declare hosts such as `localhost`, which are internal only because every node or cluster has one.
    """
    for url in layer.urls or ():
        remote = remote_of(url)
        if is_malformed(url) or (remote is not None and reach.of(remote.host) is Scope.UNKNOWN):
            return Trouble(Kind.MALFORMED, "one of its urls cannot be read, so its host is not known")
        if remote is not None and reach.of(remote.host) is Scope.INTERNAL and not reach.declares(remote.host):
            detail = f"one of its urls is on {remote.host}, and the plan does not say what that host serves"
            return Trouble(Kind.MISSING_EVIDENCE, detail)
    return None


def with_outside_urls(placements: Iterable[Placement], reach: Reach) -> frozenset[Reference]:
    """Return the images with a layer that has a URL on a host that is not internal: a copy must remove those URLs."""
    return frozenset(
        placement.image.reference
        for placement in placements
        if any(leads_outside(url, reach) for layer in foreign_layers(placement) for url in layer.urls or ())
    )


def leads_outside(url: str, reach: Reach) -> bool:
    """Return whether a runtime that downloads the URL connects to a host that is not internal. Runtimes use only http(s)."""
    return remote_of(url) is not None and reach.of_url(url) is not Scope.INTERNAL
