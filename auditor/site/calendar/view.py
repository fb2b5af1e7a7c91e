"""Collect everything that ends: certificates, CRLs, tokens, support, waivers."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from auditor.errors import unexpected
from auditor.oci.windows import release_of, split_version
from auditor.plan.model import Endpoint, Waiver
from auditor.plan.plan_paths import is_inside
from auditor.site.calendar.calendar_entries import CalendarEntry, CalendarKind, DateBasis, Renewal, renewal_of
from auditor.site.calendar.cluster_certificates import ClusterCertificates, cluster_certificates, kubernetes_support
from auditor.text import listed, many

if TYPE_CHECKING:
    from auditor.pki.certificate import Certificate
    from auditor.site.site import Site
    from auditor.site.trust.served import Served


_SHOWN = 3  # endpoints that an entry names


def calendar_of(site: Site, today: datetime.date, waivers: Iterable[Waiver]) -> tuple[CalendarEntry, ...]:
    """Return everything that ends, by date and name. What was not observed has no entry.

    `waivers` are those of the plan and of a separate file.
    """
    found = (
        *_of_endpoints(site, today),
        *_of_cluster(site, today),
        *deployed(site),
        *signing_roots(site),
        *_of_token(site),
        *_of_support(site),
        *_of_waivers(waivers),
    )
    return tuple(sorted(found, key=lambda entry: (entry.ends, entry.kind, entry.name)))


def role_of(certificate: Certificate, chain: Served) -> CalendarKind:
    """Return the role of a certificate in a served chain."""
    if certificate == chain.leaf:
        return CalendarKind.LEAF
    return CalendarKind.ROOT if certificate.self_signed else CalendarKind.INTERMEDIATE


def renewal_at(endpoint: Endpoint, role: CalendarKind, path: Iterable[Certificate]) -> Renewal:
    """Return who renews a certificate of an endpoint, on a client's path.

    A renewal at the server does not install a new root on the nodes. An offline site cannot reach a public CA.
    """
    from auditor.pki.trust_store import linux_public  # noqa: PLC0415 - a plain list has no certificates

    declared = Renewal.UNDECLARED if role is CalendarKind.ROOT else renewal_of(endpoint.renewal)
    if declared is Renewal.AUTOMATIC and any(one in linux_public() for one in path):
        return Renewal.NONE
    return declared


def _of_endpoints(site: Site, today: datetime.date) -> Iterator[CalendarEntry]:
    """Yield each certificate and each CRL once, with the endpoints that depend on it."""
    found: dict[tuple[CalendarKind, str], list[tuple[Endpoint, CalendarEntry]]] = {}
    for endpoint, key, entry in _seen_at_endpoints(site, today):
        found.setdefault((entry.kind, key), []).append((endpoint, entry))
    for same in found.values():
        endpoints = tuple(dict.fromkeys(endpoint.name for endpoint, _ in same))
        first = same[0][1]
        renewal = next((one.renewal for _, one in same if one.renewal is not Renewal.AUTOMATIC), first.renewal)
        yield replace(first, name=f"{first.name} ({listed(endpoints, _SHOWN)})", renewal=renewal)


def _seen_at_endpoints(site: Site, today: datetime.date) -> Iterator[tuple[Endpoint, str, CalendarEntry]]:
    if not site.endpoints:
        return
    from auditor.site.trust.served import Unobserved  # noqa: PLC0415 - a plain list has no certificates

    for case in site.trust(today):
        endpoint, chain = case.endpoint, site.chains[case.endpoint]
        if isinstance(chain, Unobserved):
            continue
        path = () if isinstance(case.verdict, Unobserved) else case.verdict.path.certificates
        for certificate in dict.fromkeys((chain.leaf, *path)):
            role = role_of(certificate, chain)
            entry = CalendarEntry(
                role,
                certificate.name,
                certificate.not_after.date(),
                renewal_at(endpoint, role, path),
                DateBasis.DECLARED if endpoint.chain else DateBasis.OBSERVED,
                "Clients reject the endpoint.",
                certificate,
                endpoint.location,
            )
            yield endpoint, certificate.sha256, entry
        for asked in case.revocation.asked if case.revocation is not None else ():
            if asked.crl is not None and asked.crl.until is not None:
                entry = CalendarEntry(
                    CalendarKind.CRL,
                    f"{asked.question.issuer.name} at {asked.crl_url}",
                    asked.crl.until.date(),
                    Renewal.UNDECLARED,
                    DateBasis.OBSERVED,
                    "Clients that require revocation data reject the certificates of this CA.",
                    location=endpoint.location,
                )
                yield endpoint, asked.crl_url, entry


def _of_cluster(site: Site, today: datetime.date) -> Iterator[CalendarEntry]:
    found = cluster_certificates(site.plan, today)
    if not isinstance(found, ClusterCertificates):
        return
    cluster, where = found.cluster, site.plan.where("cluster")
    basis = DateBasis.ASSUMED if found.is_assumed else DateBasis.FACTS
    name = f"{cluster.distribution} {cluster.version}"
    then = "API server, kubelet and etcd reject each other's certificates."
    off = f"The cluster does not start after it was off for {many(found.off_days, 'day')}."
    yield CalendarEntry(
        CalendarKind.CLUSTER_CERTIFICATES,
        name,
        found.ends,
        found.renewal,
        basis,
        off if found.fails_after_off else then,
        location=where,
    )
    yield CalendarEntry(CalendarKind.CLUSTER_CA, name, found.ca_ends, Renewal.NONE, basis, then, location=where)


def deployed(site: Site) -> Iterator[CalendarEntry]:
    """Yield the certificates that workloads bring: of TLS Secrets, and the CA bundles of webhooks and API services."""
    for one in site.carried_certificates:
        then = (
            "The API server cannot call the webhook." if one.field == "caBundle" else "Clients reject the workload's endpoint."
        )
        for certificate in one.certificates:
            yield CalendarEntry(
                CalendarKind.DEPLOYED,
                f"{one.owner} {one.field}: {certificate.name}",
                certificate.not_after.date(),
                Renewal.UNDECLARED,
                DateBasis.DECLARED,
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
                    CalendarKind.SIGNING_ROOT,
                    f"{file}: {certificate.name}",
                    certificate.not_after.date(),
                    Renewal.UNDECLARED,
                    DateBasis.DECLARED,
                    "Signatures of images cannot be verified.",
                    certificate,
                    plan.where("signing_roots", number),
                )


def unread_signing_roots(site: Site) -> Iterator[tuple[str, str]]:
    """Yield each file under `signing_roots` without a readable certificate, and why."""
    from auditor.pki.loading import load_certificates  # noqa: PLC0415 - a plain list has no certificates

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
    from auditor.pki.loading import load_certificates  # noqa: PLC0415 - a plain list has no certificates

    try:
        return load_certificates(data).certificates
    except Exception as error:  # noqa: BLE001 - one file must not end the audit
        unexpected("reading a signing root", error)
        return ()


def _of_token(site: Site) -> Iterator[CalendarEntry]:
    registry = site.plan.registry
    if registry is not None and registry.token_expires is not None:
        yield CalendarEntry(
            CalendarKind.TOKEN,
            registry.host,
            registry.token_expires,
            Renewal.UNDECLARED,
            DateBasis.DECLARED,
            "Nodes cannot pull: the registry answers 401.",
            location=site.plan.where("registry", "token_expires"),
        )


def _of_support(site: Site) -> Iterator[CalendarEntry]:
    for pool in site.plan.pools:
        split = split_version(pool.platform.os_version) if pool.is_windows else None
        release = release_of(split[1]) if split else None
        if release is not None and release.support_ends is not None:
            yield CalendarEntry(
                CalendarKind.WINDOWS,
                f"{pool.name}: {release.product}",
                release.support_ends,
                Renewal.NONE,
                DateBasis.FACTS,
                "Microsoft publishes no more fixes and base images.",
                location=site.plan.where("pools", pool.name, "platform"),
            )
    cluster, support = site.plan.cluster, kubernetes_support(site.plan)
    if cluster is not None and support is not None:
        yield CalendarEntry(
            CalendarKind.KUBERNETES,
            f"{cluster.distribution} {cluster.version}",
            support.ends,
            Renewal.NONE,
            DateBasis.FACTS,
            "The Kubernetes project publishes no more fixes. The cluster continues to work.",
            location=site.plan.where("cluster"),
        )


def _of_waivers(waivers: Iterable[Waiver]) -> Iterator[CalendarEntry]:
    for waiver in waivers:
        yield CalendarEntry(
            CalendarKind.WAIVER,
            f"{waiver.check}: {waiver.subject}",
            waiver.expires,
            Renewal.MANUAL,
            DateBasis.DECLARED,
            f"The accepted finding counts again. Owner: {waiver.owner}.",
            location=waiver.location,
        )
