"""What a node of a pool would do: which hosts it asks for an image, in which order, at which path.

The semantics are containerd's (docs/hosts.md, core/remotes/docker/config, internal/cri/server/images) and those of K3s and
RKE2, which write containerd's configuration from registries.yaml.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field

from auditor.errors import Location
from auditor.oci.reference import Reference
from auditor.plan.model import Pool
from auditor.readers.model import Setting
from auditor.readers.node_config.distribution_yaml import DistributionRegistries
from auditor.readers.node_config.hosts_toml import DEFAULT, folders_for
from auditor.readers.node_config.model import (
    EVERYTHING,
    PULL,
    RESOLVE,
    MirrorRequest,
    Namespace,
    Note,
    Server,
    Unknown,
)
from auditor.readers.node_config.pool_files import Folders
from auditor.readers.node_config.rewriting import NotUnderstood, rewritten
from auditor.readers.node_config.slips import ConfigSlip
from auditor.readers.node_config.tls import TlsSetting
from auditor.readers.node_config.urls import default_scheme, own_host, scheme_by_folders

ANY = "*"


@dataclass(frozen=True)
class NodeConfig:
    """The node configuration of one pool.

    `problems` are what could not be read or told, for every registry; `notes` what is written without effect; `refusal` why
    containerd would not serve pods at all. `unjudged` says what was seen and is not looked into. `distribution` is set where
    containerd's configuration is written from registries.yaml; `no_own` says that its server flag is set, by which a node
    does not ask the registry itself after the mirrors of that file. `tls` is how the runtime is told to verify hosts.
    `place` is the file that should have named a registry. `slips` are mistakes by the grammar of the program that reads a file,
    `linted` the files that were read so.
    `registries_path` is the registries.yaml among the plan's files; empty where the plan has none.
    """

    pool: Pool
    problems: tuple[Unknown, ...] = ()
    notes: tuple[Note, ...] = ()
    refusal: Note | None = None
    sandbox_image: Setting | None = None
    roots: tuple[Folders, ...] = ()
    registries: Mapping[str, Namespace] | None = None
    mirrors: Mapping[str, Namespace] | None = None
    no_own: bool = False
    distribution: DistributionRegistries | None = None
    unjudged: tuple[str, ...] = ()
    tls: tuple[TlsSetting, ...] = ()
    place: Location | None = None
    slips: tuple[ConfigSlip, ...] = ()
    linted: tuple[str, ...] = ()
    registries_path: str = ""
    _servers: dict[str, tuple[Server, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def has_mirrors(self) -> bool:
        """Whether the files say anything about registries."""
        return any(self.roots) or bool(self.registries) or bool(self.mirrors)

    def doubt(self, registry: str) -> Unknown | None:
        """Why nobody can tell who is asked for images of a registry; None when it can be told."""
        if self.problems:
            return self.problems[0]
        found = self._found(registry)
        return found if isinstance(found, Unknown) else None

    def servers(self, registry: str) -> tuple[Server, ...]:
        """Everyone who may be asked for images of a registry, in order, whatever they are capable of."""
        if registry not in self._servers:
            self._servers[registry] = self._all(registry)
        return self._servers[registry]

    def _all(self, registry: str) -> tuple[Server, ...]:
        found = self._found(registry)
        namespace = found if isinstance(found, Namespace) else None
        given = namespace.servers if namespace is not None else ()
        if namespace is not None and not namespace.own:
            return given
        if self.no_own and namespace is not None and namespace in (self.registries or {}).values():
            return given
        place = namespace.location if namespace is not None else self.place or self.pool.location
        scheme = scheme_by_folders(registry) if self.roots else default_scheme(registry)
        return (*given, Server(scheme, own_host(registry), "/v2", EVERYTHING, place, "default"))

    def asked(self, reference: Reference) -> tuple[MirrorRequest, ...]:
        """Who is asked which path for an image, in order: the next only when the one before fails.

        A tag is only looked up where the capabilities have `resolve`. Ask `doubt` first.
        """
        needed = {PULL} if reference.digest else {PULL, RESOLVE}
        return tuple(_asked(server, reference) for server in self.servers(reference.domain) if needed <= server.capabilities)

    def all_asked(self, reference: Reference) -> tuple[MirrorRequest, ...]:
        """Everyone who is configured for an image, also those that may not look up its tag."""
        return tuple(_asked(server, reference) for server in self.servers(reference.domain))

    def _found(self, registry: str) -> Namespace | Unknown | None:
        if self.mirrors is not None:
            return self.mirrors.get(registry, self.mirrors.get(ANY))
        registries = self.registries or {}
        if registry in registries:
            return registries[registry]
        for root in self.roots:
            for folder in folders_for(registry, windows=self.pool.is_windows):
                if folder == DEFAULT and ANY in registries:
                    return registries[ANY]
                if folder in root:
                    return root[folder]
        return registries.get(ANY)


def _asked(server: Server, reference: Reference) -> MirrorRequest:
    repository, doubt = reference.path, ""
    if server.rewrites:
        try:
            repository = rewritten(server.rewrites, repository)
        except NotUnderstood as error:
            doubt = f"its rewrite cannot be followed: {error}"
    if doubt:
        path = ""
    elif server.root == "/v2" and not server.rewrites:
        path = f"/v2/{repository}"  # nothing to clean in the name of a reference
    else:
        path = _clean(server.root, repository)
    behind = path.removeprefix("/v2/") if path.startswith("/v2/") else ""
    return MirrorRequest(server.scheme, server.host, path, behind, server.capabilities, server.role, server.location, doubt)


def _clean(root: str, repository: str) -> str:
    return "/" + posixpath.normpath(f"{root}/{repository}").lstrip("/")
