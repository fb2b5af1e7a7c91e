"""Evaluate a pool's files into its `NodeConfig`: effective settings, settings without effect, and unknowns."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath
from typing import Literal

from auditor.errors import Location
from auditor.facts import table
from auditor.facts.lookup import Gap, rows_at
from auditor.facts.versions import Versioned
from auditor.plan.model import Plan, Pool
from auditor.readers.model import Setting
from auditor.readers.node_config.config import NodeConfig
from auditor.readers.node_config.model import Namespace, Note, Unknown
from auditor.readers.node_config.pool_files import Folders, PoolFiles, read_files


class HostsDefault(Versioned, frozen=True, kw_only=True):
    """Where a containerd searches for hosts.toml by default, and whether it accepts `registry.mirrors` at the same time."""

    os: str
    config_path: str
    mirrors: str


@dataclass(frozen=True, slots=True)
class _Effect:
    """The effective settings, after all files are known."""

    problems: tuple[Unknown, ...] = ()
    notes: tuple[Note, ...] = ()
    refusal: Note | None = None
    folders: bool = False
    mirrors: Mapping[str, Namespace] | None = None


def node_configs(plan: Plan) -> dict[str, NodeConfig]:
    """Return the configuration of every pool that names one, by pool name."""
    return {pool.name: read_node_config(plan, pool) for pool in plan.pools if pool.config}


def read_node_config(plan: Plan, pool: Pool) -> NodeConfig:
    """Read the node configuration of a pool from the plan's files."""
    found = read_files(plan, pool)
    docker = pool.runtime is not None and pool.runtime.name == "docker"
    effect = _of_docker(found) if docker else _of_containerd(found)
    return NodeConfig(
        pool=pool,
        problems=tuple(found.unknowns) or effect.problems,
        notes=(*found.notes, *effect.notes),
        refusal=effect.refusal,
        sandbox_image=_last([config.sandbox for _, config in found.configs]),
        roots=_ordered(found) if effect.folders else (),
        registries=found.registries if found.registries and not docker else None,
        mirrors=effect.mirrors,
        no_own=found.no_own and _knows_flag(found),
        tls=tuple(found.tls),
        distribution=found.distribution,
        place=found.place,
        slips=tuple(found.slips),
        linted=tuple(found.linted),
        registries_path=found.registries_path,
        unjudged=tuple(_unjudged(found, docker=docker)),
    )


def _knows_flag(found: PoolFiles) -> bool:
    """Return whether the pool's distribution reads the flag that ends the search after the mirrors."""
    row, cluster = found.distribution, found.plan.cluster
    return row is None or row.knows_flag(cluster.version if cluster is not None else "")


def _hosts_default(found: PoolFiles) -> HostsDefault | Gap:
    """Return the fact for the pool's containerd. If the plan states no version, all rows must agree."""
    rows: tuple[HostsDefault, ...] = table("containerd_hosts", HostsDefault)
    own = (row for row in rows if row.os == found.pool.platform.os)
    return rows_at(own, found.runtime, "containerd").agreed(lambda row: (row.config_path, row.mirrors))


def _of_docker(found: PoolFiles) -> _Effect:
    return _Effect(mirrors=found.daemon)


def _of_containerd(found: PoolFiles) -> _Effect:
    runtime = found.pool.runtime
    if runtime is not None and runtime.name != "containerd":
        why = f"the registry configuration of {runtime.name} is not supported: only files of containerd and Docker are read"
        return _Effect((Unknown(found.pool.location, why, "unsupported"),))
    if found.distribution:
        return _of_distribution(found)
    mirrors_at = _last([Setting("", c.mirrors_at) if c.mirrors_at else None for _, c in found.configs])
    mirrors = {host: namespace for _, config in found.configs for host, namespace in config.mirrors.items()}
    paths = [config.config_path for _, config in found.configs if config.config_path is not None]
    if found.registries_at is not None:
        why = "only K3s and RKE2 read this file, and the plan's cluster is neither"
        return _Effect((Unknown(found.registries_at, why, "unsupported"),))
    if len({path.text for path in paths}) > 1:
        return _Effect(
            (Unknown(paths[1].location, "two files set config_path, and it is unknown which one is effective", "unsupported"),)
        )
    if mirrors and mirrors_at is not None:
        return _of_mirrors(found, mirrors, mirrors_at.location, paths)
    return _of_folders(found, paths)


