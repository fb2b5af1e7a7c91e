"""Readers of external text and bytes: each target is a function of bytes, its seeds, and the errors that it may raise."""

from __future__ import annotations

import dataclasses
import datetime
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import httpx

from auditor.check import Severity
from auditor.collectors.archives.archive_reader import read_archive
from auditor.collectors.registry.answers import Unanswered, length_of, refusal, registry_words, verified
from auditor.collectors.registry.challenge import parse_challenges
from auditor.collectors.registry.credentials import Credentials
from auditor.collectors.registry.failures import plain, shown
from auditor.collectors.registry.ranges import ByteRange, body_of
from auditor.collectors.registry.retries import retry_after
from auditor.collectors.registry.sender import Reply, Request, _redirected
from auditor.collectors.registry.tokens import _parsed, _realm
from auditor.collectors.registry.wire import WireResponse
from auditor.diff.compare import compare
from auditor.diff.rendering import as_json, as_text
from auditor.evidence.store import Store
from auditor.fix.from_report import errands_in
from auditor.fix.merging.hosts_toml_text import with_server
from auditor.fix.merging.yaml_text import with_values
from auditor.fix.reported import in_report
from auditor.located import NotStructured
from auditor.needs.resolve import resolve_needs
from auditor.oci.document import MalformedDocument, parse_config, parse_document
from auditor.oci.platform import InvalidPlatform, parse_os_version, parse_platform
from auditor.oci.reference import InvalidReference, parse_reference
from auditor.pki.certificate import UnreadableCertificate, parse_certificate
from auditor.pki.host_names import canonical, covers
from auditor.pki.loading import load_certificates
from auditor.pki.revocation import UnreadableCrl, read_crl
from auditor.pki.stores.store_reader import read_store
from auditor.plan.load import load_plan_files
from auditor.plan.model import Plan
from auditor.plan.secrets import redacted, redacted_list
from auditor.policy.baseline import baseline_of
from auditor.readers.docker_daemon import UnreadableDaemon, read_daemon
from auditor.readers.go_json import load_go_json
from auditor.readers.lists import ListSource, importers, read_list
from auditor.readers.node_config.pool_config import read_node_config
from auditor.readers.published_lists import read_release_list
from auditor.readers.registry_config import UnreadableConfig, read_rules
from auditor.readers.registry_lint import slips_in
from auditor.readers.scripts import UnreadableScript, read_script
from auditor.readers.workloads import read_workloads
from auditor.readers.workloads.blanked import blanked
from auditor.readers.workloads.chart_dependencies import UnreadableChart, missing_dependencies
from auditor.readers.workloads.sources import chart_sources
from auditor.redaction import fit, forget, redact, redact_file, remember, remember_found
from auditor.transfer.copy_commands import read_call
from tests.fuzz import inputs, seeds

_IMPORTERS = importers()

Seeds = Callable[[], tuple[bytes, ...]]
DAY = datetime.datetime(2026, 11, 25, tzinfo=datetime.UTC)
URL = httpx.URL("https://r.example/v2/a/manifests/1")


@dataclass(frozen=True)
class Target:
    """A function of bytes. `weight` is its share of the inputs. `allowed` are its documented errors beside AuditorError."""

    name: str
    run: Callable[[bytes], object]
    seeds: Seeds
    allowed: tuple[type[Exception], ...] = ()
    weight: int = 10
    binary: bool = False
    per_byte: float = 20e-6  # seconds of CPU time that a byte may take


@cache
def plan() -> Plan:
    """A plan whose files are all there, and empty."""
    names = ("file", "work/a.yaml", "chart.tgz", "mirror.sh", "daemon.json", "registry.yml")
    return load_plan_files("plan.yaml", {"plan.yaml": inputs.PLAN, **dict.fromkeys(names, b"")})


def _with(**files: bytes) -> Plan:
    made = {name.replace("__", "/").replace("_", "."): data for name, data in files.items()}
    return dataclasses.replace(plan(), files=made)


def _consumed(found: Iterator[object]) -> list[object]:
    return list(found)


def _node_config(name: str) -> Callable[[bytes], object]:
    def run(data: bytes) -> object:
        pools = tuple(dataclasses.replace(pool, config=(name,)) for pool in plan().pools)
        made = dataclasses.replace(plan(), pools=pools, files={name: data})
        return [read_node_config(made, pool) for pool in made.pools]

    return run


def _importer(number: int) -> Callable[[bytes], object]:
    def run(data: bytes) -> object:
        found = _IMPORTERS[number].recognises(data)
        return list(_IMPORTERS[number].read(ListSource("list", ("linux",)), data)) if found else None

    return run


def _text(function: Callable[[str], object]) -> Callable[[bytes], object]:
    return lambda data: function(data.decode("utf-8", "replace"))


def _workloads(data: bytes) -> object:
    made = dataclasses.replace(plan(), workloads=plan().workloads[:1], files={"work/a.yaml": data})
    return read_workloads(made), _consumed(chart_sources(made))


