"""The site: one value that checks are given."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from auditor.evidence.model import Evidence, Place
from auditor.plan.model import Endpoint, Needs, Plan
from auditor.site.archives.view import Archives, archives_of
from auditor.site.copies import Copy, copies_in_archives, copies_inside
from auditor.site.images import Images, Placement
from auditor.site.inside import Inside
from auditor.plan.node_config import NodeConfig
from auditor.site.images import Images
from auditor.site.layers import LayerEgress, layer_egress
from auditor.site.mirrors import Mirroring, mirroring, node_configs
from auditor.site.requirement import Requirement
from auditor.site.storage import Stage, registry_stage
from auditor.site.survey import Survey
from auditor.site.trust import Served, TrustCase, Unseen, endpoint_chains, trust_cases


@dataclass(frozen=True)
class Site:
    """Plan, needs and evidence. Views are computed on first use and kept.

    `places` are where images were to be looked for: what lacks evidence there is undetermined, not out of the question.
    """

    plan: Plan
    needs: Needs
    evidence: Evidence
    places: frozenset[Place] = frozenset({Place.SOURCE})

    @cached_property
    def source(self) -> Images | None:
        """Every image as its source has it; None when the sources were not to be asked."""
        return Survey(self.plan, self.needs, self.evidence).images() if Place.SOURCE in self.places else None

    @cached_property
    def target(self) -> Images | None:
        """Every image as the registry inside has it; None when it was not to be asked."""
        if Place.TARGET not in self.places or self.plan.registry is None:
            return None
        return Survey(self.plan, self.needs, Inside(self.evidence, self.plan.registry)).images()

    @cached_property
    def archives(self) -> Archives | None:
        """The archives and what they hold; None when they were not to be read."""
        if Place.ARCHIVES not in self.places:
            return None
        return archives_of(self.plan, self.needs, self.evidence, self.source or self.target)

    @cached_property
    def images(self) -> Images:
        """Every image and how it stands for each pool that needs it: at its source, else inside, else in the archives."""
        if (found := self.source or self.target) is not None:
            return found
        return self.archives.images() if self.archives is not None else Images({}, ())

    @cached_property
    def copies(self) -> tuple[Copy, ...]:
        """Every need where the nodes will get it from: the registry inside if it was to be asked, else the archives."""
        if self.target is not None:
            return tuple(copies_inside(self.plan, self.evidence, self.target, self.source))
        if self.archives is not None:
            return tuple(copies_in_archives(self.evidence, self.archives, self.source))
        return ()

    @cached_property
    def pulled(self) -> tuple[Placement, ...]:
        """What the nodes would pull: as the registry inside has it where that is known, since a copy may be a rewrite."""
        if self.target is None or self.target is self.images:
            return self.images.placements
        pairs = zip(self.images.placements, self.target.placements, strict=True)
        return tuple(there if there.resolution.payload is not None else here for here, there in pairs)

    @cached_property
    def layer_egress(self) -> tuple[LayerEgress, ...]:
        """Every layer x pool that would be fetched from a host outside."""
        return layer_egress(self.pulled, self.plan.reachable)

    @cached_property
    def registry_stage(self) -> Stage:
        """What the registry inside must hold."""
        return registry_stage(self.plan, self.images)

    @cached_property
    def node_configs(self) -> Mapping[str, NodeConfig]:
        """What the nodes of each pool are told, for pools that name it."""
        return node_configs(self.plan)

    @cached_property
    def mirroring(self) -> tuple[Mirroring, ...]:
        """How each such pool gets at the images of each registry."""
        return mirroring(self.plan, self.needs, self.node_configs)

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
            case Requirement.REGISTRY:
                present = self.plan.registry is not None
            case Requirement.REGISTRY_DISK:
                present = self.plan.registry is not None and self.plan.registry.disk is not None
            case Requirement.SOURCE:
                present = Place.SOURCE in self.places
            case Requirement.COPIES:
                present = bool({Place.TARGET, Place.ARCHIVES} & self.places)
            case Requirement.ARCHIVES:
                present = Place.ARCHIVES in self.places
            case Requirement.ENDPOINTS:
                present = bool(self.plan.endpoints)
            case Requirement.NODE_CONFIG:
                present = any(pool.config for pool in self.plan.pools)
        return None if present else requirement.value
