"""What each requirement of a check means for a site."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from auditor.evidence.model import Place
from auditor.plan.model import Plan
from auditor.site.requirement import Requirement

if TYPE_CHECKING:
    from auditor.site.site import Site


def is_present(site: Site, requirement: Requirement) -> bool:
    """Return whether the site has what a check requires."""
    return _PRESENT[requirement](site)


def _may_have_policies(plan: Plan) -> bool:
    """Return whether the plan has anything that may hold a policy about signatures: a test without the readers of policies."""
    return bool(plan.workloads) or plan.cluster is not None or any(pool.config for pool in plan.pools)


def _gives_a_capacity(plan: Plan) -> bool:
    copy, registry = plan.copy, plan.registry
    stages = (copy and copy.media, copy and copy.staging, registry and registry.disk, *(pool.disk for pool in plan.pools))
    return any(stages)


def _has_distribution(plan: Plan) -> bool:
    from auditor.site.registry_settings import is_distribution  # noqa: PLC0415 - most plans have no check that needs it

    return plan.registry is not None and is_distribution(plan)


_PRESENT: Mapping[Requirement, Callable[[Site], bool]] = {
    Requirement.IMAGES: lambda site: bool(site.needs.lines or site.needs.needs),
    Requirement.LISTS: lambda site: bool(site.needs.lines),
    Requirement.WORKLOADS: lambda site: bool(site.needs.demands),
    Requirement.WORKLOAD_FILES: lambda site: bool(site.plan.workloads),
    Requirement.OCI_CHARTS: lambda site: bool(site.needs.charts),
    Requirement.SIGNATURES: lambda site: _may_have_policies(site.plan) and not site.signatures.policies.is_empty,
    Requirement.COMPLETE_WORKLOADS: lambda site: bool(site.needs.demands) and site.plan.workloads_complete,
    Requirement.WINDOWS_POOLS: lambda site: any(pool.is_windows for pool in site.plan.pools),
    Requirement.DEFAULTS: lambda site: site.plan.cluster is not None or any(pool.runtime for pool in site.plan.pools),
    Requirement.REGISTRY: lambda site: site.plan.registry is not None,
    Requirement.CAPACITY: lambda site: _gives_a_capacity(site.plan),
    Requirement.NODE_DISK: lambda site: any(pool.disk is not None for pool in site.plan.pools),
    Requirement.MEDIA: lambda site: site.plan.copy is not None and site.plan.copy.media is not None,
    Requirement.FILESYSTEM: lambda site: bool(site.plan.copy and site.plan.copy.media and site.plan.copy.media.filesystem),
    Requirement.STAGING: lambda site: site.plan.copy is not None and site.plan.copy.staging is not None,
    Requirement.REGISTRY_DISK: lambda site: site.plan.registry is not None and site.plan.registry.disk is not None,
    Requirement.SOURCE: lambda site: Place.SOURCE in site.places,
    Requirement.COPIES: lambda site: bool({Place.TARGET, Place.ARCHIVES} & site.places),
    Requirement.TARGET: lambda site: site.target is not None,
    Requirement.ARCHIVES: lambda site: Place.ARCHIVES in site.places,
    Requirement.COPY_TOOL: lambda site: site.transfer is not None,
    Requirement.COPY_SCRIPTS: lambda site: site.plan.copy is not None and bool(site.plan.copy.scripts),
    Requirement.TO_COPY: lambda site: bool({Place.SOURCE, Place.ARCHIVES} & site.places),
    Requirement.REGISTRY_KIND: lambda site: site.plan.registry is not None and site.plan.registry.kind is not None,
    Requirement.DISTRIBUTION_CONFIG: lambda site: _has_distribution(site.plan),
    Requirement.COPY_WINDOW: lambda site: (
        site.plan.copy is not None and None not in (site.plan.copy.rate, site.plan.copy.window)
    ),
    Requirement.DOCKER: lambda site: any(program.name == "docker" for program in site.programs),
    Requirement.CLUSTER: lambda site: site.plan.cluster is not None,
    Requirement.IMPORTS: lambda site: bool(site.plan.copy and site.plan.copy.archives) and site.preloads.are_only_imported,
    Requirement.LIMITS: lambda site: site.plan.copy is not None or site.plan.registry is not None,
    Requirement.REGISTRY_LOGIN: lambda site: (
        site.plan.registry is not None and (site.plan.registry.auth == "required" or bool(site.login_sign))
    ),
    Requirement.TOKEN: lambda site: site.plan.registry is not None and site.plan.registry.token_expires is not None,
    Requirement.CARRIED_CERTIFICATES: lambda site: bool(site.carried_certificates or site.plan.signing_roots),
    Requirement.ENDPOINTS: lambda site: bool(site.endpoints),
    Requirement.CONFIG_FILES: lambda site: bool(site.copy_slips) or any(pool.config for pool in site.plan.pools),
    Requirement.NODE_CONFIG: lambda site: any(pool.config for pool in site.plan.pools),
}