def _kustomize(data: bytes) -> object:
    made = dataclasses.replace(
        plan(), workloads=plan().workloads[:1], files={"work/kustomization.yaml": data, "work/a.yaml": b"a: 1"}
    )
    return read_workloads(made)


def _chart(data: bytes) -> object:
    return _consumed(missing_dependencies(_with(chart_tgz=data), "chart.tgz"))


def _chart_folder(data: bytes) -> object:
    made = dataclasses.replace(plan(), files={"chart.tgz/Chart.yaml": data, "chart.tgz/charts/a/Chart.yaml": data})
    return _consumed(missing_dependencies(made, "chart.tgz"))


def _plan(data: bytes) -> object:
    return resolve_needs(load_plan_files("plan.yaml", {"plan.yaml": data}))


def _waivers(data: bytes) -> object:
    return load_plan_files(
        "plan.yaml", {"plan.yaml": b"version: 1\npools: {a: {platform: linux/amd64}}\nwaivers: w.yaml\n", "w.yaml": data}
    )


def _archive(data: bytes) -> object:
    with tempfile.NamedTemporaryFile(suffix=".tar", dir=_memory()) as file:
        file.write(data)
        file.flush()
        return read_archive(Path(file.name), 1)


def _memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def _evidence(data: bytes) -> object:
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        path = Path(folder, "site.evidence")
        path.write_bytes(data)
        with Store.open(path) as found:
            return found.files(), found.archives(), found.tallies(), found.all_unpacked(), found.tag("r.example/a:1")


def _evidence_mutation(data: bytes) -> object:
    """The file of the example with a few bytes of it replaced: where and by what says the input."""
    made = bytearray(seeds.evidence_file())
    for at in range(0, min(len(data), 12) - 3, 4):
        made[int.from_bytes(data[at : at + 3], "big") % len(made)] = data[at + 3]
    return _evidence(bytes(made))


@cache
def _report() -> dict[str, object]:
    found: dict[str, object] = json.loads((seeds.ROOT / "tests/golden/reports/sample.json").read_bytes())
    return found


def _document(data: bytes) -> dict[str, object] | None:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _report_back(data: bytes) -> object:
    document = _document(data)
    if document is None:
        return None
    difference = compare(_report(), document), compare(document, _report())
    return [(as_json(one, Severity.ERROR), as_text(one, Severity.ERROR)) for one in difference]


def _fix(data: bytes) -> object:
    document = _document(data)
    return errands_in(document, tuple(in_report(document))) if document is not None else None


def _baseline(data: bytes) -> object:
    document = _document(data)
    return baseline_of(document) if document is not None else None


def _reply(data: bytes) -> Reply:
    """An answer: a status, headers and a body from the input, as the head of an inputs.HTTP message would have them."""
    head, _, body = data.partition(b"\r\n\r\n")
    lines = [line.partition(b":") for line in head.split(b"\r\n")[1:50]]
    status = int(head[9:12]) if head[9:12].isdigit() else 200
    return Reply(URL, status, httpx.Headers([(name, value) for name, _, value in lines if name]), body)


def _answer(data: bytes) -> object:
    reply = _reply(data)
    made = (
        registry_words(reply),
        refusal(reply, "r.example"),
        length_of(reply),
        retry_after(reply.headers.get("retry-after", ""), DAY),
    )
    return made, parse_challenges(reply.headers.get("www-authenticate", "")), verified(reply, "")


def _token(data: bytes) -> object:
    for challenge in parse_challenges(data[:200].decode("latin-1")):
        _realm(challenge, URL)
    return _parsed(Reply(URL, 200, httpx.Headers(), data))


def _part(data: bytes) -> object:
    return body_of(_reply(data), ByteRange(0, 9, 100))


def _wire(data: bytes) -> object:
    answer = WireResponse(has_body=True)
    for at in range(0, len(data), 97):
        answer.feed(data[at : at + 97])
    return answer.ended()


def _redirect(text: str) -> object:
    return _redirected(Request(URL, 1000), text), plain(shown(text))


def _logins(data: bytes) -> object:
    with tempfile.NamedTemporaryFile(dir=_memory()) as file:
        file.write(data)
        file.flush()
        found = Credentials({"REGISTRY_AUTH_FILE": file.name, "PATH": ""}, Path("/none"))
        return found.find("r.example/a"), found.find("docker.io/library/a"), found.problems


def _crl(data: bytes) -> object:
    return read_crl(data, load_certificates(seeds.certificates()[0]).certificates[0])


def _names(text: str) -> object:
    return canonical(text), covers(text, "registry.plant7.local"), covers("*.plant7.local", text)


def _merge_yaml(data: bytes) -> object:
    return with_values(data, [(("mirrors", "docker.io", "endpoint"), ["https://m"])])


def _merge_toml(data: bytes) -> object:
    return with_server(data, ['server = "https://m"'], [1], [])


def _remembered(data: bytes) -> object:
    """Secrets that a file holds, and the same text afterwards."""
    remember_found(data)
    try:
        text = data.decode("utf-8", "surrogateescape")
        remember(text[:40])
        return redact(text), fit(text), redact_file(data)
    finally:
        forget()


