"""## What it checks
Controllers that request registries from their own pod reach the internal registry, verify its certificate and log in to it. The
facts name these controllers and the objects that make them do so: Flux, Argo CD and its image-updater, Knative, Kyverno,
policy-controller, Trivy operator, Crossplane, CDI, kpack, Keel, OLM, Rancher, Tekton, OpenShift.

## Why it matters
A pod uses neither the mirrors of the nodes (hosts.toml, registries.yaml) nor their CAs: the container image has a CA bundle of
its own. The controller therefore connects to the registry in the object, for example `ghcr.io`, although nodes pull the same
image from a mirror. Some of these controllers are admission webhooks, so no pod starts. `chart-repository-egress` and
`signature-unverifiable` report external hosts of charts and of signatures.

## How to fix
Name the internal registry in the object and in the images of pods. Give the controller the CA and a login with the setting
from the finding.

## When it is undetermined
The workloads do not contain the controller's Deployment, so it is unknown whether it mounts a CA. The certificate of the
internal registry was not observed, and `registry.ca` is not set. The registry in the object is a variable. A webhook or an
ImageConfig may replace it.

## References
facts/registry_clients.yaml; knative/serving#16282; fluxcd/source-controller#1049; fluxcd/flux2#3417; kyverno.io "Verify
Images Rules"; knative.dev "Tag resolution".
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import (
    PASSED,
    Area,
    ConnectionKind,
    Finding,
    Kind,
    Outcome,
    Part,
    Remedy,
    Role,
    Severity,
    Subject,
    Undetermined,
    define,
)
from auditor.site import Requirement, Site
from auditor.site.registry_cases import ClientCase, ClientFault
from auditor.text import listed

_SHOWN = 3
_CAUSES = {
    ClientFault.CA: "tls: failed to verify certificate: x509: certificate signed by unknown authority",
    ClientFault.LOGIN: "401 Unauthorized",
}


def _the(program: str) -> str:
    """Return a program with its article, unless it is a proper name."""
    return f"the {program}" if program[:1].islower() else program


def _starting(text: str) -> str:
    return text[:1].upper() + text[1:]


def _what(case: ClientCase) -> str:
    row = case.use.row
    # The tag of a field is often a range, or missing.
    names = [image.repository if row.asks == "field" else str(image) for image in case.images]
    for_images = f" for {listed(names, _SHOWN)}" if names else ""
    by = "" if case.use.owner == row.program else f" because of {case.use.owner}"
    return f"{_starting(_the(row.program))} itself requests {case.requested_host}{for_images}{by}"


def _parts(case: ClientCase) -> tuple[Part, ...]:
    row, host = case.use.row, case.requested_host
    if case.fault is ClientFault.EXTERNAL:
        why = f"Mirrors of the nodes do not apply to a pod, and {host} is an external host"
        cause = f"dial tcp: lookup {host}: no such host"
    elif case.fault is ClientFault.CA:
        why = f"A pod has a CA bundle of its own, without the CA of {host}"
        cause = _CAUSES[case.fault]
    else:
        why = f"It does not use the logins of the nodes, and {host} requires a login"
        cause = _CAUSES[case.fault]
    image = str(case.images[0]) if case.images else host
    error = row.error.format(host=host, image=image, cause=cause)
    return (
        Part(f"{_what(case)}."),
        Part(f"{why}, so {row.effect}.", Role.EFFECT),
        Part(f"Error of the controller: `{error}`.", Role.SYMPTOM),
    )


def _remedies(case: ClientCase, registry: str) -> Iterator[Remedy]:
    row = case.use.row
    if case.fault is ClientFault.CA:
        yield Remedy("edit", f"Give {_the(row.program)} the CA of {case.host}: set {row.ca_setting}.")
    elif case.fault is ClientFault.LOGIN:
        yield Remedy("edit", f"Give {_the(row.program)} a login for {case.host}: set {row.login_setting}.")
    else:
        where = "the images of the pods" if row.asks == "pods" else case.use.owner
        yield Remedy("edit", f"Name {registry or 'the internal registry'} instead of {case.host} in {where}.")
        if row.remedy:
            yield Remedy("edit", row.remedy)


def _severity(case: ClientCase) -> Severity:
    row = case.use.row
    is_certain = row.confidence != "low" and row.blocks and case.use.enforced
    return Severity.ERROR if is_certain else Severity.WARNING


def _finding(case: ClientCase, registry: str) -> Finding:
    row = case.use.row
    return Finding(
        severity=_severity(case),
        subject=_subject(case),
        parts=_parts(case),
        case=f"{row.program} {case.fault.value} {case.host}",
        facts={
            "program": row.program,
            "host": case.host,
            "images": tuple(str(image) for image in case.images),
            "ca_setting": row.ca_setting,
            "login_setting": row.login_setting,
            "source": row.source,
            "confidence": row.confidence,
        },
        location=case.location,
        remedies=tuple(_remedies(case, registry)),
        affects=(),
    )


def _subject(case: ClientCase) -> Subject:
    return Subject("workload", case.use.owner)


def _doubt(case: ClientCase) -> Undetermined:
    program = _starting(_the(case.use.row.program))
    detail = f"{program} itself requests {case.requested_host or 'a registry'}: {case.doubt}"
    return Undetermined(_subject(case), Kind.MISSING_EVIDENCE, detail, location=case.location, affects=())


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per object and registry host."""
    registry = site.plan.registry.host if site.plan.registry is not None else ""
    for case in site.client_cases:
        if case.fault is ClientFault.PASSED:
            yield PASSED
        elif case.fault is ClientFault.UNKNOWN:
            yield _doubt(case)
        elif case.fault is not ClientFault.REPORTED:
            yield _finding(case, registry)


CHECK = define(
    run,
    title="Controller requests a registry without mirror, CA or login",
    holds="Controllers reach their registries with CA and login",
    area=Area.WORKLOADS,
    severity=Severity.ERROR,
    requires=(Requirement.WORKLOAD_FILES,),
    connections=(ConnectionKind.REGISTRY_CLIENT,),
)
