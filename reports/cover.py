"""The cover of a report for people who file and sign it: what was audited, with which evidence, how, and with which limits."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.report import DeclaredSite, Place, Report, Timing
from auditor.text import format_size, listed, many
from reports import basis

_PLACES = {Place.SOURCE: "source registries", Place.TARGET: "internal registry", Place.ARCHIVES: "archives"}
_NOT_RECORDED = "not recorded in this evidence"
SIGNATURES = ("Evidence collected by", "Report reviewed by", "Verdict accepted by")

Row = tuple[str, tuple[str, ...]]  # a label and its lines


def site_rows(report: Report) -> tuple[Row, ...]:
    """Return what the plan declares about the site. What it does not declare says so, because nothing was assumed."""
    site = report.declared
    if site is None:
        return ()
    registry = " ".join(filter(None, (site.registry, f"({site.registry_kind})" if site.registry_kind else "")))
    horizon = report.horizon.isoformat()
    return (
        (many(len(site.pools), "Pool"), tuple(_pool_lines(site))),
        ("Distribution", (site.distribution or "not declared",)),
        ("Internal registry", (registry or "not declared",)),
        ("Copy tool", (site.copy_tool or "not declared",)),
        *([("Archives", site.archives)] if site.archives else []),
        ("Assumed reachable", (", ".join(site.reachable) or "nothing besides the hosts of the plan",)),
        ("Horizon", (horizon if site.is_horizon_declared else f"{horizon} (not declared: one year after the audit)",)),
    )


def _pool_lines(site: DeclaredSite) -> Iterator[str]:
    for pool in site.pools:
        yield f"{pool.name}: {many(pool.nodes, 'node')}, {pool.platform}, {pool.runtime or 'runtime not declared'}"


def evidence_rows(report: Report) -> tuple[Row, ...]:
    """Return what identifies the inputs of the audit, and who collected them, as far as the evidence records it."""
    used = report.basis
    rows: list[Row] = []
    if source := basis.source_line(report):
        rows.append(("Evidence", (source,)))
        places = listed([_PLACES[place] for place in used.places])
        rows.append(("Collected from", (places or _NOT_RECORDED,)))
        tool = f"airgap-auditor {used.collected_with}" if used.collected_with else _NOT_RECORDED
        rows.append(("Collected with", (tool,)))
        rows.append(("Command", (used.command or _NOT_RECORDED,)))
        rows.append(("Collected by", ("the evidence does not record a person; see the signatures",)))
    else:
        rows.append(("Evidence", ("none: only the plan and its files were evaluated",)))
    if used.ages and used.measured_on is not None:
        rows.append((f"Age on {used.measured_on.isoformat()}", (*basis.age_lines(report), *filter(None, [_timing(report)]))))
    rows.append(("Plan", (report.plan_path or "none (image lists only)", *_hash_line(report.plan_sha256))))
    if report.facts is not None:
        facts = report.facts
        rows.append(("Facts", (f"as of {facts.as_of.isoformat()}", *_hash_line(facts.digest), *_overlays(report))))
    rows.append(("Audited with", (f"airgap-auditor {report.tool_version}, as of {report.audited_at.isoformat()}",)))
    return tuple(rows)


def _timing(report: Report) -> str:
    return basis.timing_line(report) if report.basis.timing is not Timing.CURRENT else ""


def _hash_line(digest: str) -> tuple[str, ...]:
    return (f"SHA-256 {digest}",) if digest else ()


def _overlays(report: Report) -> tuple[str, ...]:
    overlays = report.facts.overlays if report.facts is not None else ()
    return (f"with {listed(overlays)}",) if overlays else ()


def method(report: Report) -> tuple[str, ...]:
    """Return how the audit works, as paragraphs."""
    checks = many(len(report.checks), "check")
    facts = f", as of {report.facts.as_of.isoformat()}" if report.facts is not None else ""
    return (
        (
            "The auditor reads the plan and the files that the plan names: image lists, workloads, scripts, certificates, "
            "and the configuration of nodes and registry. It resolves which image each pool needs, on which platform, and why."
        ),
        (
            "The evidence consists of read-only requests to registries, archives and TLS endpoints: tags, manifests, sizes, "
            "certificate chains, CRLs. Each observation has a time and a source. The auditor runs no image and changes nothing."
        ),
        (
            f"{checks[:1].upper()}{checks[1:]} examine the plan and the evidence. A check passes only with evidence. "
            "Without it, the outcome is undetermined, and this never counts as a pass. Equal inputs give an equal report."
        ),
        (
            "The behaviour of runtimes, copy tools, registries, distributions and Windows comes from tables of facts"
            f"{facts}. Each row names its source and the versions that it holds for. Beyond them, the outcome is undetermined."
        ),
        (
            f"A site is ready only if no finding reaches the severity `{report.fail_on.value}` and no outcome is "
            "undetermined. The verdict covers only the areas that were examined."
        ),
    )


def limits(report: Report) -> tuple[str, ...]:
    """Return what the audit cannot state, one sentence or two for each limit."""
    estimated = sum(stage.estimated for stage in report.storage.values())
    accepted = len(report.accepted_faults)
    lines = [
        "The auditor examines the plan and the evidence, not the running site. What the plan leaves out was not examined.",
        "Evidence shows the state at the time of collection. What changed since then is unknown.",
        "Programs inside images may connect to hosts that no manifest, script or certificate names.",
        "Load, name resolution, clocks and the media themselves were not tested.",
    ]
    if estimated:
        lines.append(f"Storage includes {format_size(estimated)} of estimated sizes; the storage section names their source.")
    if accepted:
        lines.append(f"{many(accepted, 'accepted finding')} would otherwise make the site not ready. The faults remain.")
    return tuple(lines)
