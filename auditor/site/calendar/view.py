"""Collect everything that ends: certificates, CRLs, tokens, support, waivers."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from auditor.errors import unexpected
from auditor.oci.windows import release_of, split_version
from auditor.pki.certificate import Certificate
from auditor.pki.loading import load_certificates
from auditor.pki.trust_store import linux_public
from auditor.plan.model import Endpoint
from auditor.plan.plan_paths import is_inside
from auditor.site.calendar.cluster import ClusterCertificates, cluster_certificates, kubernetes_support
from auditor.site.calendar.entries import Basis, CalendarEntry, EntryKind, Renewal, renewal_of
from auditor.site.trust.served import Served, Unobserved

if TYPE_CHECKING:
    from auditor.site.site import Site


def calendar_of(site: Site, today: datetime.date) -> tuple[CalendarEntry, ...]:
    """Return everything that ends, by date and name. What was not observed has no entry."""
    found = (
        *_of_endpoints(site, today),
        *_of_cluster(site, today),
        *deployed(site),
        *signing_roots(site),
        *_of_token(site),
        *_of_support(site),
        *_of_waivers(site),
    )
    return tuple(sorted(found, key=lambda entry: (entry.ends, entry.kind, entry.name)))


def role_of(certificate: Certificate, chain: Served) -> EntryKind:
    """Return the role of a certificate in a served chain."""
    if certificate == chain.leaf:
        return EntryKind.LEAF
    return EntryKind.ROOT if certificate.self_signed else EntryKind.INTERMEDIATE


def renewal_at(endpoint: Endpoint, role: EntryKind, path: Iterable[Certificate]) -> Renewal:
    """Return who renews a certificate of an endpoint, on a client's path.

    A renewal at the server does not install a new root on the nodes. An offline site cannot reach a public CA.
    """
    declared = Renewal.UNDECLARED if role is EntryKind.ROOT else renewal_of(endpoint.renewal)
    if declared is Renewal.AUTOMATIC and any(one in linux_public() for one in path):
        return Renewal.NONE
    return declared


def _of_endpoints(site: Site, today: datetime.date) -> Iterator[CalendarEntry]:
    seen: set[tuple[str, str]] = set()
    for case in site.trust(today):
        chain = site.chains[case.endpoint]
        if isinstance(chain, Unobserved):
            continue
        path = () if isinstance(case.verdict, Unobserved) else case.verdict.path.certificates
        for certificate in dict.fromkeys((chain.leaf, *path)):
            if (case.endpoint.name, certificate.sha256) in seen:
                continue
            seen.add((case.endpoint.name, certificate.sha256))
            role = role_of(certificate, chain)
            basis = Basis.DECLARED if case.endpoint.chain else Basis.OBSERVED
            yield CalendarEntry(
                role,
                f"{case.endpoint.name}: {certificate.name}",
                certificate.not_after.date(),
                renewal_at(case.endpoint, role, path),
                basis,
                "Clients reject the endpoint.",
                certificate,
                case.endpoint.location,
            )
        for asked in case.revocation.asked if case.revocation is not None else ():
            until = asked.crl.until if asked.crl is not None else None
            if until is not None and (case.endpoint.name, asked.crl_url) not in seen:
                seen.add((case.endpoint.name, asked.crl_url))
                yield CalendarEntry(
                    EntryKind.CRL,
                    f"{asked.crl_url} of {asked.question.issuer.name}",
                    until.date(),
                    Renewal.UNDECLARED,
                    Basis.OBSERVED,
                    "Clients that require revocation data reject the certificates of this CA.",
                    location=case.endpoint.location,
                )


def _of_cluster(site: Site, today: datetime.date) -> Iterator[CalendarEntry]:
    found = cluster_certificates(site.plan, today)
    if not isinstance(found, ClusterCertificates):
        return
    cluster, where = found.cluster, site.plan.where("cluster")
    basis = Basis.ASSUMED if found.is_assumed else Basis.FACTS
    name = f"{cluster.distribution} {cluster.version}"
    then = "API server, kubelet and etcd reject each other's certificates."
    yield CalendarEntry(
        EntryKind.CLUSTER_CERTIFICATES, f"certificates of {name}", found.ends, found.renewal, basis, then, location=where
    )
    yield CalendarEntry(EntryKind.CLUSTER_CA, f"CAs of {name}", found.ca_ends, Renewal.NONE, basis, then, location=where)


def deployed(site: Site) -> Iterator[CalendarEntry]:
    """Yield the certificates that workloads bring: of TLS Secrets, and the CA bundles of webhooks and API services."""
    for one in site.carried_certificates:
        then = (
            "The API server cannot call the webhook." if one.field == "caBundle" else "Clients reject the workload's endpoint."
        )
        for certificate in one.certificates:
            yield CalendarEntry(
                EntryKind.DEPLOYED,
                f"{one.owner} {one.field}: {certificate.name}",
                certificate.not_after.date(),
                Renewal.UNDECLARED,
                Basis.DECLARED,
                then,
                certificate,
                one.location,
            )


def signing_roots(site: Site) -> Iterator[CalendarEntry]:
    """Yield the certificates that verify image signatures, from the files of the plan."""
    plan = site.plan
    for number, path in enumerate(plan.signing_roots):
        for file in (name for name in plan.files if is_inside(name, path)):
            for certificate in _certificates(plan.files[file]):
                yield CalendarEntry(
                    EntryKind.SIGNING_ROOT,
                    f"{file}: {certificate.name}",
                    certificate.not_after.date(),
                    Renewal.UNDECLARED,
                    Basis.DECLARED,
                    "Signatures of images cannot be verified.",
                    certificate,
                    plan.where("signing_roots", number),
                )


def unread_signing_roots(site: Site) -> Iterator[tuple[str, str]]:
    """Yield each file under `signing_roots` without a readable certificate, and why."""
    plan = site.plan
    for path in plan.signing_roots:
        files = [name for name in plan.files if is_inside(name, path)]
        if not files:
            reasons = (reason for name, reason in plan.left_out.items() if is_inside(name, path))
            yield path, next(reasons, "the file does not exist")
        for file in files:
            loaded = load_certificates(plan.files[file])
            if not loaded.certificates:
                yield file, loaded.problems[0]


def _certificates(data: bytes) -> tuple[Certificate, ...]:
    try:
        return load_certificates(data).certificates
    except Exception as error:  # noqa: BLE001 - one file must not end the audit
        unexpected("reading a signing root", error)
        return ()


def _of_token(site: Site) -> Iterator[CalendarEntry]:
    registry = site.plan.registry
    if registry is not None and registry.token_expires is not None:
        yield CalendarEntry(
            EntryKind.TOKEN,
            f"pull token of {registry.host}",
            registry.token_expires,
            Renewal.UNDECLARED,
            Basis.DECLARED,
            "Nodes cannot pull: the registry answers 401.",
            location=site.plan.where("registry", "token_expires"),
        )


def _of_support(site: Site) -> Iterator[CalendarEntry]:
    for pool in site.plan.pools:
        split = split_version(pool.platform.os_version) if pool.is_windows else None
        release = release_of(split[1]) if split else None
        if release is not None and release.support_ends is not None:
            yield CalendarEntry(
                EntryKind.WINDOWS,
                f"{pool.name}: {release.product}",
                release.support_ends,
                Renewal.NONE,
                Basis.FACTS,
                "Microsoft publishes no more fixes and base images.",
                location=site.plan.where("pools", pool.name, "platform"),
            )
    cluster, support = site.plan.cluster, kubernetes_support(site.plan)
    if cluster is not None and support is not None:
        yield CalendarEntry(
            EntryKind.KUBERNETES,
            f"{cluster.distribution} {cluster.version}",
            support.ends,
            Renewal.NONE,
            Basis.FACTS,
            "The Kubernetes project publishes no more fixes. The cluster continues to work.",
            location=site.plan.where("cluster"),
        )


def _of_waivers(site: Site) -> Iterator[CalendarEntry]:
    for waiver in site.plan.waivers:
        yield CalendarEntry(
            EntryKind.WAIVER,
            f"{waiver.check}: {waiver.subject}",
            waiver.expires,
            Renewal.MANUAL,
            Basis.DECLARED,
            f"The accepted finding counts again. Owner: {waiver.owner}.",
            location=waiver.location,
        )
