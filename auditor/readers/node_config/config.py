"""How a node of a pool pulls: the hosts that it requests an image from, their order, and the path.

The semantics are those of containerd (docs/hosts.md, core/remotes/docker/config, internal/cri/server/images) and of K3s and
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

    `problems` lists what could not be read or determined, for every registry; `notes` lists settings without effect; `refusal`
    gives the reason if containerd would not serve pods. `unjudged` lists settings that this version does not evaluate.
    `distribution` is set if containerd's configuration is written from registries.yaml. `no_own` is True if its server flag is
    set: then a node does not use the registry itself after the mirrors of that file. `tls` holds how the runtime verifies
    hosts. `place` is the file that should have named a registry. `slips` are mistakes by the grammar of the program that reads
    a file, `linted` the files that were checked for them. `registries_path` is the registries.yaml among the plan's files, or
    empty.
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
        """Whether the files configure any registry."""
        return any(self.roots) or bool(self.registries) or bool(self.mirrors)

    def doubt(self, registry: str) -> Unknown | None:
        """Return why the servers for images of a registry are unknown; None if they are known."""
        if self.problems:
            return self.problems[0]
        found = self._found(registry)
        return found if isinstance(found, Unknown) else None

    def servers(self, registry: str) -> tuple[Server, ...]:
        """Return every server that may be used for images of a registry, in order, whatever its capabilities."""
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
        """Return the requests for an image, in order; the next one is sent only after a failure.

        A tag is resolved only by servers with the capability `resolve`. Call `doubt` first.
        """
        needed = {PULL} if reference.digest else {PULL, RESOLVE}
        return tuple(_asked(server, reference) for server in self.servers(reference.domain) if needed <= server.capabilities)

    def all_asked(self, reference: Reference) -> tuple[MirrorRequest, ...]:
        """Return every configured request for an image, also those to servers that may not resolve its tag."""
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
            doubt = f"its rewrite cannot be evaluated: {error}"
    if doubt:
        path = ""
    elif server.root == "/v2" and not server.rewrites:
        path = f"/v2/{repository}"  # the name of a reference needs no cleaning
    else:
        path = _clean(server.root, repository)
    behind = path.removeprefix("/v2/") if path.startswith("/v2/") else ""
    return MirrorRequest(server.scheme, server.host, path, behind, server.capabilities, server.role, server.location, doubt)


def _clean(root: str, repository: str) -> str:
    return "/" + posixpath.normpath(f"{root}/{repository}").lstrip("/")
