"""## What it checks
Each endpoint offers a TLS version that the clients of each pool support: TLS 1.2 or 1.3. Clients that use the Windows TLS
library (Schannel) on Windows Server 2019 or older need TLS 1.2.

## Why it matters
An endpoint that offers only TLS 1.3 works from Linux and from Windows Server 2022. On Server 2019, Windows has no TLS 1.3, so
curl.exe, PowerShell and .NET cannot connect. containerd and kubelet have their own TLS library and support TLS 1.3 there too.
No current client supports TLS 1.1.

## How to fix
Enable TLS 1.2 in addition to TLS 1.3: `ssl_protocols TLSv1.2 TLSv1.3;` in nginx, `minimumTLS: tls1.2` in Distribution.

## When it is undetermined
The TLS versions of the endpoint were not tested, for example because the plan has a chain file for it. The endpoint did not
answer. Or the plan does not state the Windows version of the pool.

## References
curl#8419, curl#22231 (TLS 1.3 in Schannel from Windows Server 2022 on); facts/tls_clients.yaml, facts/schannel_versions.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Area, Finding, Fine, Outcome, Remedy, Severity, Subject, Undetermined, define
from auditor.evidence.model import Kind
from auditor.plan.model import Endpoint, Pool
from auditor.site import Requirement, Site
from auditor.site.trust.cases import TrustCase
from auditor.site.trust.served import Unobserved
from auditor.site.trust.tls_versions import NEW, OLD, Offered, Speech, offered_by
from checks._shared.endpoints import cases_by_endpoint, unobserved, untested


def _finding(endpoint: Endpoint, pool: Pool, offered: Offered, clients: tuple[str, ...]) -> Finding:
    old_windows = NEW in offered.versions
    why = "Windows supports TLS 1.3 from Server 2022 on" if old_windows else "No current client supports these versions"
    return Finding(
        subject=Subject("endpoint", endpoint.name, str(pool.platform), pool.name),
        message=f"{endpoint.name} offers only {offered.shown}. {why}, so {', '.join(clients)} on {pool.name} cannot connect.",
        case=offered.shown,
        facts={"versions": offered.versions, "clients": clients},
        location=endpoint.location,
        remedies=(Remedy("edit", f"Enable TLS 1.2 in addition to TLS 1.3 on {endpoint.name}, and reload the server."),),
    )


def _unknown(pool: Pool, offered: Offered) -> str:
    if NEW not in offered.versions:
        return f"the handshake used {offered.versions[0]}, and no other version was tested"
    if not offered.is_all:
        return f"it was not tested whether it also offers {OLD}"
    return f"it offers only {NEW}, and the plan does not state whether the Windows version of {pool.name} supports it"


def _of_pool(endpoint: Endpoint, pool: Pool, cases: list[TrustCase]) -> Outcome | None:
    """Return the outcome for the clients of one pool, or None if the facts cover none of them."""
    offered = next((case.offered for case in cases if isinstance(case.offered, Offered)), None)
    if offered is None:
        return None
    if refused := tuple(case.client for case in cases if case.speech is Speech.NO):
        return _finding(endpoint, pool, offered, refused)
    if any(case.speech is Speech.UNKNOWN for case in cases):
        subject = Subject("endpoint", endpoint.name, str(pool.platform), pool.name)
        return Undetermined(subject, Kind.MISSING_EVIDENCE, _unknown(pool, offered))
    return Fine()


def _outcomes(site: Site, endpoint: Endpoint, cases: tuple[TrustCase, ...]) -> Iterator[Outcome]:
    offered = offered_by(site.evidence, endpoint, site.chains[endpoint])
    if isinstance(offered, Unobserved):
        yield untested(site, endpoint) or unobserved(endpoint, offered)
        return
    chain = site.chains[endpoint]
    of_pools = (_of_pool(endpoint, pool, [case for case in cases if case.pool is pool]) for pool in site.plan.pools)
    found = [outcome for outcome in of_pools if outcome is not None]
    if not found and cases and isinstance(chain, Unobserved):
        yield unobserved(endpoint, chain)  # without a chain, no client was evaluated
    yield from found


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per endpoint and pool with clients that connect to it."""
    by_endpoint = cases_by_endpoint(site, today)
    for endpoint in site.endpoints:
        yield from _outcomes(site, endpoint, by_endpoint.get(endpoint, ()))


CHECK = define(
    run,
    title="Endpoint offers no TLS version that clients support",
    holds="Endpoints offer a TLS version that clients support",
    area=Area.TRUST,
    severity=Severity.ERROR,
    requires=(Requirement.ENDPOINTS,),
)