def _of_distribution(found: PoolFiles) -> _Effect:
    """Return the effect for K3s and RKE2, which set config_path themselves."""
    written = [Note(c.mirrors_at, "K3s and RKE2 overwrite config.toml") for _, c in found.configs if c.mirrors_at]
    return _Effect(folders=True, notes=tuple(written))


def _of_mirrors(found: PoolFiles, mirrors: dict[str, Namespace], at: Location, paths: list[Setting]) -> _Effect:
    default = _hosts_default(found)
    if paths:
        why = f"`mirrors` cannot be set when `config_path` is provided ({paths[0].location})"
        return _Effect(refusal=Note(at, why), mirrors=mirrors)
    if isinstance(default, Gap):
        why = f"whether containerd accepts registry.mirrors depends on its version: {default.why}"
        return _Effect((Unknown(at, why, _kind(default)),), mirrors=mirrors)
    if default.mirrors == "refused":
        why = f"`mirrors` cannot be set when `config_path` is provided, and containerd {found.runtime} sets it by default"
        return _Effect(refusal=Note(at, why), mirrors=mirrors)
    unread = [
        Note(Location(_file_of(folders)), "containerd does not read hosts.toml if registry.mirrors is set")
        for folders in _ordered(found)
    ]
    return _Effect(mirrors=mirrors, notes=tuple(unread))


def _kind(gap: Gap) -> Literal["missing-evidence", "unsupported"]:
    return "missing-evidence" if gap.missing else "unsupported"


def _file_of(folders: Folders) -> str:
    return next((entry.location.file for entry in folders.values() if entry is not None), "")


def _of_folders(found: PoolFiles, paths: list[Setting]) -> _Effect:
    if paths:
        if not found.roots:
            why = f"nodes read hosts.toml from {paths[0].text}, but the pool's config does not include one"
            return _Effect((Unknown(paths[0].location, why, "missing-evidence", is_unread=True),))
        return _Effect(folders=True)
    if not found.roots:
        return _Effect()
    default = _hosts_default(found)
    if isinstance(default, HostsDefault) and default.config_path:
        return _Effect(folders=True)
    at = Location(next(_file_of(folders) for folders in found.roots.values()))
    if isinstance(default, Gap):
        why = f"whether containerd reads it without a config_path depends on its version: {default.why}"
        return _Effect((Unknown(at, why, _kind(default)),))
    if not found.configs:
        why = "containerd reads it only if config.toml sets config_path, and the pool's config has no config.toml"
        return _Effect((Unknown(at, why, "missing-evidence"),))
    return _Effect(
        notes=(Note(at, f"containerd does not read it: {found.configs[0][0]} sets no config_path, and there is no default"),)
    )


def _ordered(found: PoolFiles) -> tuple[Folders, ...]:
    """Return the folders of hosts.toml files, in the order of config_path if it is known."""
    config = _last([config.config_path for _, config in found.configs])
    text = config.text if config is not None else ""
    split = [PureWindowsPath(part).name for part in text.split(";")] if found.pool.is_windows else []
    order = split or [PurePosixPath(part).name for part in text.split(":")]

    def rank(root: str) -> int:
        name = PurePosixPath(root).name
        return order.index(name) if name in order else len(order)

    return tuple(found.roots[root] for root in sorted(found.roots, key=rank))


def _last(settings: list[Setting | None]) -> Setting | None:
    return next((setting for setting in reversed(settings) if setting is not None), None)


def _unjudged(found: PoolFiles, *, docker: bool) -> Iterator[str]:
    if any(setting.client and not setting.client_files for setting in found.tls):
        yield "the client certificates for its mirrors"
    for file in found.daemons:
        yield f"{file} except its registry-mirrors" if docker else file
    for _, config in found.configs:
        for name in config.imports:
            pattern = PurePosixPath(name.text.replace("\\", "/")).name
            others = [PurePosixPath(file).name for file, _ in found.configs if file != name.location.file]
            if not any(fnmatch.fnmatchcase(other, pattern) for other in others):
                yield f"{name.text}, which {name.location.file} imports"
    yield from found.others
