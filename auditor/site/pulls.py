"""The view of pulls: the TLS endpoint through which a pool's runtime pulls each image."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from auditor.net import authority
from auditor.oci.reference import Reference
from auditor.plan.model import Endpoint, Plan, Pool
from auditor.plan.rewrites import placed
from auditor.site.mirrors import Lead, Mirroring


def runtime_client(pool: Pool) -> str:
    """Return the TLS client that pulls images for a pool: its runtime, by default containerd."""
    from auditor.pki.clients import default_clients  # noqa: PLC0415 - a plain list has no TLS client

    return default_clients(pool.runtime.name if pool.runtime else "")[0]


@dataclass(frozen=True)
class Pulls:
    """Answers by pool and image. `leads` list the hosts that a node requests, for pools with a configuration in the plan.

    `names` maps canonical host and port to the site's endpoint names, because a node configuration may spell them otherwise.
    """

    plan: Plan
    leads: Mapping[tuple[str, Reference], Lead]
    names: Mapping[tuple[str, int], str]

    def endpoint(self, pool: str, reference: Reference) -> str:
        """Return the endpoint's name, or an empty string if no registry of the plan serves the image over TLS."""
        lead = self.leads.get((pool, reference))
        if lead is not None:
            deciding = lead.deciding
            return "" if deciding is None or deciding.scheme == "http" else self._endpoint(deciding.host)
        registry = self.plan.registry
        if registry is None or registry.insecure:
            return ""
        return self._endpoint(placed(registry, reference).domain)

    def _endpoint(self, host: str) -> str:
        name, port = authority(host)
        return self.names.get((name, port)) or (f"[{name}]:{port}" if ":" in name else f"{name}:{port}")


def pulls(plan: Plan, groups: Iterable[Mirroring], endpoints: Iterable[Endpoint]) -> Pulls:
    """Return the view over the leads of all pools."""
    leads = {(group.pool.name, lead.reference): lead for group in groups for lead in group.leads}
    return Pulls(plan, leads, {authority(endpoint.name): endpoint.name for endpoint in endpoints})
