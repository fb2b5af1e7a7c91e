"""The view of mirrors: how the nodes of a pool get at the images of a registry, by the configuration that they are given."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from auditor.evidence.model import Kind
from auditor.oci.reference import Reference
from auditor.plan.model import Needs, Plan, Pool
from auditor.plan.node_config import Asked, NodeConfig, read_node_config
from auditor.plan.rewrites import placed
from auditor.transfer.network import is_reachable


class Way(enum.StrEnum):
    """How the images of a registry reach a node."""

    INSIDE = "inside"  # only hosts inside are ever asked
    FALLS_BACK = "falls-back"  # a host inside has them, and one outside is asked as well
    NO_MIRROR = "no-mirror"  # nobody inside is asked
    WRONG_PLACE = "wrong-place"  # a host inside is asked, at a path where the plan does not put them
    NOBODY = "nobody"  # no host may look up a tag
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Lead:
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


def node_configs(plan: Plan) -> dict[str, NodeConfig]:
    """The configuration of every pool that names one, by its name."""
    return {pool.name: read_node_config(plan, pool) for pool in plan.pools if pool.config}


def mirroring(plan: Plan, needs: Needs, configs: Mapping[str, NodeConfig]) -> tuple[Mirroring, ...]:
    """Pool x registry x way, in the order of first need. Pools whose configuration has problems are left out."""
    groups: dict[tuple[str, str, Way, str], list[Lead]] = {}
    for need in needs.needs:
        config = configs.get(need.pool)
        if config is None or config.problems or config.refusal is not None:
            continue
        lead = _lead(plan, config, need.reference)
        groups.setdefault((need.pool, need.reference.domain, lead.way, lead.doubt), []).append(lead)
    return tuple(Mirroring(configs[pool].pool, registry, tuple(leads)) for (pool, registry, _, _), leads in groups.items())


def bare(host: str) -> str:
    """A host without its port."""
    return host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host


def _lead(plan: Plan, config: NodeConfig, reference: Reference) -> Lead:
    if (unknown := config.doubt(reference.domain)) is not None:
        return Lead(Way.UNKNOWN, reference, (), doubt=f"{unknown.location}: {unknown.why}", kind=Kind(unknown.kind))
    asked = config.asked(reference)
    if not asked:
        return Lead(Way.NOBODY, reference, config.all_asked(reference))
    outside = tuple(one for one in asked if not _is_inside(plan, one.host))
    target = placed(plan.registry, reference) if plan.registry is not None else None
    inside = [one for one in asked if one not in outside]
    doubts = list(_doubts(plan, inside, target))
    if served := next((one for one in inside if _serves(one, target)), None):
        return Lead(Way.FALLS_BACK if outside else Way.INSIDE, reference, asked, served, outside, target)
    if doubts:
        return Lead(Way.UNKNOWN, reference, asked, None, outside, target, *doubts[0])
    if inside:
        return Lead(Way.WRONG_PLACE, reference, asked, inside[0], outside, target)
    return Lead(Way.NO_MIRROR, reference, asked, asked[0], outside, target)


def _is_inside(plan: Plan, host: str) -> bool:
    own = plan.registry is not None and bare(plan.registry.host) == bare(host)
    return own or is_reachable(bare(host).strip("[]"), plan.reachable)


def _serves(one: Asked, target: Reference | None) -> bool:
    """Whether the image is there: at the registry of its own name, which is inside, or where the plan puts it."""
    if one.role == "default":
        return True
    return target is not None and (one.host, one.repository) == (target.domain, target.path)


def _doubts(plan: Plan, inside: list[Asked], target: Reference | None) -> Iterator[tuple[str, Kind]]:
    """Why nobody can tell whether a host inside has the image."""
    known = {target.domain} if target is not None else set()
    if plan.registry is not None:
        known |= {plan.registry.host, *(place.partition("/")[0] for place in plan.registry.rewrites.values())}
    for one in inside:
        if one.doubt:
            yield f"{one.location}: {one.doubt}", Kind.UNSUPPORTED
        elif one.role != "default" and one.host not in known:
            yield (
                f"{one.location}: what {one.host} holds is not known, as the plan's registry is another",
                Kind.MISSING_EVIDENCE,
            )
