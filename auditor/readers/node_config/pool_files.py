"""The files that a pool's `config` names, each read by the reader that recognises its content."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from auditor.errors import Location, unexpected
from auditor.plan.model import Plan, Pool
from auditor.plan.plan_paths import is_inside, normal, shown_path
from auditor.readers.node_config import (
    containerd_toml,
    daemon_json,
    distribution_yaml,
    hosts_toml,
    registries_yaml,
)
from auditor.readers.node_config.containerd_toml import ContainerdConfig
from auditor.readers.node_config.distribution_yaml import DistributionRegistries, distribution_of
from auditor.readers.node_config.marked_toml import load_toml
from auditor.readers.node_config.model import Namespace, Note, Unknown, Unreadable, Why
from auditor.readers.node_config.slips import ConfigSlip, Effect, Grammar, refusal
from auditor.readers.node_config.tls import (
    CERTIFICATE,
    CLIENT_CERTIFICATE,
    TlsSetting,
    of_folder,
    of_hosts_toml,
    of_registries_yaml,
)
from auditor.readers.pull_logins import is_login_file

Folders = dict[str, Namespace | Unknown | None]  # None: a folder without a hosts.toml, which still hides `_default`
_CERTIFICATES = frozenset({".crt", ".cert", ".key", ".pem", ".cer", ".pfx", ".p12"})
_READERS = (daemon_json, distribution_yaml, containerd_toml, hosts_toml, registries_yaml)


@dataclass
class PoolFiles:
    """The content of all files of one pool, file by file."""

    plan: Plan
    pool: Pool
    roots: dict[str, Folders] = field(default_factory=dict)
    configs: list[tuple[str, ContainerdConfig]] = field(default_factory=list)
    registries: dict[str, Namespace] = field(default_factory=dict)
    registries_at: Location | None = None
    registries_path: str = ""
    daemon: dict[str, Namespace] = field(default_factory=dict)
    no_own: bool = False
    unknowns: list[Unknown] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    tls: list[TlsSetting] = field(default_factory=list)
    daemons: list[str] = field(default_factory=list)
    slips: list[ConfigSlip] = field(default_factory=list)
    linted: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    @property
    def place(self) -> Location | None:
        """The file that should have named a registry; None if the pool has no file about registries."""
        hosts = (entry.location for folders in self.roots.values() for entry in folders.values() if entry is not None)
        config = next((found for _, found in self.configs), None)
        at = config.config_path.location if config is not None and config.config_path is not None else None
        files = [Location(file, 1) for file in (*self.daemons, *(file for file, _ in self.configs))]
        return self.registries_at or at or next((Location(one.file, 1) for one in hosts), None) or next(iter(files), None)

    @property
    def is_docker(self) -> bool:
        """Whether the pool's runtime is Docker; an unknown runtime may be."""
        return self.pool.runtime is None or self.pool.runtime.name == "docker"

    @property
    def runtime(self) -> str:
        """The version of the pool's containerd, or an empty string if the plan does not state it."""
        runtime = self.pool.runtime
        return runtime.version if runtime is not None and runtime.name == "containerd" else ""

    @property
    def distribution(self) -> DistributionRegistries | None:
        """The distribution, if it writes containerd's configuration: from the plan, else from its registries.yaml."""
        if self.plan.cluster is not None:
            return distribution_of(self.plan.cluster.distribution)
        # A plan may name no cluster. K3s has no Windows nodes, and both distributions read the file in the same way.
        return distribution_of("rke2" if self.pool.is_windows else "k3s") if self.registries_at is not None else None


def read_files(plan: Plan, pool: Pool) -> PoolFiles:
    """Read every file of a pool. Unreadable files are recorded and skipped."""
    found = PoolFiles(plan, pool)
    names = [normal(name) for name in pool.config]
    paths = [path for path in plan.files if any(is_inside(path, name) for name in names)]
    for path in paths:
        _read_one(found, path, plan.files[path])
    for path in paths:
        _see_folder(found, path)
    found.unknowns += _left_out(found, names)
    return found


def _left_out(found: PoolFiles, names: list[str]) -> Iterator[Unknown]:
    for path, reason in found.plan.left_out.items():
        if PurePosixPath(path).suffix in _CERTIFICATES:
            continue
        if any(is_inside(path, name) or is_inside(name, path) for name in names):
            hint = "; name a copy without them" if "credentials" in reason else ""
            why = f"the evidence does not contain it: {reason}{hint}"
            yield Unknown(Location(shown_path(found.plan.path, path)), why, "missing-evidence", is_unread=True)


def _see_folder(found: PoolFiles, path: str) -> None:
    """Record folders next to those of hosts.toml files: a folder without such a file counts too, with its certificates."""
    parts = PurePosixPath(path).parts
    if len(parts) < 3:
        return
    folders = found.roots.get("/".join(parts[:-2]))
    if folders is not None:
        folders.setdefault(parts[-2], None)
    bare = folders[parts[-2]] is None if folders is not None else parts[-3] == "certs.d"
    if bare and PurePosixPath(path).suffix in {CERTIFICATE, CLIENT_CERTIFICATE}:
        found.tls.append(of_folder(path, shown_path(found.plan.path, path), parts[-2]))


