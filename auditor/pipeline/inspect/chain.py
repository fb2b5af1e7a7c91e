"""Evaluate one TLS chain, of an endpoint or of a file, for the clients of each platform."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from auditor.collectors.collect import CollectOptions, collect
from auditor.collectors.registry.retries import Retries
from auditor.errors import Location, UsageError
from auditor.evidence.store import Store
from auditor.needs.model import Needs
from auditor.oci.platform import InvalidPlatform
from auditor.pipeline.settings import CHAIN_PLATFORMS as PLATFORMS
from auditor.pipeline.settings import TIMEOUT
from auditor.pipeline.site_building import opened
from auditor.pki.clients import client_ids
from auditor.pki.loading import load_certificates
from auditor.plan.files import DiskFiles, FileProblem
from auditor.plan.host_port import split_host_port
from auditor.plan.model import Endpoint, Plan, Pool
from auditor.plan.node_platforms import node_platform
from auditor.plan.spelling import as_hint
from auditor.report import RootListRow, TrustFileRow, TrustRow
from auditor.report.sections import root_list_rows, trust_file_rows, trust_rows
from auditor.site import Site
from auditor.site.trust.served import Served, Unobserved

_HERE = Location("command line")
_SUFFIXES = (".pem", ".crt", ".cer", ".der", ".p7b", ".p7c")  # no host name ends with one of these
_FILES = "Name files of certificates, or folders of these."


@dataclass(frozen=True, slots=True)
class ChainQuestion:
    """An endpoint (`host:port`) or a chain file, and the nodes that connect to it.

    `host` is the name that nodes use for a chain file. `domain_joined` states whether Windows nodes are domain members; None
    if unknown. `trust` names files of certificates or dumps of Windows stores.
    """

    subject: str
    host: str = ""
    platforms: tuple[str, ...] = PLATFORMS
    trust: tuple[str, ...] = ()
    clients: tuple[str, ...] = ()
    root_updates: str = ""
    reachable: tuple[str, ...] = ()
    evidence: Path | None = None
    timeout: float = TIMEOUT
    domain_joined: bool | None = None


@dataclass(frozen=True, slots=True)
class InspectedChain:
    """The served certificates and one row for each client, or the `trouble` that prevented it.

    `files` are the trust files that could not be used as a whole.
    """

    endpoint: str
    source: str
    day: datetime.date
    served: tuple[str, ...]
    trouble: str = ""
    rows: tuple[TrustRow, ...] = field(default=())
    files: tuple[TrustFileRow, ...] = field(default=())
    root_lists: tuple[RootListRow, ...] = field(default=())


def inspect_chain(question: ChainQuestion, day: datetime.date) -> InspectedChain:
    """Observe the endpoint, or read the file, and evaluate it as of `day`. Raises UsageError."""
    plan = _plan(question)
    with opened(question.evidence) as store:
        if question.evidence is None and not plan.endpoints[0].chain:
            collect(plan, Needs(), store, CollectOptions(places=frozenset(), retries=Retries.within(question.timeout)))
        return _evaluated(plan, store, day)


def _evaluated(plan: Plan, store: Store, day: datetime.date) -> InspectedChain:
    site = Site(plan, Needs(), store, frozenset())
    (endpoint,) = site.endpoints
    match site.chains[endpoint]:
        case Unobserved(kind, detail):
            return InspectedChain(endpoint.name, "", day, (), f"{kind.value}: {detail}", files=trust_file_rows(site))
        case Served(certificates, source):
            names = tuple(certificate.name for certificate in certificates)
            return InspectedChain(
                endpoint.name,
                source,
                day,
                names,
                rows=trust_rows(site, day),
                files=trust_file_rows(site),
                root_lists=root_list_rows(day),
            )


def _plan(question: ChainQuestion) -> Plan:
    is_file = _is_file(question.subject)
    files = _read((question.subject,)) if is_file else {}
    endpoint = _of_file(question, files) if is_file else _of_name(question.subject)
    pools = tuple(_pool(text, question) for text in question.platforms)
    # A question about one chain concerns every client, whatever the endpoint is used for.
    endpoint = replace(endpoint, clients=tuple(dict.fromkeys(client for pool in pools for client in pool.clients)))
    if len({pool.name for pool in pools}) < len(pools):
        raise UsageError("--platform: the same one is given twice", "Leave one of them out.")
    files |= _read(question.trust)
    return Plan("command line", "", "", pools, endpoints=(endpoint,), reachable=question.reachable, files=files)


def _is_file(subject: str) -> bool:
    return Path(subject).exists() or subject.startswith(("/", "./", "../")) or subject.lower().endswith(_SUFFIXES)


def _of_name(subject: str) -> Endpoint:
    try:
        host, port = split_host_port(subject)
    except ValueError as error:
        raise UsageError(str(error), "Name an endpoint as host:port, or a file with a chain.") from error
    return Endpoint(host, port or 443, _HERE)


def _of_file(question: ChainQuestion, files: dict[str, bytes]) -> Endpoint:
    (path,) = files if len(files) == 1 else ("",)
    if not path:
        raise UsageError(f"{question.subject}: it is a folder, not a file with a chain", "Name the file.")
    if question.host:
        return Endpoint(question.host, 443, _HERE, path)
    leaf = next(iter(load_certificates(files[path]).certificates), None)
    names = leaf.extensions.dns_names + leaf.extensions.ip_addresses if leaf is not None else ()
    plain = (name for name in names if "*" not in name)
    host = next(plain, next((name.replace("*", "any") for name in names), "unnamed"))
    return Endpoint(host, 443, _HERE, path)


def _pool(text: str, question: ChainQuestion) -> Pool:
    try:
        platform = node_platform(text)
    except (InvalidPlatform, ValueError) as error:
        raise UsageError(f"--platform: {error}", "Name a platform as in `--platform windows/amd64:ltsc2022`.") from error
    clients = tuple(name.lower() for name in question.clients) or client_ids(platform.os)
    return Pool(
        text,
        platform,
        _HERE,
        clients=clients,
        trust=question.trust,
        root_updates=question.root_updates,
        domain_joined=question.domain_joined,
    )


def _read(paths: Iterable[str]) -> dict[str, bytes]:
    """Return files, and the files in folders, by path. Raises UsageError."""
    disk, found = DiskFiles(Path()), {}
    for path in paths:
        try:
            found.update(disk.read(path, _HERE))
        except FileProblem as problem:
            raise UsageError(problem.problem.message, as_hint(problem.problem.hint) or _FILES) from problem
    return found
