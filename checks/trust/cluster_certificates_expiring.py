"""## What it checks
The certificates that the distribution issues for its own components are valid until the horizon, or something renews them: a
restart of the service inside the renewal window, a program, or a person. They also survive the time for which the cluster is
switched off.

## Why it matters
API server, kubelet, scheduler and etcd identify themselves with certificates that last one year. No plan lists them. When they
expire, the nodes fail with `x509: certificate has expired or is not yet valid`, and no pod starts. RKE2 and K3s renew them only
when the service starts. Older versions do not start if the certificates expired while the cluster was off.

## How to fix
Declare `cluster.restarts`, and restart the service at least that often. For kubeadm, schedule `kubeadm certs renew all` and
declare `cluster.renewal: manual`. For a cluster that stays off for a long time, use a version that starts with expired
certificates.

## When it is undetermined
The facts do not cover the distribution or its version. Without `cluster.installed`, the day of the audit counts as the day of
installation, and the finding is a warning. Settings that change the validity of certificates are not read.

## References
facts/cluster_certificates.yaml; rancher/rke2#8318; RKE2 documentation, "Certificate Management"; Kubernetes documentation,
"Certificate Management with kubeadm".
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import PASSED, Area, Finding, Outcome, Part, Remedy, Role, Severity, Subject, Undetermined, define
from auditor.evidence.model import Kind
from auditor.facts.lookup import Gap
from auditor.plan.model import Cluster, Plan
from auditor.site import Requirement, Site
from auditor.site.calendar.calendar_entries import Renewal
from auditor.site.calendar.cluster_certificates import ClusterCertificates, cluster_certificates
from auditor.text import many
from checks._shared.ending import before, ending, kept


def _subject(cluster: Cluster) -> Subject:
    return Subject("cluster", f"{cluster.distribution} {cluster.version}")


def _finding(
    plan: Plan, found: ClusterCertificates, case: str, severity: Severity, cause: str, remedies: tuple[Remedy, ...]
) -> Finding:
    symptom = found.life.symptom
    shown = severity is not Severity.INFO and symptom
    return Finding(
        severity=severity,
        subject=_subject(found.cluster),
        parts=(Part(cause), *((Part(f"Error on the node: `{symptom}`.", Role.SYMPTOM),) if shown else ())),
        case=case,
        facts={
            "issued": found.issued.isoformat(),
            "assumed": found.is_assumed,
            "ends": found.ends.isoformat(),
            "valid_days": found.life.valid_days,
            "renew_days": found.life.renew_days,
            "off_days": found.off_days,
        },
        location=plan.where("cluster"),
        remedies=remedies,
    )


def _renewing(found: ClusterCertificates) -> tuple[Remedy, ...]:
    cluster, life = found.cluster, found.life
    if life.renews == "start":
        text = (
            f"Restart {cluster.distribution} on each node at least every {life.renew_days} days, servers first, and declare "
            f"`restarts: {life.renew_days}d` under `cluster`."
        )
        return (Remedy("edit", text),)
    text = (
        f"Renew the certificates before {found.ends} on each control plane node, and declare `renewal: manual` under `cluster`."
    )
    return (Remedy("edit", text, (life.command,)),)


def _running(plan: Plan, found: ClusterCertificates, today: datetime.date, horizon: datetime.date) -> Finding | None:
    """Return the finding about a cluster that runs until the horizon, or None if its certificates last or are renewed."""
    cluster, life = found.cluster, found.life
    if found.ends >= horizon or found.renewal_while_on is Renewal.AUTOMATIC:
        return None
    severity = ending(plan, found.renewal_while_on, is_sure=not found.is_assumed and life.confidence != "low")
    if severity is None:
        return None
    is_over = found.ends < today and found.renewal_while_on is not Renewal.MANUAL
    since = f"issued on {found.issued}" if not found.is_assumed else f"issued on {found.issued} (assumed: no `installed`)"
    when = f"expired on {found.ends}" if is_over else f"expire on {found.ends}, {before(horizon)}"
    if life.renews == "command":
        how = f"Only an upgrade or `{life.command}` renews them."
    elif cluster.restarts is not None:
        every = cluster.restarts // 86_400
        how = f"A start renews them in their last {life.renew_days} days, but a restart may come only every {every} days."
    else:
        how = f"A start of the service renews them in their last {life.renew_days} days, and the plan declares no `restarts`."
    cause = f"The certificates of {cluster.distribution}, {since}, {when}. {how}{kept(found.renewal_while_on)}"
    return _finding(plan, found, "running", Severity.ERROR if is_over else severity, cause, _renewing(found))


def _switched_off(plan: Plan, found: ClusterCertificates) -> Finding | None:
    """Return the finding about a cluster that is off for long, or None if it starts again."""
    cluster, life = found.cluster, found.life
    if not found.fails_after_off:
        return None
    is_certain = found.expires_while_off and life.confidence != "low"
    expire = "expire" if found.expires_while_off else "may expire"
    off = many(found.off_days, "day")
    cause = (
        f"{cluster.distribution} {cluster.version} is off for up to {off}. Its certificates last {life.valid_days} days and "
        f"{expire} in that time. This version does not start with expired certificates."
    )
    if life.renews == "command":
        remedy = Remedy("edit", "After switching on, renew the certificates on each control plane node.", (life.command,))
    else:
        remedy = Remedy(
            "upgrade",
            f"Use a version of {cluster.distribution} from June 2025 or later: 1.30.14, 1.31.10, 1.32.6, 1.33.2 or any later "
            "branch. Otherwise switch the cluster on before its certificates expire.",
            (life.command,),
        )
    severity = Severity.ERROR if is_certain else Severity.WARNING
    return _finding(plan, found, "off", severity, cause, (remedy,))


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome for the certificates while the cluster runs, and one for the time for which it is off."""
    plan = site.plan
    found = cluster_certificates(plan, today)
    if plan.cluster is None or found is None:
        return
    if isinstance(found, Gap):
        yield Undetermined(_subject(plan.cluster), Kind.UNSUPPORTED, found.why, location=plan.where("cluster"))
        return
    off = _switched_off(plan, found)
    if found.off_days:
        yield off or PASSED
    if off is None or found.cluster.restarts is not None:
        yield _running(plan, found, today, plan.horizon_from(today)) or PASSED


CHECK = define(
    run,
    title="Certificates of the cluster expire before the horizon",
    holds="The cluster's certificates are valid until the horizon",
    area=Area.CALENDAR,
    severity=Severity.ERROR,
    requires=(Requirement.CLUSTER,),
)
