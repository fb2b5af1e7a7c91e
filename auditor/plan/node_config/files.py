"""The files that a pool's `config` names, each read by the reader that recognises its content."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from auditor.errors import Location
from auditor.plan.model import Plan, Pool
from auditor.plan.node_config import (
    containerd_toml,
    daemon_json,
    distribution_yaml,
    hosts_toml,
    registries_yaml,
)
from auditor.plan.node_config.containerd_toml import ContainerdConfig
from auditor.plan.node_config.distribution_yaml import DistributionRegistries, distribution_of
from auditor.plan.node_config.marked_toml import load_toml
from auditor.plan.node_config.model import Namespace, Note, Unknown, Unreadable
from auditor.plan.node_config.tls import CERTIFICATE, TlsSetting, of_folder, of_hosts_toml, of_registries_yaml
from auditor.plan.paths import is_inside, normal, shown_path

Folders = dict[str, Namespace | Unknown | None]  # None: a folder without a hosts.toml, which hides `_default` all the same
_CERTIFICATES = frozenset({".crt", ".cert", ".key", ".pem", ".cer", ".pfx", ".p12"})
_READERS = (daemon_json, distribution_yaml, containerd_toml, hosts_toml, registries_yaml)


@dataclass
class Found:
    """Everything that the files of one pool say, file by file."""

    plan: Plan
    pool: Pool
    roots: dict[str, Folders] = field(default_factory=dict)
    configs: list[tuple[str, ContainerdConfig]] = field(default_factory=list)
    registries: dict[str, Namespace] = field(default_factory=dict)
    registries_at: Location | None = None
    daemon: dict[str, Namespace] = field(default_factory=dict)
    no_own: bool = False
    unknowns: list[Unknown] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    tls: list[TlsSetting] = field(default_factory=list)
    daemons: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    @property
    def runtime(self) -> str:
        """The version of the pool's containerd; empty when the plan does not say."""
        runtime = self.pool.runtime
        return runtime.version if runtime is not None and runtime.name == "containerd" else ""

    @property
    def distribution(self) -> DistributionRegistries | None:
        """The distribution, where it writes containerd's configuration by itself: as planned, else by its registries.yaml."""
        if self.plan.cluster is not None:
            return distribution_of(self.plan.cluster.distribution)
        # A plan may name no cluster; K3s has no Windows nodes, and both read the file alike.
        return distribution_of("rke2" if self.pool.is_windows else "k3s") if self.registries_at is not None else None


def read_files(plan: Plan, pool: Pool) -> Found:
    """Read every file of a pool. What cannot be read is noted and passed over."""
    found = Found(plan, pool)
    names = [normal(name) for name in pool.config]
    paths = [path for path in plan.files if any(is_inside(path, name) for name in names)]
    for path in paths:
        _read_one(found, path, plan.files[path])
    for path in paths:
        _see_folder(found, path)
    found.unknowns += _left_out(found, names)
    return found


def _left_out(found: Found, names: list[str]) -> Iterator[Unknown]:
    for path, reason in found.plan.left_out.items():
        if PurePosixPath(path).suffix in _CERTIFICATES:
            continue
        if any(is_inside(path, name) or is_inside(name, path) for name in names):
            hint = "; name a copy without them" if "credentials" in reason else ""
            why = f"it was not carried here: {reason}{hint}"
            yield Unknown(Location(shown_path(found.plan.path, path)), why, "missing-evidence", is_unread=True)


def _see_folder(found: Found, path: str) -> None:
    """Folders beside those of hosts.toml files: one without such a file counts too, and its certificates do there."""
    parts = PurePosixPath(path).parts
    if len(parts) < 3:
        return
    folders = found.roots.get("/".join(parts[:-2]))
    if folders is not None:
        folders.setdefault(parts[-2], None)
    bare = folders[parts[-2]] is None if folders is not None else parts[-3] == "certs.d"
    if bare and PurePosixPath(path).suffix == CERTIFICATE:
        found.tls.append(of_folder(path, shown_path(found.plan.path, path), parts[-2]))


def _read_one(found: Found, path: str, data: bytes) -> None:
    name = PurePosixPath(path).name
    file = shown_path(found.plan.path, path)
    reader = next((reader for reader in _READERS if reader.recognises(data)), None)
    reader = reader or next((named for named in _READERS if getattr(named, "NAME", None) == name), None)
    try:
        if reader is hosts_toml:
            _hosts(found, path, file, data)
        elif reader is containerd_toml:
            _containerd(found, file, data)
        elif reader is registries_yaml:
            _registries(found, path, file, data)
        elif reader is daemon_json:
            found.daemons.append(file)
            found.daemon.update(daemon_json.read(file, data))
        elif reader is distribution_yaml:
            found.no_own |= distribution_yaml.read(data)
        elif PurePosixPath(path).suffix not in _CERTIFICATES and not data.startswith(b"-----BEGIN"):
            found.others.append(file)
    except Unreadable as error:
        found.unknowns.append(Unknown(Location(file, error.line), str(error), "malformed", is_unread=True))


def _containerd(found: Found, file: str, data: bytes) -> None:
    if b"{{" in data:
        raise Unreadable("a template: name the config.toml that it becomes on a node")
    config = containerd_toml.read(file, load_toml(data), found.runtime)
    found.configs.append((file, config))
    found.notes += config.notes


def _registries(found: Found, path: str, file: str, data: bytes) -> None:
    document = registries_yaml.load(data)
    namespaces, notes = registries_yaml.read(file, document)
    found.registries.update(namespaces)
    found.registries_at = found.registries_at or Location(file, 1)
    found.notes += notes
    found.tls += of_registries_yaml(path, file, document)


def _hosts(found: Found, path: str, file: str, data: bytes) -> None:
    parts = PurePosixPath(path).parts
    folder = parts[-2] if len(parts) > 1 else ""
    if parts[-1] != hosts_toml.NAME:
        raise Unreadable("containerd only reads hosts.toml, in a folder that is named after its registry")
    if not hosts_toml.names_host(folder):
        raise Unreadable(
            "its folder names no registry, so nobody can tell whose images it is for: put it into a folder such as docker.io"
        )
    folders = found.roots.setdefault("/".join(parts[:-2]), {})
    if ":" in folder and found.pool.is_windows:
        right = hosts_toml.folders_for(folder, windows=True)[0]
        found.notes.append(Note(Location(file), f"a folder on Windows cannot be named {folder}: name it {right}"))
    try:
        toml = load_toml(data)
        folders[folder], notes = hosts_toml.read(file, toml, rewrites=found.distribution is not None)
    except Unreadable as error:
        folders[folder] = Unknown(Location(file, error.line), str(error), "malformed", folder, is_unread=True)
        return
    found.notes += notes
    found.tls += of_hosts_toml(path, file, toml, folder)
