"""The parts of the JSON report that state what was audited: the evidence, and what the plan declares."""

from __future__ import annotations

from auditor.report import DeclaredSite, EvidenceBasis
from reports.ascii_json import Json


def basis_json(basis: EvidenceBasis) -> Json:
    """Return `evidence_basis`."""
    return {
        "origin": basis.origin,
        "sha256": basis.sha256 or None,
        "sealed": basis.sealed,
        "measured_on": basis.measured_on.isoformat() if basis.measured_on is not None else None,
        "max_age_seconds": basis.max_age or None,
        "timing": basis.timing.value,
        "ages": [
            {
                "what": row.what,
                "oldest": row.oldest.isoformat(),
                "newest": row.newest.isoformat(),
                "days": row.days,
                "can_change": row.can_change,
                "stale": row.is_stale,
            }
            for row in basis.ages
        ],
        "collected_with": basis.collected_with or None,
        "command": basis.command or None,
        "places": list(basis.places),
    }


def declared_json(site: DeclaredSite | None) -> Json | None:
    """Return `declared`, or None for a report that states nothing."""
    if site is None:
        return None
    return {
        "pools": [
            {"name": pool.name, "platform": pool.platform, "nodes": pool.nodes, "runtime": pool.runtime or None}
            for pool in site.pools
        ],
        "distribution": site.distribution or None,
        "registry": site.registry or None,
        "registry_kind": site.registry_kind or None,
        "copy_tool": site.copy_tool or None,
        "archives": list(site.archives),
        "reachable": list(site.reachable),
        "horizon_declared": site.is_horizon_declared,
    }