def _release_list(data: bytes) -> object:
    return read_release_list(ListSource("list", ("linux",)), data)


def _script(name: str) -> Callable[[bytes], object]:
    return lambda data: read_script(name, data)


def _words(text: str) -> object:
    return read_call(text.split())


TARGETS: tuple[Target, ...] = (
    *(
        Target(f"list {importer.__name__.rpartition('.')[2]}", _importer(number), inputs.lists, weight=4)
        for number, importer in enumerate(_IMPORTERS)
    ),
    Target("any list", lambda data: read_list(ListSource("list", ("linux",)), data), inputs.lists, weight=20),
    Target("list of a release", _release_list, inputs.release_lists, weight=5),
    Target("manifests", _workloads, inputs.manifests, weight=20, per_byte=60e-6),
    Target("kustomization", _kustomize, inputs.manifests, weight=6, per_byte=60e-6),
    Target("evidence of manifests", blanked, inputs.manifests, weight=10, per_byte=100e-6),
    Target("packed chart", _chart, inputs.charts, (UnreadableChart,), 8, binary=True),
    Target("chart", _chart_folder, inputs.manifests, (UnreadableChart,), 8),
    *(
        Target(f"node {name}", _node_config(name), inputs.configs, weight=8, per_byte=60e-6)
        for name in ("registries.yaml", "hosts.toml", "config.toml", "daemon.json", "config.yaml")
    ),
    Target("docker daemon", lambda data: read_daemon("daemon.json", data), inputs.configs, (UnreadableDaemon,), 8),
    Target("go json", load_go_json, inputs.configs, (NotStructured,), 20),
    Target("shell script", _script("mirror.sh"), inputs.scripts, (UnreadableScript,), 30, per_byte=200e-6),
    Target("powershell script", _script("mirror.ps1"), inputs.scripts, (UnreadableScript,), 20, per_byte=200e-6),
    Target("copy command", _text(_words), inputs.scripts, weight=20),
    Target("registry config", lambda data: read_rules("c", data), inputs.registries, (UnreadableConfig,), 8),
    Target("registry slips", lambda data: _consumed(slips_in("c", data)), inputs.registries, (UnreadableConfig,), 8),
    Target("reference", _text(parse_reference), inputs.references, (InvalidReference,), 60),
    Target("platform", _text(parse_platform), inputs.references, (InvalidPlatform,), 40),
    Target("OS version", _text(parse_os_version), inputs.references, (InvalidPlatform,), 10),
    Target("plan", _plan, inputs.plans, weight=12, per_byte=100e-6),
    Target("waivers", _waivers, inputs.plans, weight=6, per_byte=100e-6),
    Target("redaction", _text(redact), inputs.lists, weight=20, per_byte=60e-6),
    Target("found secrets", _remembered, inputs.secrets, weight=10, per_byte=200e-6),
    Target("carried list", lambda data: (redacted(data), redacted_list(data)), inputs.lists, weight=10, per_byte=60e-6),
    Target("certificates", load_certificates, seeds.certificates, weight=20, binary=True, per_byte=100e-6),
    Target("certificate", parse_certificate, seeds.certificates, (UnreadableCertificate,), 20, binary=True, per_byte=100e-6),
    Target("certificate store", read_store, inputs.dumps, weight=10, per_byte=100e-6),
    Target("CRL", _crl, seeds.revocation_lists, (UnreadableCrl,), 20, binary=True),
    Target("host name", _text(_names), inputs.references, weight=20),
    Target("archive", _archive, seeds.archives, weight=12, binary=True, per_byte=60e-6),
    Target("manifest of an image", parse_document, seeds.documents, (MalformedDocument,), 40),
    Target("config of an image", parse_config, seeds.documents, (MalformedDocument,), 20),
    Target("registry answer", _answer, lambda: inputs.HTTP, (Unanswered,), 40),
    Target("token answer", _token, lambda: inputs.TOKENS, (Unanswered,), 30),
    Target("range answer", _part, lambda: inputs.HTTP, (Unanswered,), 20),
    Target("inputs.HTTP stream", _wire, lambda: inputs.HTTP, (httpx.RemoteProtocolError,), 40),
    Target("redirect", _text(_redirect), lambda: inputs.URLS, (Unanswered,), 20),
    Target("login file", _logins, lambda: inputs.LOGINS, weight=10),
    Target("evidence file", _evidence_mutation, lambda: (bytes(range(12)), b"\x00" * 12), weight=2, binary=True, per_byte=0.05),
    Target("report for diff", _report_back, inputs.reports, weight=4, per_byte=200e-6),
    Target("report for fix", _fix, inputs.reports, weight=8, per_byte=60e-6),
    Target("baseline", _baseline, inputs.reports, (ValueError,), 8),
    Target("merged YAML", _merge_yaml, inputs.configs, weight=10, per_byte=60e-6),
    Target("merged TOML", _merge_toml, inputs.configs, weight=10, per_byte=60e-6),
)
