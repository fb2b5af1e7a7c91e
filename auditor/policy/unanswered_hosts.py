"""Undetermined outcomes that depend on a host without a usable answer, grouped by host and cause, with a remedy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from auditor.check import Remedy, Undetermined
from auditor.evidence.causes import Cause, Fault
from auditor.plan.model import PLAN_OF_LISTS, Plan
from auditor.report import HostRow

MOST_SUBJECTS = 20
_HUB = "docker.io"

# What happened. The text follows the name of the host.
WORDS = {
    Cause.UNKNOWN: "gave no usable answer",
    Cause.NAME: "did not answer: its name cannot be resolved",
    Cause.REFUSED: "did not answer: the connection was refused",
    Cause.NO_ROUTE: "did not answer: there is no route to it",
    Cause.TIMEOUT: "did not answer in time",
    Cause.CLOSED: "did not answer: it closed the connection",
    Cause.UNKNOWN_ISSUER: "did not answer: TLS verification failed (unknown issuer)",
    Cause.WRONG_NAME: "did not answer: TLS verification failed (the certificate is for another name)",
    Cause.EXPIRED: "did not answer: TLS verification failed (the certificate is expired or not yet valid)",
    Cause.TLS: "did not answer: the TLS handshake failed",
    Cause.PLAIN_HTTP: "answers, but not with TLS",
    Cause.LOGIN: "requires a login (status 401)",
    Cause.FORBIDDEN: "denied access (status 403)",
    Cause.RATE_LIMIT: "limits the number of requests (status 429)",
    Cause.SERVER: "reported an internal error (status 5xx)",
    Cause.STATUS: "answered with an unexpected status",
    Cause.WEB_PAGE: "answered with a web page instead of the registry API",
    Cause.PROXY: "was not reached: the proxy failed or refused the connection",
    Cause.PROXY_LOGIN: "was not reached: the proxy requires a login (status 407)",
}
_LOGIN = frozenset({Cause.LOGIN, Cause.FORBIDDEN, Cause.RATE_LIMIT})
_NETWORK = frozenset({Cause.REFUSED, Cause.NO_ROUTE, Cause.TIMEOUT, Cause.CLOSED})
_TEXTS = {
    Cause.UNKNOWN: "Make {host} reachable from the machine that collects evidence.",
    Cause.WRONG_NAME: "Use the name in its certificate, or install a certificate for this name on {host}.",
    Cause.EXPIRED: "Renew the certificate of {host}, and check the clock of this machine.",
    Cause.TLS: "Configure TLS 1.2 or TLS 1.3 on {host}, with a certificate that OpenSSL accepts.",
    Cause.SERVER: "Read the log of {host} and repair it, or try again later.",
    Cause.STATUS: "Check that {host} is the intended registry.",
    Cause.WEB_PAGE: "Check that {host} is a registry, and that no portal or proxy answers in its place.",
    Cause.PROXY: "Permit connections to {host} on the proxy, correct HTTPS_PROXY or HTTP_PROXY, or add {host} to NO_PROXY.",
    Cause.PROXY_LOGIN: "Write user and password of the proxy into HTTPS_PROXY or HTTP_PROXY (http://USER:PASSWORD@PROXY:PORT).",
    Cause.LOGIN: "Log in to {host} as a user that may pull.",
    Cause.FORBIDDEN: "Log in to {host} as a user that may pull these images.",
    Cause.RATE_LIMIT: "Wait until the limit of {host} is reset, or log in to get a higher limit.",
}


@dataclass(slots=True)
class _Group:
    fault: Fault
    count: int = 0
    subjects: dict[str, None] = field(default_factory=dict)
    images: set[str] = field(default_factory=set)


def host_rows(plan: Plan, undetermined: Iterable[Undetermined]) -> tuple[HostRow, ...]:
    """One row for each host and cause, the host with the most undetermined outcomes first.

    An outcome that depends on several hosts counts for each of them.
    """
    groups: dict[tuple[str, Cause], _Group] = {}
    for row in undetermined:
        for host, cause in dict.fromkeys((fault.host, fault.cause) for fault in row.faults):
            fault = next(one for one in row.faults if (one.host, one.cause) == (host, cause))
            group = groups.setdefault((host, cause), _Group(fault))
            group.count += 1
            group.subjects[row.subject.id] = None
            if row.subject.kind == "image":
                group.images.add(row.subject.id)
    return tuple(_row(plan, group) for group in sorted(groups.values(), key=lambda group: -group.count))


def host_words(fault: Fault) -> str:
    """Return what happened, with the host's name and its error: `HOST did not answer: …: DETAIL`."""
    return f"{fault.host} {WORDS[fault.cause]}: {fault.detail.rstrip('.')}"


