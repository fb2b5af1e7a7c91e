"""The site: one value that checks are given."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.evidence.model import Evidence
from auditor.plan.model import Needs, Plan
from auditor.site.requirement import Requirement


@dataclass(frozen=True)
class Site:
    """Plan, needs and evidence. Views are computed on first use and kept."""

    plan: Plan
    needs: Needs
    evidence: Evidence

    def lacks(self, requirement: Requirement) -> str | None:
        """Why a check that requires this does not apply here; None when it does."""
        match requirement:
            case Requirement.IMAGES:
                present = bool(self.needs.lines)
            case Requirement.WINDOWS_POOLS:
                present = any(pool.is_windows for pool in self.plan.pools)
            case Requirement.REGISTRY:
                present = self.plan.registry is not None
            case Requirement.REGISTRY_DISK:
                present = self.plan.registry is not None and self.plan.registry.disk is not None
            case Requirement.ENDPOINTS:
                present = bool(self.plan.endpoints)
        return None if present else requirement.value
