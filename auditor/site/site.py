"""The site: one value that checks are given."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from auditor.evidence.model import Evidence
from auditor.plan.model import Endpoint, Needs, Plan
from auditor.site.images import Images
from auditor.site.layers import LayerEgress, layer_egress
from auditor.site.requirement import Requirement
from auditor.site.storage import Stage, registry_stage
from auditor.site.survey import Survey
from auditor.site.trust import Served, TrustCase, Unseen, endpoint_chains, trust_cases


@dataclass(frozen=True)
class Site:
    """Plan, needs and evidence. Views are computed on first use and kept."""

    plan: Plan
    needs: Needs
    evidence: Evidence

    @cached_property
    def images(self) -> Images:
        """Every image and how it stands for each pool that needs it."""
        return Survey(self.plan, self.needs, self.evidence).images()

    @cached_property
    def layer_egress(self) -> tuple[LayerEgress, ...]:
        """Every layer x pool that would be fetched from a host outside."""
        return layer_egress(self.images, self.plan.reachable)

    @cached_property
    def registry_stage(self) -> Stage:
        """What the registry inside must hold."""
        return registry_stage(self.plan, self.images)

    @cached_property
    def chains(self) -> Mapping[Endpoint, Served | Unseen]:
        """What each endpoint serves."""
        return endpoint_chains(self.plan, self.evidence)

    @cached_property
    def _trust(self) -> dict[datetime.date, tuple[TrustCase, ...]]:
        return {}

    def trust(self, today: datetime.date) -> tuple[TrustCase, ...]:
        """Each endpoint as each client of each pool would see it on a day, offline."""
        if today not in self._trust:
            self._trust[today] = trust_cases(self.plan, self.chains, today)
        return self._trust[today]

    def lacks(self, requirement: Requirement) -> str | None:
        """Why a check that requires this does not apply here; None when it does."""
        match requirement:
            case Requirement.IMAGES:
                present = bool(self.needs.lines or self.needs.needs)
            case Requirement.LISTS:
                present = bool(self.needs.lines)
            case Requirement.WORKLOADS:
                present = bool(self.needs.demands)
            case Requirement.COMPLETE_WORKLOADS:
                present = bool(self.needs.demands) and self.plan.workloads_complete
            case Requirement.WINDOWS_POOLS:
                present = any(pool.is_windows for pool in self.plan.pools)
            case Requirement.DEFAULTS:
                present = self.plan.cluster is not None or any(pool.runtime is not None for pool in self.plan.pools)
            case Requirement.REGISTRY:
                present = self.plan.registry is not None
            case Requirement.REGISTRY_DISK:
                present = self.plan.registry is not None and self.plan.registry.disk is not None
            case Requirement.ENDPOINTS:
                present = bool(self.plan.endpoints)
        return None if present else requirement.value
