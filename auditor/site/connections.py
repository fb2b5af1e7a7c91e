"""The view of external connections: who opens each, for what, and what happens if it is blocked."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from auditor.net import Connection, ConnectionKind, Remote, remote_of
from auditor.site import trust
from auditor.site.layers import LayerEgress
from auditor.site.mirrors import PullRoute
from auditor.transfer.pull import PullRule

if TYPE_CHECKING:
    from auditor.site.site import Site
    from auditor.site.trust.cases import TrustCase
    from auditor.site.trust.url_requests import Purpose

LINES = 10
_PURPOSES: Mapping[str, str] = {
    "issuer": "to find the issuer of a certificate of",
    "root": "to find the root of",
    "revocation": "to check revocation for",
}


def connections_of(site: Site, today: datetime.date) -> Iterator[Connection]:
    """Yield every connection to an external host that a node, a script or a controller of the plan opens."""
    yield from _layers(site)
    yield from _mirrors(site)
    yield from _trust(site, today)
    yield from _charts(site)
    yield from _registry_clients(site)
    yield from _scripts(site)
    yield from _registry(site)
    yield from _pods(site)


def _layers(site: Site) -> Iterator[Connection]:
    """Yield one connection per host and pool, with every image whose layers cause it."""
    images: dict[tuple[Remote, str], dict[str, None]] = {}
    first: dict[tuple[Remote, str], LayerEgress] = {}
    for egress in site.layer_egress:
        for remote in egress.remotes:
            first.setdefault((remote, egress.pool), egress)
            images.setdefault((remote, egress.pool), {}).update(dict.fromkeys(egress.images))
    for (remote, pool), egress in first.items():
        yield Connection(
            remote,
            who=f"{pool} ({egress.runtime})",
            why=f"layers of {', '.join(images[remote, pool])}",
            when_blocked=egress.rule.when_blocked if isinstance(egress.rule, PullRule) else "unknown for this runtime",
            kind=ConnectionKind.LAYER,
        )


def _mirrors(site: Site) -> Iterator[Connection]:
    """Yield the external registries that nodes request, by configuration or because no mirror is configured."""
    for group in site.mirroring:
        lead = group.first
        fails = lead.way is not PullRoute.FALLS_BACK
        blocked = "the pull fails" if fails else "if the mirror lacks an image, the pull waits for this host and then fails"
        for one in lead.outside:
            if (remote := remote_of(one.url)) is not None:
                who, why = f"{group.pool.name} (container runtime)", f"images of {group.registry}"
                yield Connection(remote, who, why, blocked, ConnectionKind.REGISTRY)


def _trust(site: Site, today: datetime.date) -> Iterator[Connection]:
    """Yield the URLs that TLS clients download while they verify an endpoint."""
    for case in site.trust(today):
        for one in case.requested:
            remote = remote_of(one.url)
            if remote is not None and not one.inside:
                yield Connection(
                    remote,
                    who=f"{case.pool.name} ({case.client})",
                    why=f"{_PURPOSES[one.purpose.value]} {case.endpoint.name}",
                    when_blocked=_when_blocked(case, one.purpose),
                    kind=_kind_of(case, one.purpose),
                )


def _when_blocked(case: TrustCase, purpose: Purpose) -> str:
    if case.prospect is trust.Prospect.VERIFIES:
        from auditor.pki.clients import cryptoapi_wait  # noqa: PLC0415 - a plain list has no TLS client

        asked = "continues without an answer" if purpose is trust.Purpose.REVOCATION else "then uses its configured CA file"
        return f"the client waits up to {cryptoapi_wait()} seconds, and {asked}"
    return case.symptom or "the connection stalls until the client gives up"


def _kind_of(case: TrustCase, purpose: Purpose) -> ConnectionKind:
    match purpose:
        case trust.Purpose.REVOCATION:
            return ConnectionKind.REVOCATION
        case trust.Purpose.ISSUER if isinstance(case.verdict, trust.Incomplete):
            return ConnectionKind.ISSUER
        case _:
            return ConnectionKind.ROOT_UPDATE if trust.needs_windows_update(case) else ConnectionKind.UNKNOWN_ROOT


def _charts(site: Site) -> Iterator[Connection]:
    for fetch in site.chart_fetches.outside if site.plan.workloads else ():
        field = fetch.source.field
        who = f"{fetch.source.owner} ({field.who})"
        yield Connection(fetch.remote, who, fetch.source.what, field.when_blocked, ConnectionKind.CHART)


def _registry_clients(site: Site) -> Iterator[Connection]:
    """Yield the external registries that controllers of the workloads request from their pods."""
    for case in site.client_cases:
        is_own = case.is_external and "chart" not in case.use.row.external_by
        if is_own and (remote := remote_of(f"https://{case.requested_host}/v2/")) is not None:
            who = f"{case.use.owner} ({case.use.row.program})"
            yield Connection(remote, who, "manifests of images", case.use.row.effect, ConnectionKind.REGISTRY_CLIENT)


def _scripts(site: Site) -> Iterator[Connection]:
    for script in site.script_downloads:
        blocked = "the script fails, on the connected side" if script.is_connected else "the script fails"
        for found in script.outside:
            lines = ", ".join(str(line.line) for line in found.lines[:LINES])
            who = f"{script.read.path} ({found.download.program})"
            yield Connection(found.remote, who, f"a download, line {lines}", blocked, ConnectionKind.DOWNLOAD)


def _registry(site: Site) -> Iterator[Connection]:
    remote, registry = site.registry_remote, site.plan.registry
    if remote is not None and registry is not None:
        why, blocked = "it is a pull-through cache of that registry", "it does not start"
        yield Connection(remote, f"{registry.host} (the internal registry)", why, blocked, ConnectionKind.CACHED_REGISTRY)


def _pods(site: Site) -> Iterator[Connection]:
    for found in site.pod_downloads.found if site.plan.workloads else ():
        for remote in found.remotes:
            yield Connection(remote, found.subject, found.does, found.when_blocked, ConnectionKind.POD_DOWNLOAD)
