"""Which registry is asked for an image: its own, or the one inside, where the plan's rewrites put it."""

from __future__ import annotations

from auditor.errors import UsageError
from auditor.oci.reference import Reference
from auditor.plan.model import Plan, Registry

Route = tuple[str, str]  # the domain to ask, and the repository's path there


def source_route(reference: Reference) -> Route:
    """Where the reference says."""
    return (reference.domain, reference.path)


def target_route(registry: Registry, reference: Reference) -> Route:
    """Where the longest rewrite that fits puts it; without one, under its own path on the registry inside."""
    parts = reference.repository.split("/")
    for length in range(len(parts), 0, -1):
        if (place := registry.rewrites.get("/".join(parts[:length]))) is not None:
            return _placed(place, parts[length:])
    return _placed(registry.host, [reference.path])


def _placed(place: str, rest: list[str]) -> Route:
    domain, _, prefix = place.rstrip("/").partition("/")
    return (domain, "/".join([prefix, *rest] if prefix else rest))


class Routes:
    """The way to each image of a plan."""

    def __init__(self, plan: Plan, via: str) -> None:
        """`via` is `source` or `target`. Raises UsageError for a target that the plan does not name."""
        if via == "target" and plan.registry is None:
            raise UsageError("the plan names no registry inside", "Add registry: {host: …} to the plan, or ask the sources.")
        self._registry = plan.registry if via == "target" else None

    def of(self, reference: Reference) -> Route:
        """Domain and path to ask."""
        return source_route(reference) if self._registry is None else target_route(self._registry, reference)
