"""The view of mirrors: how the nodes of a pool get at the images of a registry, by the configuration that they are given."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from auditor.evidence.model import Kind
from auditor.needs.model import Needs
from auditor.oci.reference import Reference
from auditor.plan.model import Plan, Pool
from auditor.plan.rewrites import placed
from auditor.readers.node_config import Asked, NodeConfig
from auditor.transfer.network import is_reachable


class Way(enum.StrEnum):
    """How the images of a registry reach a node."""

    INSIDE = "inside"  # only hosts inside are ever asked
    FALLS_BACK = "falls-back"  # a host inside has them, and one outside is asked as well
    NO_MIRROR = "no-mirror"  # nobody inside is asked
    WRONG_PLACE = "wrong-place"  # a host inside is asked, at a path where the plan does not put them
    NOBODY = "nobody"  # no host may look up a tag
    UNKNOWN = "unknown"


class Lead(msgspec.Struct, frozen=True):
    """One image, who is asked for it in order, and what that comes to.

    `told` is the one that decides: who serves it, else who is asked in vain. `outside` are those that cannot be reached.
    """

    way: Way
    reference: Reference
    asked: tuple[Asked, ...]
    told: Asked | None = None
    outside: tuple[Asked, ...] = ()
    target: Reference | None = None
    doubt: str = ""
    kind: Kind = Kind.MISSING_EVIDENCE  # of the doubt


@dataclass(frozen=True, slots=True)
class Mirroring:
    """The images of one registry for one pool that come the same way; the first tells it."""

    pool: Pool
    registry: str
    leads: tuple[Lead, ...]

    @property
    def first(self) -> Lead:
        """The lead that stands for all."""
        return self.leads[0]


def mirroring(plan: Plan, needs: Needs, configs: Mapping[str, NodeConfig]) -> tuple[Mirroring, ...]:
    """Pool x registry x way, in the order of first need. Pools whose configuration has problems are left out."""
    groups: dict[tuple[str, str, Way, str], list[Lead]] = {}
    leads = _Leads(plan)
    for need in needs.needs:
        config = configs.get(need.pool)
        if config is None or config.problems or config.refusal is not None:
            continue
        lead = leads.of(config, need.reference)
        groups.setdefault((need.pool, need.reference.domain, lead.way, lead.doubt), []).append(lead)
    return tuple(Mirroring(configs[pool].pool, registry, tuple(group)) for (pool, registry, _, _), group in groups.items())


def bare(host: str) -> str:
    """A host without its port."""
    return host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host


class _Leads:
    """Judges image by image. What several images share is worked out once: there may be many."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._inside: dict[str, bool] = {}
        self._targets: dict[Reference, Reference] = {}
        self._known: frozenset[str] = frozenset()
        if plan.registry is not None:
            places = (place.partition("/")[0] for place in plan.registry.rewrites.values())
            self._known = frozenset({plan.registry.host, *places})

    def of(self, config: NodeConfig, reference: Reference) -> Lead:
        """How one image reaches the nodes of a pool."""
        if (unknown := config.doubt(reference.domain)) is not None:
            doubt = f"{unknown.location}: {unknown.why}"
            return Lead(Way.UNKNOWN, reference, (), doubt=doubt, kind=Kind(unknown.kind))
        asked = config.asked(reference)
        if not asked:
            return Lead(Way.NOBODY, reference, config.all_asked(reference), target=self._target(reference))
        inside = [one for one in asked if self._is_inside(one.host)]
        outside = tuple(one for one in asked if one not in inside) if len(inside) < len(asked) else ()
        return self._found(reference, asked, inside, outside)

    def _found(self, reference: Reference, asked: tuple[Asked, ...], inside: list[Asked], outside: tuple[Asked, ...]) -> Lead:
        target = self._target(reference)
        if served := next((one for one in inside if _serves(one, target)), None):
            return Lead(Way.FALLS_BACK if outside else Way.INSIDE, reference, asked, served, outside, target)
        if doubts := [doubt for one in inside if (doubt := self._doubt(one)) is not None]:
            return Lead(Way.UNKNOWN, reference, asked, None, outside, target, *doubts[0])
        way = Way.WRONG_PLACE if inside else Way.NO_MIRROR
        return Lead(way, reference, asked, inside[0] if inside else asked[0], outside, target)

    def _is_inside(self, host: str) -> bool:
        known = self._inside.get(host)
        if known is None:
            registry = self._plan.registry
            own = registry is not None and bare(registry.host) == bare(host)
            known = self._inside[host] = own or is_reachable(bare(host).strip("[]"), self._plan.reachable)
        return known

    def _target(self, reference: Reference) -> Reference | None:
        if self._plan.registry is None:
            return None
        if reference not in self._targets:
            self._targets[reference] = placed(self._plan.registry, reference)
        return self._targets[reference]

    def _doubt(self, one: Asked) -> tuple[str, Kind] | None:
        """Why nobody can tell whether a host inside has an image; None when it can be told."""
        if one.doubt:
            return f"{one.location}: {one.doubt}", Kind.UNSUPPORTED
        if one.role == "default" or one.host in self._known:
            return None
        return f"{one.location}: what {one.host} holds is not known, as the plan's registry is another", Kind.MISSING_EVIDENCE


def _serves(one: Asked, target: Reference | None) -> bool:
    """Whether the image is there: at the registry of its own name, which is inside, or where the plan puts it."""
    if one.role == "default":
        return True
    return target is not None and (one.host, one.repository) == (target.domain, target.path)
