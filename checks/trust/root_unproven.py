"""## What it checks
The root of an endpoint is on the nodes of each Windows pool by more than probability. A handful of public roots were in every
store of an isolated Windows Server that was seen; Microsoft documents none of them.

## Why it matters
The lists of two machines from the same medium differ, because Windows installs roots as it uses them. A site that is built on
"it was there in the lab" fails with `x509: certificate signed by unknown authority` on the first node that lacks it.

## How to fix
Dump the stores of a node as it will go in (`auditor chain --dump-script`) and name the file in the pool's `trust`; or install
the root on every node, which does no harm where it is there.

## When it cannot tell
Nobody looked at what the endpoint serves.

## References
Dumps of isolated Windows Server 2019 and 2022 machines; learn.microsoft.com/answers 209210; facts/windows_roots.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Area, Finding, Fine, Outcome, Part, Remedy, RemedyKind, Role, Severity, Undetermined, define
from auditor.pki.stores.windows_roots import confidence
from auditor.pki.verdicts import Gap, Invalid, Unproven, Verifies
from auditor.site import Requirement, Site
from auditor.site.trust.cases import TrustCase
from checks.endpoints import clients_with, facts_of, install_root, judged, subject_of_pool, symptom_of

ID = "root-unproven"


def _finding(cases: list[TrustCase], verdict: Unproven) -> Finding:
    case, root = cases[0], verdict.path.top
    sure = confidence(root)
    cause = f"{root.name}: {verdict.why} (confidence: {sure})."
    return Finding(
        check=ID,
        severity=Severity.WARNING,
        subject=subject_of_pool(case),
        parts=(
            Part(f"{case.endpoint.name} leads to {cause}", key=cause),
            Part(f"{clients_with(cases)} would fail without it.", Role.EFFECT),
            *symptom_of(case.refusal, case.stall),
        ),
        case=root.sha256,
        facts={**facts_of(case), "anchor": root.name, "sha1": root.sha1, "sha256": root.sha256, "confidence": sure},
        location=case.endpoint.location,
        fold=(cause, *(one.client for one in cases), case.symptom),
        remedy_kind=RemedyKind.INSTALL_ROOT,
        remedies=(
            Remedy(
                "edit",
                f"Dump the stores of a node of {case.pool.name}, and name the file in the pool's `trust`.",
                ("auditor chain --dump-script > windows-trust.ps1",),
            ),
            install_root(case, root.name),
        ),
    )


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """One outcome per endpoint and pool."""
    found: dict[tuple[str, str], tuple[Unproven, list[TrustCase]]] = {}
    fine: set[tuple[str, str]] = set()
    for case in judged(site, ID, today):
        if isinstance(case, Undetermined):
            yield case
            continue
        key = (case.endpoint.name, case.pool.name)
        if isinstance(case.verdict, Unproven) and case.verdict.gap is Gap.PROBABLY_ON_NODE:
            found.setdefault(key, (case.verdict, []))[1].append(case)
        elif case.pool.is_windows and isinstance(case.verdict, Verifies | Invalid):
            fine.add(key)
    for verdict, cases in found.values():
        yield _finding(cases, verdict)
    if fine := fine - found.keys():
        yield Fine(len(fine))


CHECK = define(
    run,
    id=ID,
    title="The root of an endpoint is only probably on Windows nodes",
    family="trust",
    area=Area.TRUST,
    severity=Severity.WARNING,
    requires=(Requirement.ENDPOINTS, Requirement.WINDOWS_POOLS),
)
