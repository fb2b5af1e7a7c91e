"""The view of layers that a node would fetch from somewhere else: who would dial which host, and what happens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from auditor.errors import Location
from auditor.needs.model import Need
from auditor.oci.document import Descriptor
from auditor.oci.reference import Reference
from auditor.site.images import Placement, Trouble
from auditor.transfer.network import Dial, dial_of, is_reachable
from auditor.transfer.pull import PullRule, pull_rule


@dataclass(frozen=True, slots=True)
class LayerEgress:
    """One layer with `urls` for one pool: the URLs that cannot be reached inside, and the images that bring it.

    `rule` is None when the facts know nothing about the pool's runtime. `unseen` says why the images may arrive without the
    URL; None where one of them is known to have it.
    """

    layer: Descriptor
    pool: str
    runtime: str
    urls: tuple[str, ...]
    dials: tuple[Dial, ...]
    images: tuple[str, ...]
    rule: PullRule | None
    location: Location
    unseen: Trouble | None = None


def foreign_layers(placement: Placement) -> tuple[Descriptor, ...]:
    """The layers of a placement that have `urls` or a foreign media type."""
    payload = placement.resolution.payload
    return payload.foreign if payload is not None else ()


def rule_of(placement: Placement) -> PullRule | None:
    """How the runtime of the pool treats `urls`; None when the facts do not say."""
    runtime, system = placement.pool.runtime, placement.pool.platform.os
    return pull_rule(runtime.name, runtime.version, system) if runtime is not None else pull_rule("", "", system)


def layer_egress(
    given: Iterable[tuple[Placement, Iterable[Descriptor]]], reachable: tuple[str, ...], unseen: Mapping[Need, Trouble]
) -> tuple[LayerEgress, ...]:
    """Every layer x pool with a URL that leads outside, in the order of first need; `given` are placements with such layers.

    `unseen` says of needs why nobody knows whether the URL comes along.
    """
    groups: dict[tuple[str, str], list[Placement]] = {}
    layers: dict[tuple[str, str], tuple[Descriptor, tuple[str, ...]]] = {}
    for placement, foreign in given:
        for layer in foreign:
            outside = tuple(url for url in layer.urls or () if leads_outside(url, reachable))
            if outside:
                key = (layer.digest, placement.pool.name)
                groups.setdefault(key, []).append(placement)
                layers.setdefault(key, (layer, outside))
    return tuple(_egress(layer, urls, groups[key], unseen) for key, (layer, urls) in layers.items())


def _egress(
    layer: Descriptor, urls: tuple[str, ...], placements: list[Placement], unseen: Mapping[Need, Trouble]
) -> LayerEgress:
    first = placements[0]
    doubts = [unseen.get(placement.need) for placement in placements]
    return LayerEgress(
        layer=layer,
        pool=first.pool.name,
        runtime=str(first.pool.runtime or "its runtime"),
        urls=urls,
        dials=tuple(dict.fromkeys(dial for url in urls if (dial := dial_of(url)) is not None)),
        images=tuple(dict.fromkeys(placement.image.name for placement in placements)),
        rule=rule_of(first),
        location=first.need.why[0].location,
        unseen=doubts[0] if all(doubts) else None,
    )


def with_outside_urls(placements: Iterable[Placement], reachable: tuple[str, ...]) -> frozenset[Reference]:
    """The images with a layer that has a URL of a host that cannot be reached: a copy has to lose those URLs."""
    return frozenset(
        placement.image.reference
        for placement in placements
        if any(leads_outside(url, reachable) for layer in foreign_layers(placement) for url in layer.urls or ())
    )


def leads_outside(url: str, reachable: tuple[str, ...]) -> bool:
    """Whether fetching a URL would dial a host that cannot be reached. What is no http(s) URL, no runtime fetches."""
    dial = dial_of(url)
    return dial is not None and not is_reachable(dial.host, reachable)
