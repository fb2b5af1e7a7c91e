"""Which registry is asked for an image: its own, or the one inside, where the plan's rewrites put it."""

from __future__ import annotations

from auditor.errors import UsageError
from auditor.oci.reference import Reference
from auditor.plan.model import Plan
from auditor.plan.rewrites import placed

Route = tuple[str, str]  # the domain to ask, and the repository's path there


class Routes:
    """The way to each image of a plan."""

    def __init__(self, plan: Plan, via: str) -> None:
        """`via` is `source` or `target`. Raises UsageError for a target that the plan does not name."""
        if via == "target" and plan.registry is None:
            raise UsageError("the plan names no registry inside", "Add registry: {host: …} to the plan, or ask the sources.")
        self._registry = plan.registry if via == "target" else None

    def of(self, reference: Reference) -> Route:
        """Domain and path to ask."""
        asked = reference if self._registry is None else placed(self._registry, reference)
        return (asked.domain, asked.path)
