"""## What it checks
Evidence shows that the root of each endpoint is on the nodes of each Windows pool. A few public roots were in the store of
every isolated Windows Server that was examined, but Microsoft does not document them.

## Why it matters
Windows installs roots as it uses them. Two machines from the same installation medium can have different roots. A root that
was present in the lab may be missing at the site: `x509: certificate signed by unknown authority`.

## How to fix
Dump the stores of a node in its final state (`auditor chain --dump-script`) and add the file to the pool's `trust`.
Alternatively, install the root on every node; this does no harm if the root is already there.

## When it is undetermined
The endpoint's chain was not observed.

## References
Dumps of isolated Windows Server 2019 and 2022 machines; learn.microsoft.com/answers 209210; facts/windows_roots.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Area, Finding, Fine, Outcome, Part, Remedy, RemedyKind, Role, Severity, Undetermined, define
from auditor.pki.stores.windows_roots import confidence
from auditor.pki.verdicts import Invalid, TrustGap, Unproven, Verifies
from auditor.site import Requirement, Site
from auditor.site.trust.cases import TrustCase
from checks._shared.endpoints import clients_with, facts_of, install_root, judged, subject_of_pool, symptom_of


def _finding(cases: list[TrustCase], verdict: Unproven) -> Finding:
    case, root = cases[0], verdict.path.top
    sure = confidence(root)
    error = case.model.symptom("untrusted", host=case.endpoint.host) if case.model is not None else ""
    cause = f"{root.name}: {verdict.why} (confidence: {sure})."
    return Finding(
        subject=subject_of_pool(case),
        parts=(
            Part(f"The chain of {case.endpoint.name} ends at {cause}", key=cause),
            Part(f"Without this root, {clients_with(cases)} cannot connect.", Role.EFFECT),
            *symptom_of(error, case.stall),
        ),
        case=root.sha256,
        facts={**facts_of(case), "anchor": root.name, "sha1": root.sha1, "sha256": root.sha256, "confidence": sure},
        location=case.endpoint.location,
        fold=(cause, *(one.client for one in cases), case.symptom),
        remedy_kind=RemedyKind.INSTALL_ROOT,
        remedies=(
            Remedy(
                "edit",
                f"Dump the stores of a node of {case.pool.name}, and add the file to the pool's `trust`.",
                ("auditor chain --dump-script > windows-trust.ps1",),
            ),
            install_root(case, root.name),
        ),
    )


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per endpoint and pool."""
    found: dict[tuple[str, str], tuple[Unproven, list[TrustCase]]] = {}
    fine: set[tuple[str, str]] = set()
    for case in judged(site, today):
        if isinstance(case, Undetermined):
            yield case
            continue
        key = (case.endpoint.name, case.pool.name)
        if isinstance(case.verdict, Unproven) and case.verdict.gap is TrustGap.PROBABLY_ON_NODE:
            found.setdefault(key, (case.verdict, []))[1].append(case)
        elif case.pool.is_windows and isinstance(case.verdict, Verifies | Invalid):
            fine.add(key)
    for verdict, cases in found.values():
        yield _finding(cases, verdict)
    yield Fine(len(fine - found.keys()))


CHECK = define(
    run,
    title="Endpoint's root is only probably on Windows nodes",
    holds="Windows nodes certainly have the endpoints' roots",
    area=Area.TRUST,
    severity=Severity.WARNING,
    requires=(Requirement.ENDPOINTS, Requirement.WINDOWS_POOLS),
)
