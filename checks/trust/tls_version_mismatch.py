"""## What it checks
Each endpoint offers a version of TLS that the clients of each pool speak: TLS 1.2 or 1.3, and TLS 1.2 where a client on
Windows Server 2019 or older lets Windows speak TLS for it.

## Why it matters
An endpoint that is hardened to TLS 1.3 alone works from Linux and from Windows Server 2022, and refuses curl.exe, PowerShell
and .NET on Server 2019, where Windows has no TLS 1.3. containerd and kubelet bring their own TLS and speak it there too. No
current client speaks TLS 1.1.

## How to fix
Offer TLS 1.2 beside TLS 1.3: `ssl_protocols TLSv1.2 TLSv1.3;` in nginx, `minimumTLS: tls1.2` in Distribution.

## When it cannot tell
Nobody tried which versions the endpoint offers, as with a chain file; it could not be reached; or the plan does not say which
Windows the pool runs.

## References
curl#8419, curl#22231 (TLS 1.3 in Schannel from Windows Server 2022 on); facts/tls_clients.yaml,
facts/schannel_versions.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Area, Finding, Fine, Outcome, Remedy, Severity, Subject, Undetermined, define
from auditor.evidence.model import Absent, ChainSeen, Failed, Kind, Observation, Seen
from auditor.pki.clients import client_model, schannel_speaks
from auditor.plan.model import Endpoint, Pool
from auditor.site import Requirement, Site
from auditor.site.trust.cases import clients_of
from checks.endpoints import endpoint_subject

ID = "tls-version-mismatch"
_OLD, _NEW = "TLSv1.2", "TLSv1.3"


def _schannel(pool: Pool) -> tuple[str, ...]:
    """The clients of a pool for which Windows speaks TLS."""
    models = [client_model(client, "windows") for client in clients_of(pool)] if pool.is_windows else []
    return tuple(model.id for model in models if model is not None and model.tls == "schannel")


def _build(pool: Pool) -> int | None:
    parts = pool.platform.os_version.split(".")
    return int(parts[2]) if len(parts) > 2 and parts[2].isdigit() else None


def _versions(site: Site, endpoint: Endpoint) -> tuple[tuple[str, ...], bool] | Undetermined:
    """The versions that were seen, and whether those are all that it offers."""
    unseen = "nobody tried which versions of TLS it offers"
    match site.evidence.tls_offered(endpoint.name):
        case Seen(offered):
            return offered.versions, True
        case Failed(kind, detail) as failed:
            return Undetermined(ID, endpoint_subject(endpoint), kind, detail, failed.faults)
        case Absent(detail):
            return Undetermined(ID, endpoint_subject(endpoint), Kind.UNREACHABLE, detail or "there is no such endpoint")
        case _:
            agreed = _agreed(site.evidence.chain(endpoint.name) if not endpoint.chain else None)
            return (agreed, False) if agreed else Undetermined(ID, endpoint_subject(endpoint), Kind.MISSING_EVIDENCE, unseen)


def _agreed(chain: Observation[ChainSeen] | None) -> tuple[str, ...]:
    """The version that was agreed when the chain was captured."""
    return (chain.value.protocol,) if isinstance(chain, Seen) and chain.value.protocol else ()


def _finding(endpoint: Endpoint, pool: Pool, versions: tuple[str, ...], clients: tuple[str, ...], why: str) -> Finding:
    offers = ", ".join(versions) or "no version"
    return Finding(
        check=ID,
        severity=Severity.ERROR,
        subject=Subject("endpoint", endpoint.name, str(pool.platform), pool.name),
        message=f"{endpoint.name} offers {offers} only, and {why}: {', '.join(clients)} on {pool.name} cannot connect.",
        case=offers,
        facts={"versions": versions, "clients": clients},
        location=endpoint.location,
        remedies=(Remedy("edit", f"Let {endpoint.name} offer TLS 1.2 beside TLS 1.3, and reload it."),),
    )


def _outcome(endpoint: Endpoint, pool: Pool, versions: tuple[str, ...], *, is_all: bool) -> Outcome:
    subject = Subject("endpoint", endpoint.name, str(pool.platform), pool.name)
    if _OLD in versions:
        return Fine()
    if _NEW not in versions:
        if is_all:
            return _finding(endpoint, pool, versions, clients_of(pool), "no current client speaks that")
        return Undetermined(ID, subject, Kind.MISSING_EVIDENCE, f"only {versions[0]} was agreed, and nobody tried the others")
    clients, speaks = _schannel(pool), schannel_speaks(_NEW, _build(pool))
    if not clients or speaks:
        return Fine()
    if not is_all:
        return Undetermined(ID, subject, Kind.MISSING_EVIDENCE, f"whether it offers {_OLD} as well was not tried")
    if speaks is None:
        why = f"it offers {_NEW} only, and the plan does not say whether {pool.name} runs a Windows that has it"
        return Undetermined(ID, subject, Kind.MISSING_EVIDENCE, why)
    return _finding(endpoint, pool, versions, clients, "Windows has TLS 1.3 from Server 2022 on")


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """One outcome per endpoint and pool."""
    del today
    for endpoint in site.plan.endpoints:
        found = _versions(site, endpoint)
        if isinstance(found, Undetermined):
            yield found
        else:
            yield from (_outcome(endpoint, pool, found[0], is_all=found[1]) for pool in site.plan.pools)


CHECK = define(
    run,
    id=ID,
    title="An endpoint offers no version of TLS that the clients speak",
    family="trust",
    area=Area.TRUST,
    severity=Severity.ERROR,
    requires=(Requirement.ENDPOINTS,),
)
