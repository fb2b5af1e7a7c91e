"""The view of pulls: the TLS endpoint through which a pool's runtime pulls each image."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from auditor.net import remote_of
from auditor.oci.reference import Reference
from auditor.pki.clients import default_clients
from auditor.plan.model import Plan, Pool
from auditor.plan.rewrites import placed
from auditor.site.mirrors import Lead, Mirroring


def runtime_client(pool: Pool) -> str:
    """The TLS client with which a pool pulls images: its runtime, containerd where the plan names none."""
    return default_clients(pool.runtime.name if pool.runtime else "")[0]


@dataclass(frozen=True)
class Pulls:
    """Answers by pool and image. `leads` say whom a node asks, for pools whose configuration the plan names."""

    plan: Plan
    leads: Mapping[tuple[str, Reference], Lead]

    def endpoint(self, pool: str, reference: Reference) -> str:
        """The endpoint as `host:port`; empty if no registry of the plan serves the image, or one without TLS."""
        lead = self.leads.get((pool, reference))
        if lead is not None:
            told = lead.told
            return "" if told is None or told.scheme == "http" else _endpoint(told.host)
        registry = self.plan.registry
        if registry is None or registry.insecure:
            return ""
        return _endpoint(placed(registry, reference).domain)


def pulls(plan: Plan, groups: Iterable[Mirroring]) -> Pulls:
    """The view over the leads of all pools."""
    return Pulls(plan, {(group.pool.name, lead.reference): lead for group in groups for lead in group.leads})


def _endpoint(host: str) -> str:
    """A registry's host as endpoints are named: with its port, 443 if none is written."""
    remote = remote_of(f"https://{host}")
    if remote is None:
        return host
    return f"[{remote.host}]:{remote.port}" if ":" in remote.host else f"{remote.host}:{remote.port}"
