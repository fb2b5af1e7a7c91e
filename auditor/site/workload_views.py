"""The inputs of a site, and the views of its workloads and node configurations: the base of `Site`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from auditor.evidence.model import Evidence, Place, Verify
from auditor.net import authority
from auditor.site import views

if TYPE_CHECKING:
    from auditor.needs.model import Needs
    from auditor.net import Reach
    from auditor.plan.model import Plan
    from auditor.readers.node_config import NodeConfig
    from auditor.readers.workloads.deployed_certificates import CarriedCertificates
    from auditor.readers.workloads.pulling import PullObjects
    from auditor.readers.workloads.served_hosts import ServedHosts
    from auditor.site.charts import PlacedChart
    from auditor.site.fetches import ChartFetches
    from auditor.site.pods.model import PodDownloads
    from auditor.site.preloads import Preloads
    from auditor.site.pull_access import PullAccesses


@dataclass(frozen=True)
class WorkloadViews:
    """Plan, needs and evidence, and what the workloads and the nodes do besides pulling images. See `Site`."""

    plan: Plan
    needs: Needs
    evidence: Evidence
    places: frozenset[Place] = frozenset({Place.SOURCE})
    verify: Verify = Verify.SIZE

    @cached_property
    def reach(self) -> Reach:
        """Return the rule for internal and external hosts."""
        return views.reach_of(self.plan)

    @cached_property
    def chart_fetches(self) -> ChartFetches:
        """Return the charts and manifests that the workloads would download."""
        return views.chart_fetches(self.plan, self.reach)

    @cached_property
    def pod_downloads(self) -> PodDownloads:
        """Return what the pods of the workloads download besides images."""
        return views.pod_downloads(self.plan, self.needs, self.reach)

    @cached_property
    def charts(self) -> tuple[PlacedChart, ...]:
        """Return every chart that a release pulls from an OCI registry, as its source and the internal registry have it."""
        return tuple(views.charts_of(self.plan, self.needs, self.evidence, self.reach))

    @cached_property
    def node_configs(self) -> Mapping[str, NodeConfig]:
        """Return the node configuration of each pool for which the plan names it."""
        return views.node_configs(self.plan) if any(pool.config for pool in self.plan.pools) else {}

    @cached_property
    def carried_certificates(self) -> tuple[CarriedCertificates, ...]:
        """Return the certificates in the plan's manifests and rendered charts."""
        return views.carried_certificates(self.plan) if self.plan.workloads else ()

    @cached_property
    def pull_objects(self) -> PullObjects:
        """Return the pods of the workloads, and the Secrets and ServiceAccounts that they pull with."""
        return views.pull_objects(self.plan)

    @cached_property
    def pull_accesses(self) -> PullAccesses:
        """Return who can log in to the internal registry."""
        logins = {pool.name: views.node_logins(self.plan, pool) for pool in self.plan.pools}
        return views.PullAccesses(self.plan, lambda: self.pull_objects, self.node_configs, logins, self.reach)

    @cached_property
    def preloads(self) -> Preloads:
        """Return which images nodes get only from archives."""
        return views.Preloads(self.plan, self.reach, self.node_configs)

    @cached_property
    def served_hosts(self) -> ServedHosts:
        """Return which pods of the workloads serve which hosts, if one may serve the internal registry."""
        registry = self.plan.registry
        return views.served_hosts(self.plan, *authority(registry.host if registry is not None else ""))
