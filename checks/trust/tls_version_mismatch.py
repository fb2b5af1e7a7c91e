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
from auditor.evidence.model import Kind
from auditor.plan.model import Endpoint, Pool
from auditor.site import Requirement, Site
from auditor.site.trust.cases import TrustCase
from auditor.site.trust.served import Unseen
from auditor.site.trust.versions import NEW, OLD, Offered, Speech, offered_by
from checks.endpoints import cases_by_endpoint, endpoint_subject, unseen

ID = "tls-version-mismatch"


def _finding(endpoint: Endpoint, pool: Pool, offered: Offered, clients: tuple[str, ...]) -> Finding:
    why = "Windows has TLS 1.3 from Server 2022 on" if NEW in offered.versions else "no current client speaks that"
    return Finding(
        check=ID,
        severity=Severity.ERROR,
        subject=Subject("endpoint", endpoint.name, str(pool.platform), pool.name),
        message=f"{endpoint.name} offers {offered.shown} only, and {why}: {', '.join(clients)} on {pool.name} cannot connect.",
        case=offered.shown,
        facts={"versions": offered.versions, "clients": clients},
        location=endpoint.location,
        remedies=(Remedy("edit", f"Let {endpoint.name} offer TLS 1.2 beside TLS 1.3, and reload it."),),
    )


def _unknown(pool: Pool, offered: Offered) -> str:
    if NEW not in offered.versions:
        return f"only {offered.versions[0]} was agreed, and nobody tried the others"
    if not offered.is_all:
        return f"whether it offers {OLD} as well was not tried"
    return f"it offers {NEW} only, and the plan does not say whether {pool.name} runs a Windows that has it"


def _of_pool(endpoint: Endpoint, pool: Pool, cases: list[TrustCase]) -> Outcome | None:
    """The outcome for the clients of one pool; None if the facts know none of them."""
    offered = next((case.offered for case in cases if isinstance(case.offered, Offered)), None)
    if offered is None:
        return None
    if refused := tuple(case.client for case in cases if case.speech is Speech.NO):
        return _finding(endpoint, pool, offered, refused)
    if any(case.speech is Speech.UNKNOWN for case in cases):
        subject = Subject("endpoint", endpoint.name, str(pool.platform), pool.name)
        return Undetermined(ID, subject, Kind.MISSING_EVIDENCE, _unknown(pool, offered))
    return Fine()


def _outcomes(site: Site, endpoint: Endpoint, cases: tuple[TrustCase, ...]) -> Iterator[Outcome]:
    offered = offered_by(site.evidence, endpoint, site.chains[endpoint])
    if isinstance(offered, Unseen):
        if isinstance(site.chains[endpoint], Unseen):
            yield unseen(ID, endpoint, offered)
        else:
            yield Undetermined(ID, endpoint_subject(endpoint), offered.kind, offered.detail)
        return
    chain = site.chains[endpoint]
    of_pools = (_of_pool(endpoint, pool, [case for case in cases if case.pool is pool]) for pool in site.plan.pools)
    found = [outcome for outcome in of_pools if outcome is not None]
    if not found and cases and isinstance(chain, Unseen):
        yield unseen(ID, endpoint, chain)  # no client was judged without a chain
    yield from found


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """One outcome per endpoint and pool with clients that connect to it."""
    by_endpoint = cases_by_endpoint(site, today)
    for endpoint in site.endpoints:
        yield from _outcomes(site, endpoint, by_endpoint.get(endpoint, ()))


CHECK = define(
    run,
    id=ID,
    title="An endpoint offers no version of TLS that the clients speak",
    family="trust",
    area=Area.TRUST,
    severity=Severity.ERROR,
    requires=(Requirement.ENDPOINTS,),
)