def _row(plan: Plan, group: _Group) -> HostRow:
    fault = group.fault
    return HostRow(
        host=fault.host,
        cause=fault.cause.value,
        what=WORDS[fault.cause],
        detail=fault.detail,
        undetermined=group.count,
        images=len(group.images),
        subjects=tuple(group.subjects)[:MOST_SUBJECTS],
        remedy=host_remedy(plan, fault.host, fault.cause),
    )


def host_remedy(plan: Plan, host: str, cause: Cause) -> Remedy:
    """Return the remedy for a host, by cause. Evidence must then be collected again."""
    match cause:
        case Cause.UNKNOWN_ISSUER:
            return Remedy("edit", f"{_ca(plan, host)} SSL_CERT_FILE works as well.")
        case Cause.PLAIN_HTTP:
            return Remedy("edit", _insecure(plan, host))
        case Cause.NAME:
            return Remedy("edit", f"Correct the name, or collect where {host} can be resolved{_elsewhere(plan, host)}.")
        case _ if cause in _NETWORK:
            text = f"Check the port of {host}, the network and the firewall, or collect where it can be reached"
            return Remedy("edit", f"{text}{_elsewhere(plan, host)}.")
        case _:
            commands = (f"docker login{'' if host == _HUB else f' {host}'}",) if cause in _LOGIN else ()
            return Remedy("command" if commands else "edit", _TEXTS[cause].format(host=host), commands)


def _is_internal(plan: Plan, host: str) -> bool:
    return plan.registry is not None and plan.registry.host.partition("/")[0].lower() == host


def _is_endpoint(plan: Plan, host: str) -> bool:
    return any(host in {endpoint.name.lower(), endpoint.host.lower()} for endpoint in plan.endpoints)


def _key(host: str) -> str:
    """The host as a key in YAML's flow style."""
    return f'"{host}"' if host.startswith("[") else host


def _given_ca(plan: Plan, host: str) -> str:
    """Return the CA file in the plan for a host, or an empty string."""
    if source := next((source for source in plan.sources if source.host.lower() == host), None):
        return source.ca
    return plan.registry.ca if plan.registry is not None and _is_internal(plan, host) else ""


def _ca(plan: Plan, host: str) -> str:
    if given := _given_ca(plan, host):
        return (
            f"Replace {given}: it does not contain the CA that issued the certificate of {host}. "
            f"Or configure {host} to send its chain."
        )
    if plan.path == PLAN_OF_LISTS:
        return "Add `--ca FILE` with the CA that issued its certificate."
    if _is_internal(plan, host):
        return "Add `ca: certs/ca.pem` to `registry` in the plan."
    return f"Add `sources: {{{_key(host)}: {{ca: certs/ca.pem}}}}` to the plan."


def _insecure(plan: Plan, host: str) -> str:
    if _is_internal(plan, host):
        return "If it speaks plain HTTP, add `insecure: true` to `registry` in the plan; otherwise correct the port."
    entry = f"`sources: {{{_key(host)}: {{insecure: true}}}}`"
    if plan.path == PLAN_OF_LISTS:
        return f"Correct the port. If it speaks plain HTTP, write a plan (`auditor init`) with {entry}."
    return f"If it speaks plain HTTP, add {entry} to the plan; otherwise correct the port."


def _elsewhere(plan: Plan, host: str) -> str:
    """Return how to collect without this host, if the plan has another place to collect from."""
    if plan.registry is None or (not _is_internal(plan, host) and _is_endpoint(plan, host)):
        return ""
    if _is_internal(plan, host):
        return "; or omit `--via target`, so that the run uses only the sources and archives"
    return "; or use `--via target` at the site, so that the run connects to the internal registry instead"
