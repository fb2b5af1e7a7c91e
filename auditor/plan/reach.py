"""The hosts that the plan makes internal."""

from __future__ import annotations

from auditor.net import Reach
from auditor.plan.model import Plan


def reach_of(plan: Plan) -> Reach:
    """Return the rule for internal and external hosts: `network.reachable`, the internal registry with the targets of its
    rewrites, and the endpoints."""
    own = [endpoint.host for endpoint in plan.endpoints]
    if plan.registry is not None:
        own += [plan.registry.host, *(place.partition("/")[0] for place in plan.registry.rewrites.values())]
    return Reach(plan.reachable, own)
