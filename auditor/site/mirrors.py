"""The view of mirrors: from which hosts the nodes of a pool pull the images of a registry, by their configuration."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from auditor.evidence.model import Kind
from auditor.needs.model import Needs
from auditor.net import Reach, Scope, authority, is_own_machine
from auditor.oci.reference import Reference
from auditor.plan.model import Plan, Pool
from auditor.plan.rewrites import placed

if TYPE_CHECKING:
    from auditor.readers.node_config import MirrorRequest, NodeConfig


class PullRoute(enum.StrEnum):
    """How the images of a registry reach a node."""

    INSIDE = "inside"  # nodes connect to internal hosts only
    FALLS_BACK = "falls-back"  # an internal host has them, and nodes connect to an external one as well
    NO_MIRROR = "no-mirror"  # nodes connect to no internal host
    WRONG_PLACE = "wrong-place"  # nodes request a path on an internal host where the plan does not put the images
    NO_RESOLVER = "nobody"  # no host may resolve a tag
    UNKNOWN = "unknown"


class Lead(msgspec.Struct, frozen=True):
    """One image, the hosts that a node requests it from in order, and the result.

    `deciding` is the host that decides: the one that serves the image, else the first that fails. `outside` are external hosts.
    """

    way: PullRoute
    reference: Reference
    asked: tuple[MirrorRequest, ...]
    deciding: MirrorRequest | None = None
    outside: tuple[MirrorRequest, ...] = ()
    target: Reference | None = None
    doubt: str = ""
    kind: Kind = Kind.MISSING_EVIDENCE  # of the doubt


@dataclass(frozen=True, slots=True)
class Mirroring:
    """The images of one registry for one pool with the same result; reports show the first."""

    pool: Pool
    registry: str
    leads: tuple[Lead, ...]

    @property
    def first(self) -> Lead:
        """The lead that reports show for all."""
        return self.leads[0]


def mirroring(plan: Plan, needs: Needs, configs: Mapping[str, NodeConfig], reach: Reach) -> tuple[Mirroring, ...]:
    """Return pool x registry x way in the order of first need. Pools whose configuration has problems are omitted."""
    groups: dict[tuple[str, str, PullRoute, str], list[Lead]] = {}
    leads = _Leads(plan, reach)
    for need in needs.needs:
        config = configs.get(need.pool)
        if config is None or config.problems or config.refusal is not None:
            continue
        lead = leads.of(config, need.reference)
        groups.setdefault((need.pool, need.reference.domain, lead.way, lead.doubt), []).append(lead)
    return tuple(Mirroring(configs[pool].pool, registry, tuple(group)) for (pool, registry, _, _), group in groups.items())


class _Leads:
    """Decides image by image. Values that several images share are computed once."""

    def __init__(self, plan: Plan, reach: Reach) -> None:
        self._plan = plan
        self._reach = reach
        self._targets: dict[Reference, Reference] = {}
        self._known: frozenset[tuple[str, int]] = frozenset()
        self._copied: frozenset[tuple[str, int]] = frozenset()  # hosts from which the plan copies images
        if plan.registry is not None:
            places = (place.partition("/")[0] for place in plan.registry.rewrites.values())
            self._known = frozenset(map(authority, (plan.registry.host, *places)))
            self._copied = frozenset(authority(place.partition("/")[0]) for place in plan.registry.rewrites)

    def of(self, config: NodeConfig, reference: Reference) -> Lead:
        """Return how the nodes of a pool get one image."""
        if (unknown := config.doubt(reference.domain)) is not None:
            doubt = f"{unknown.location}: {unknown.why}"
            return Lead(PullRoute.UNKNOWN, reference, (), doubt=doubt, kind=Kind(unknown.kind))
        asked = config.asked(reference)
        if not asked:
            return Lead(PullRoute.NO_RESOLVER, reference, config.all_asked(reference), target=self._target(reference))
        if unknown_host := next((one for one in asked if self._reach.of(one.host) is Scope.UNKNOWN), None):
            doubt = f"{unknown_host.location}: the host {unknown_host.host} is not fully known"
            return Lead(PullRoute.UNKNOWN, reference, asked, doubt=doubt, kind=Kind.UNSUPPORTED)
        inside = [one for one in asked if self._reach.of(one.host) is Scope.INTERNAL]
        outside = tuple(one for one in asked if one not in inside) if len(inside) < len(asked) else ()
        return self._found(reference, asked, inside, outside)

    def _found(
        self,
        reference: Reference,
        asked: tuple[MirrorRequest, ...],
        inside: list[MirrorRequest],
        outside: tuple[MirrorRequest, ...],
    ) -> Lead:
        target = self._target(reference)
        if served := next((one for one in inside if self._serves(one, target)), None):
            leaves = any(not is_own_machine(one.host) for one in outside)
            return Lead(PullRoute.FALLS_BACK if leaves else PullRoute.INSIDE, reference, asked, served, outside, target)
        near = [*inside, *(one for one in outside if self._is_near(one.host))]
        if doubts := [doubt for one in near if (doubt := self._doubt(one)) is not None]:
            return Lead(PullRoute.UNKNOWN, reference, asked, None, outside, target, *doubts[0])
        way = PullRoute.WRONG_PLACE if inside else PullRoute.NO_MIRROR
        return Lead(way, reference, asked, inside[0] if inside else asked[0], outside, target)

    def _is_near(self, host: str) -> bool:
        """Return whether a host is a server on the node itself, such as a peer-to-peer mirror, that may have the image."""
        return is_own_machine(host) and authority(host) not in self._copied

    def _target(self, reference: Reference) -> Reference | None:
        if self._plan.registry is None:
            return None
        if reference not in self._targets:
            self._targets[reference] = placed(self._plan.registry, reference)
        return self._targets[reference]

    def _doubt(self, one: MirrorRequest) -> tuple[str, Kind] | None:
        """Return why it is unknown whether an internal host has an image, or None if it is known."""
        if one.doubt:
            return f"{one.location}: {one.doubt}", Kind.UNSUPPORTED
        if authority(one.host, one.scheme) in self._known:
            return None
        return f"{one.location}: the plan does not say which images {one.host} has", Kind.MISSING_EVIDENCE

    def _serves(self, one: MirrorRequest, target: Reference | None) -> bool:
        """Return whether a host has the image: its own registry if internal, or the location where the plan puts it."""
        if one.role == "default":
            return self._reach.declares(one.host)
        if target is None or one.repository != target.path:
            return False
        return authority(one.host, one.scheme) == authority(target.domain, one.scheme)
