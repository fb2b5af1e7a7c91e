"""## What it checks
Each endpoint has a cipher suite and a key exchange group in common with the clients of each pool, in the TLS version that both
choose.

## Why it matters
Client and server choose the highest TLS version that both support. If they then have no cipher suite or group in common, the
connection fails, although the certificate is valid. Go programs built for Go 1.22 or newer do not offer RSA key exchange, and
for Go 1.23 or newer not 3DES. Python 3.10 and newer offers no suites with SHA-1. Windows enables only x25519, P-256 and P-384.
The error does not name the cause: `remote error: tls: handshake failure`.

## How to fix
Enable ECDHE suites with AES-GCM for TLS 1.2, and the groups x25519 and P-256: `ssl_ciphers ECDHE+AESGCM;` and
`ssl_ecdh_curve X25519:prime256v1;` in nginx. For Windows, the dump of a node in `trust` shows its own suites and curves.

## When it is undetermined
Versions of the client differ, and the plan does not state the version. Not every suite or group of the endpoint could be
tested. Or the endpoint was not observed. Evidence of an older version of this program has no suites; then only TLS versions are
compared.

## References
golang/go src/crypto/tls/defaults.go; MicrosoftDocs/win32 desktop-src/SecAuthN; facts/tls_offers.yaml, facts/client_go.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Area, Finding, Fine, Outcome, Part, Remedy, Severity, Subject, Undetermined, define
from auditor.evidence.model import Kind
from auditor.plan.model import Endpoint, Pool
from auditor.site import Requirement, Site
from auditor.site.trust.cases import TrustCase
from auditor.site.trust.negotiation import Agreed, Lacking
from auditor.site.trust.tls_versions import Offered
from checks._shared.endpoints import of_each_pool, symptom_of

_OF_SUITES = frozenset({Lacking.SUITE, Lacking.GROUP})


def _finding(endpoint: Endpoint, pool: Pool, cases: list[TrustCase]) -> Finding:
    first = cases[0]
    clients = tuple(dict.fromkeys(case.client for case in cases))
    lacking, why = first.agreement.lacking, first.agreement.why
    sentence = f"{why[0].upper()}{why[1:]}".replace(
        "the client offers", "the client offers" if len(clients) == 1 else "they offer"
    )
    return Finding(
        subject=Subject("endpoint", endpoint.name, str(pool.platform), pool.name),
        parts=(
            Part(f"{endpoint.name} and {', '.join(clients)} on {pool.name} have no {lacking.value} in common. {sentence}."),
            *symptom_of(first.refusal),
        ),
        case=f"{lacking.value} {first.agreement.version}",
        facts={"lacking": lacking.value, "version": first.agreement.version, "clients": clients, "symptom": first.refusal},
        location=endpoint.location,
        remedies=(_remedy(endpoint, lacking),),
    )


def _remedy(endpoint: Endpoint, lacking: Lacking) -> Remedy:
    if lacking is Lacking.GROUP:
        return Remedy("edit", f"Enable the groups x25519 and P-256 on {endpoint.name}, and reload the server.")
    text = f"Enable suites with ECDHE and AES-GCM on {endpoint.name}, in addition to the present ones, and reload the server."
    return Remedy("edit", text, (f"openssl s_client -connect {endpoint.name} -cipher ECDHE+AESGCM </dev/null",))


def _of_pool(endpoint: Endpoint, pool: Pool, cases: list[TrustCase]) -> Iterator[Outcome]:
    """Yield the outcomes for the clients of one pool; nothing if the endpoint's offer was not observed."""
    cases = [case for case in cases if isinstance(case.offered, Offered) and case.model is not None]
    failing: dict[tuple[str, str], list[TrustCase]] = {}
    for case in cases:
        if case.agreement.agreed is Agreed.NO and case.agreement.lacking in _OF_SUITES:
            failing.setdefault((case.agreement.why, case.refusal), []).append(case)
    yield from (_finding(endpoint, pool, alike) for alike in failing.values())
    unknown = [case for case in cases if case.agreement.agreed is Agreed.UNKNOWN and case.agreement.lacking in _OF_SUITES]
    for case in unknown:
        subject = Subject("endpoint", endpoint.name, str(pool.platform), pool.name, case.client)
        yield Undetermined(subject, Kind.MISSING_EVIDENCE, case.agreement.why)
    known = [case for case in cases if isinstance(case.offered, Offered) and case.offered.handshakes is not None]
    if known and not failing and not unknown:
        yield Fine()


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """Return one outcome per endpoint, pool and cause, and one per endpoint that was not observed."""
    return of_each_pool(site, today, _of_pool)


CHECK = define(
    run,
    title="Endpoint and client have no cipher suite in common",
    holds="Endpoints and clients have a cipher suite in common",
    area=Area.TRUST,
    severity=Severity.ERROR,
    requires=(Requirement.ENDPOINTS,),
)