def _read_one(found: PoolFiles, path: str, data: bytes) -> None:
    name = PurePosixPath(path).name
    file = shown_path(found.plan.path, path)
    reader = next((reader for reader in _READERS if reader.recognises(data)), None)
    reader = reader or next((named for named in _READERS if getattr(named, "NAME", None) == name), None)
    if reader is not None:
        found.linted.append(file)
    try:
        if reader is hosts_toml:
            _hosts(found, path, file, data)
        elif reader is containerd_toml:
            _containerd(found, file, data)
        elif reader is registries_yaml:
            _registries(found, path, file, data)
        elif reader is daemon_json:
            _daemon(found, file, data)
        elif reader is distribution_yaml:
            found.slips += distribution_yaml.slips(file, data)
            found.no_own |= distribution_yaml.read(data)
        elif is_login_file(data):
            return  # auditor/readers/node_logins.py reads it
        elif PurePosixPath(path).suffix not in _CERTIFICATES and not data.startswith(b"-----BEGIN"):
            found.slips += distribution_yaml.slips(file, data) if name == distribution_yaml.FILE else ()
            found.others.append(file)
    except Unreadable as error:
        found.unknowns.append(Unknown(Location(file, error.line), str(error), "malformed", is_unread=True))
        _note_refusal(found, file, getattr(reader, "NAME", ""), error)
    except Exception as error:  # noqa: BLE001 - one file must not end the audit
        found.unknowns.append(Unknown(Location(file), unexpected("reading this file", error), "malformed", is_unread=True))


def _note_refusal(found: PoolFiles, file: str, kind: str, error: Unreadable) -> None:
    """Record that the program rejects the file too, unless a mistake that was found states it already."""
    if error.accepted or not kind or (kind == daemon_json.NAME and not found.is_docker):
        return
    grave = {Effect.REFUSED, Effect.UNREAD}
    if not any(one.location.file == file and one.effect in grave for one in found.slips):
        found.slips.append(refusal(kind, str(error), Location(file, error.line, error.column)))


def _daemon(found: PoolFiles, file: str, data: bytes) -> None:
    found.daemons.append(file)
    document = daemon_json.load(data)
    if found.is_docker:
        version = found.pool.runtime.version if found.pool.runtime is not None else ""
        found.slips += daemon_json.slips(file, document, Grammar("dockerd", version, found.pool.platform.os))
    found.daemon.update(daemon_json.read(file, document))


def _containerd(found: PoolFiles, file: str, data: bytes) -> None:
    if b"{{" in data:
        raise Unreadable("a template: name the config.toml that a node generates from it", accepted=True)
    toml = load_toml(data, bom=_allows_mark(found))
    found.slips += containerd_toml.slips(file, toml, found.runtime)
    config = containerd_toml.read(file, toml, found.runtime)
    found.configs.append((file, config))
    found.notes += config.notes


def _registries(found: PoolFiles, path: str, file: str, data: bytes) -> None:
    found.registries_at = found.registries_at or Location(file, 1)
    document = registries_yaml.load(data)
    found.slips += registries_yaml.slips(file, document)
    namespaces, notes = registries_yaml.read(file, document)
    found.registries.update(namespaces)
    found.registries_path = found.registries_path or path
    found.notes += notes
    found.tls += of_registries_yaml(path, file, document)


def _allows_mark(found: PoolFiles) -> bool:
    """Return whether the pool's containerd allows a byte-order mark. An unknown version may reject it."""
    reading = hosts_toml.reading_of(found.runtime)
    return reading is not None and reading.bom


def _hosts(found: PoolFiles, path: str, file: str, data: bytes) -> None:
    parts = PurePosixPath(path).parts
    folder = parts[-2] if len(parts) > 1 else ""
    if parts[-1] != hosts_toml.NAME:
        why = "containerd reads only hosts.toml, in a folder named after its registry"
        raise Unreadable(why, accepted=True)
    if not hosts_toml.names_host(folder):
        raise Unreadable(
            "its folder is not named after a registry, so its registry is unknown: put it into a folder such as docker.io",
            accepted=True,
        )
    folders = found.roots.setdefault("/".join(parts[:-2]), {})
    if ":" in folder and found.pool.is_windows:
        right = hosts_toml.folders_for(folder, windows=True)[0]
        found.notes.append(Note(Location(file), f"a folder on Windows cannot be named {folder}: name it {right}"))
    try:
        toml = load_toml(data, bom=_allows_mark(found))
        found.slips += hosts_toml.slips(file, toml, found.runtime)
        rewrites = found.distribution is not None
        folders[folder], notes = hosts_toml.read(file, toml, rewrites=rewrites, runtime=found.runtime)
    except Unreadable as error:
        kind: Why = "missing-evidence" if error.accepted else "malformed"
        folders[folder] = Unknown(Location(file, error.line), str(error), kind, folder, is_unread=True)
        _note_refusal(found, file, hosts_toml.NAME, error)
        return
    found.notes += notes
    found.tls += of_hosts_toml(path, file, toml, folder)
