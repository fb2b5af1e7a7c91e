"""One chain, of an endpoint or of a file, as the clients of every platform see it."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from auditor.cli.inputs import opened
from auditor.collectors.collect import CollectOptions, collect
from auditor.collectors.registry.retries import TIMEOUT, Retries
from auditor.errors import Location, UsageError
from auditor.evidence.store import Store
from auditor.needs.model import Needs
from auditor.oci.platform import InvalidPlatform
from auditor.pki.clients import client_ids
from auditor.pki.loading import load_certificates
from auditor.plan.fields import split_host_port
from auditor.plan.files import DiskFiles, FileProblem
from auditor.plan.model import Endpoint, Plan, Pool
from auditor.plan.nodes import node_platform
from auditor.plan.spelling import as_hint
from auditor.policy.judge import EXIT_NOT_READY, EXIT_UNDETERMINED
from auditor.report import TrustRow
from auditor.report.sections import trust_rows
from auditor.site import Site
from auditor.site.trust.served import Served, Unseen
from reports.cleaning import clean
from reports.json_v1 import trust_json
from reports.text.chain import draw
from reports.text.ink import Ink
from reports.text.layout import wrap

PLATFORMS = ("linux/amd64", "windows/amd64:ltsc2022")
_HERE = Location("command line")
_SUFFIXES = (".pem", ".crt", ".cer", ".der", ".p7b", ".p7c")  # no host's name ends so
_FILES = "Name files of certificates, or folders of these."


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says: an endpoint or a chain file, and what is known of the nodes."""

    subject: str
    host: str = ""
    platforms: tuple[str, ...] = PLATFORMS
    trust: tuple[str, ...] = ()
    clients: tuple[str, ...] = ()
    root_updates: str = ""
    reachable: tuple[str, ...] = ()
    evidence: Path | None = None
    timeout: float = TIMEOUT


@dataclass(frozen=True, slots=True)
class Chart:
    """What came of it."""

    endpoint: str
    source: str
    day: datetime.date
    served: tuple[str, ...]
    trouble: str = ""
    rows: tuple[TrustRow, ...] = field(default=())

    @property
    def exit_code(self) -> int:
        """0 when every client verifies, 1 when one fails, 3 when it cannot be told."""
        verdicts = {row.verdict for row in self.rows}
        if "fails" in verdicts:
            return EXIT_NOT_READY
        return 0 if verdicts == {"verifies"} else EXIT_UNDETERMINED

    def as_json(self) -> str:
        """For programs."""
        document = {
            "endpoint": self.endpoint,
            "source": self.source,
            "as_of": self.day.isoformat(),
            "served": self.served,
            "trouble": self.trouble or None,
            "trust": trust_json(self.rows),
        }
        return json.dumps(document, indent=2, ensure_ascii=False)

    def as_text(self, ink: Ink) -> str:
        """For people."""
        return "\n".join(self._lines(ink))

    def _lines(self, ink: Ink) -> Iterator[str]:
        yield ink.paint(clean(self.endpoint), "bold")
        if self.trouble:
            yield from wrap(self.trouble, "  ")
            return
        yield from wrap(f"as of {self.day.isoformat()}, with the cable cut; served by {self.source}: {', '.join(self.served)}")
        yield from draw(self.rows, ink)


def chart(asked: Asked, day: datetime.date) -> Chart:
    """Observe the endpoint, or read the file, and judge it. Raises UsageError."""
    plan = _plan(asked)
    with opened(asked.evidence) as store:
        if asked.evidence is None and not plan.endpoints[0].chain:
            collect(plan, Needs(), store, CollectOptions(places=frozenset(), retries=Retries.within(asked.timeout)))
        return _judged(plan, store, day)


def _judged(plan: Plan, store: Store, day: datetime.date) -> Chart:
    site = Site(plan, Needs(), store, frozenset())
    (endpoint,) = site.endpoints
    match site.chains[endpoint]:
        case Unseen(kind, detail):
            return Chart(endpoint.name, "", day, (), f"{kind.value}: {detail}")
        case Served(certificates, source):
            names = tuple(certificate.name for certificate in certificates)
            return Chart(endpoint.name, source, day, names, rows=trust_rows(site, day))


def _plan(asked: Asked) -> Plan:
    is_file = _is_file(asked.subject)
    files = _read((asked.subject,)) if is_file else {}
    endpoint = _of_file(asked, files) if is_file else _of_name(asked.subject)
    pools = tuple(_pool(text, asked) for text in asked.platforms)
    # Whoever asks about one chain wants to know what every client makes of it, whatever the endpoint is.
    endpoint = replace(endpoint, clients=tuple(dict.fromkeys(client for pool in pools for client in pool.clients)))
    if len({pool.name for pool in pools}) < len(pools):
        raise UsageError("--platform: the same one is given twice", "Leave one of them out.")
    files |= _read(asked.trust)
    return Plan("command line", "", "", pools, endpoints=(endpoint,), reachable=asked.reachable, files=files)


def _is_file(subject: str) -> bool:
    return Path(subject).exists() or subject.startswith(("/", "./", "../")) or subject.lower().endswith(_SUFFIXES)


def _of_name(subject: str) -> Endpoint:
    try:
        host, port = split_host_port(subject)
    except ValueError as error:
        raise UsageError(str(error), "Name an endpoint as host:port, or a file with a chain.") from error
    return Endpoint(host, port or 443, _HERE)


def _of_file(asked: Asked, files: dict[str, bytes]) -> Endpoint:
    (path,) = files if len(files) == 1 else ("",)
    if not path:
        raise UsageError(f"{asked.subject}: it is a folder, not a file with a chain", "Name the file.")
    if asked.host:
        return Endpoint(asked.host, 443, _HERE, path)
    leaf = next(iter(load_certificates(files[path]).certificates), None)
    names = leaf.extensions.dns_names + leaf.extensions.ip_addresses if leaf is not None else ()
    plain = (name for name in names if "*" not in name)
    host = next(plain, next((name.replace("*", "any") for name in names), "unnamed"))
    return Endpoint(host, 443, _HERE, path)


def _pool(text: str, asked: Asked) -> Pool:
    try:
        platform = node_platform(text)
    except (InvalidPlatform, ValueError) as error:
        raise UsageError(f"--platform: {error}", "Name a platform as in `--platform windows/amd64:ltsc2022`.") from error
    clients = tuple(name.lower() for name in asked.clients) or client_ids(platform.os)
    return Pool(text, platform, _HERE, clients=clients, trust=asked.trust, root_updates=asked.root_updates)


def _read(paths: Iterable[str]) -> dict[str, bytes]:
    """Files, and what lies in folders, by path. Raises UsageError."""
    disk, found = DiskFiles(Path()), {}
    for path in paths:
        try:
            found.update(disk.read(path, _HERE))
        except FileProblem as problem:
            raise UsageError(problem.problem.message, as_hint(problem.problem.hint) or _FILES) from problem
    return found
