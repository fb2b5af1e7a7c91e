"""The view of charts in OCI registries that releases pull: at their source, and on the internal registry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.evidence.model import Evidence, Observation, TagSeen
from auditor.needs.model import Needs
from auditor.net import Reach, Scope
from auditor.oci.reference import Reference
from auditor.plan.model import Plan
from auditor.plan.rewrites import placed
from auditor.readers.demands import WantedChart


@dataclass(frozen=True, slots=True)
class PlacedChart:
    """One chart of one release. `at` is its place on the internal registry; None without a registry or an exact version.

    `is_internal`: the release itself names an internal host, so the chart has no other source. An observation is None if it
    was not made.
    """

    wanted: WantedChart
    at: Reference | None
    is_internal: bool
    source: Observation[TagSeen] | None
    target: Observation[TagSeen] | None


def charts_of(plan: Plan, needs: Needs, evidence: Evidence, reach: Reach) -> Iterator[PlacedChart]:
    """Yield every chart that the releases pull from a registry."""
    for wanted in needs.charts:
        reference = wanted.reference
        if reference is None:
            yield PlacedChart(wanted, None, is_internal=False, source=None, target=None)
            continue
        at = placed(plan.registry, reference) if plan.registry is not None else None
        is_internal = reach.of(reference.domain.partition(":")[0]) is Scope.INTERNAL
        target = evidence.tag(str(at)) if at is not None else None
        yield PlacedChart(wanted, at, is_internal, None if is_internal else evidence.tag(str(reference)), target)
