"""The certificates that a distribution issues for its own components: when they expire, and what renews them."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Literal

from auditor.facts import table
from auditor.facts.lookup import Gap, GapKind, rows_at
from auditor.facts.versions import Versioned
from auditor.needs.default_facts import distribution_named
from auditor.plan.model import Cluster, Plan
from auditor.site.calendar.calendar_entries import Renewal, renewal_of

DAY = 86_400  # seconds


class CertificateLife(Versioned, frozen=True, kw_only=True):
    """How long the certificates of a distribution last, and what renews them. The table explains the columns."""

    distribution: str
    valid_days: int
    ca_days: int
    renews: Literal["start", "command"]
    starts_expired: bool
    command: str
    renew_days: int = 0
    symptom: str = ""


class KubernetesSupport(Versioned, frozen=True, kw_only=True):
    """The day on which the Kubernetes project stops patching a minor release."""

    ends: datetime.date


@dataclass(frozen=True, slots=True)
class ClusterCertificates:
    """The certificates of the plan's cluster. `is_assumed`: the plan does not state when it issued them."""

    cluster: Cluster
    life: CertificateLife
    issued: datetime.date
    is_assumed: bool

    @property
    def ends(self) -> datetime.date:
        """Return the day on which the certificates expire unless they are renewed."""
        return self.issued + datetime.timedelta(days=self.life.valid_days)

    @property
    def ca_ends(self) -> datetime.date:
        """Return the day on which the CAs expire."""
        return self.issued + datetime.timedelta(days=self.life.ca_days)

    @property
    def restarts_suffice(self) -> bool:
        """Return whether every certificate is within the window of a restart before it expires."""
        every = self.cluster.restarts
        return self.life.renews == "start" and every is not None and every <= self.life.renew_days * DAY

    @property
    def renewal_while_on(self) -> Renewal:
        """Return who renews the certificates while the cluster runs."""
        return Renewal.AUTOMATIC if self.restarts_suffice else renewal_of(self.cluster.renewal)

    @property
    def renewal(self) -> Renewal:
        """Return who renews the certificates. Nothing does if they may expire while the cluster is off and it then fails."""
        return Renewal.NONE if self.fails_after_off else self.renewal_while_on

    @property
    def fails_after_off(self) -> bool:
        """Return whether the cluster may not start again after the longest time for which it is off."""
        return bool(self.off_days) and not self.life.starts_expired and self.may_expire_while_off

    @property
    def off_days(self) -> int:
        """Return the longest time for which the cluster is off, in days; 0 if the plan states none."""
        return (self.cluster.switched_off or 0) // DAY

    @property
    def expires_while_off(self) -> bool:
        """Return whether every certificate expires while the cluster is off, even one issued on the last day before."""
        return self.off_days >= self.life.valid_days

    @property
    def may_expire_while_off(self) -> bool:
        """Return whether a certificate with the least remaining validity expires while the cluster is off."""
        every = (self.cluster.restarts or 0) // DAY
        least = max(0, self.life.renew_days - every) if self.restarts_suffice else 0
        return self.off_days > least


def cluster_certificates(plan: Plan, today: datetime.date) -> ClusterCertificates | Gap | None:
    """Return the certificates of the plan's cluster, why they are unknown, or None without a cluster."""
    cluster = plan.cluster
    if cluster is None:
        return None
    named = distribution_named(cluster.distribution)
    rows: tuple[CertificateLife, ...] = table("cluster_certificates", CertificateLife)
    name = named.name if named is not None else cluster.distribution
    own = [row for row in rows if row.distribution == name]
    if not own:
        return Gap(GapKind.UNLISTED, f"the facts do not state how long the certificates of {cluster.distribution} last")
    found = rows_at(own, cluster.version, name)
    if found.first is None:
        return found.gap or Gap(GapKind.UNCOVERED, f"the facts do not cover {name} {cluster.version}")
    return ClusterCertificates(cluster, found.first, cluster.installed or today, cluster.installed is None)


def kubernetes_support(plan: Plan) -> KubernetesSupport | None:
    """Return when support for the cluster's Kubernetes release ends, or None if it is unknown."""
    cluster = plan.cluster
    named = distribution_named(cluster.distribution) if cluster is not None else None
    if cluster is None or named is None or named.numbering != "kubernetes":
        return None
    rows: tuple[KubernetesSupport, ...] = table("kubernetes_support", KubernetesSupport)
    return rows_at(rows, cluster.version, "kubernetes").first
