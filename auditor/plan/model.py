"""The plan as frozen values, after every check that needs nothing but the plan and the files it names.

Sizes are bytes, rates bytes per second, durations seconds. Paths are relative to the plan, with `/`.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from types import MappingProxyType

from auditor.errors import Location
from auditor.oci.platform import Platform
from auditor.plan.areas import Area

# The file name of a plan that the command line writes for image lists and manifests; no such file is on disk.
PLAN_OF_LISTS = "command-line.yaml"

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Program:
    """A program and its version as the plan names them: `containerd 2.1.6`, `crane 0.20.6`, `harbor 2.12`."""

    name: str
    version: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip()


@dataclass(frozen=True, slots=True)
class Pool:
    """Nodes alike in OS, architecture, Windows build, runtime and trust."""

    name: str
    platform: Platform
    location: Location
    nodes: int = 1
    runtime: Program | None = None
    disk: int | None = None
    clients: tuple[str, ...] = ()
    trust: tuple[str, ...] = ()
    root_updates: str = ""  # enabled, disabled, a file:// or http:// mirror, or "" when the plan does not say
    config: tuple[str, ...] = ()

    @property
    def is_windows(self) -> bool:
        """Whether the nodes run Windows."""
        return self.platform.os == "windows"


@dataclass(frozen=True, slots=True)
class Cluster:
    """The Kubernetes distribution, its version and its network plug-in."""

    distribution: str
    version: str
    cni: str
    location: Location


@dataclass(frozen=True, slots=True)
class ImageSource:
    """A list of images or one reference, and the pools that need them. Exactly one of `list` and `ref` is set."""

    pools: tuple[str, ...]
    location: Location
    list: str = ""
    ref: str = ""
    host_process: bool = False


@dataclass(frozen=True, slots=True)
class Workload:
    """Kubernetes manifests, a Helm chart, or an observed cluster. Exactly one of `manifests`, `chart`, `observed` is set."""

    location: Location
    manifests: str = ""
    chart: str = ""
    observed: str = ""
    values: tuple[str, ...] = ()
    namespace: str = ""
    release: str = ""
    operator_images: tuple[str, ...] = ()  # kinds such as `Kafka.kafka.strimzi.io`, of whose images the plan has a list


@dataclass(frozen=True, slots=True)
class Media:
    """What carries the archives across: capacity in bytes and filesystem."""

    size: int
    filesystem: str = ""


@dataclass(frozen=True, slots=True)
class Copy:
    """How images travel from the source registries to the one inside."""

    location: Location
    tool: Program | None = None
    options: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    config: tuple[str, ...] = ()
    archives: tuple[str, ...] = ()
    media: Media | None = None
    staging: int | None = None
    rate: int | None = None
    window: int | None = None


@dataclass(frozen=True, slots=True)
class Registry:
    """The registry inside. `rewrites` maps a source prefix (`docker.io`) to where it lies inside (`host:port/path`)."""

    host: str
    location: Location
    kind: Program | None = None
    config: str = ""
    ca: str = ""
    disk: int | None = None
    keep_versions: int = 1
    insecure: bool = False
    rewrites: Mapping[str, str] = field(default_factory=lambda: _NOTHING)


@dataclass(frozen=True, slots=True)
class SourceRegistry:
    """How to reach a source registry that needs more than public trust."""

    host: str
    location: Location
    ca: str = ""
    insecure: bool = False


class Origin(enum.StrEnum):
    """What in the plan makes a host and port a TLS endpoint of the nodes."""

    DECLARED = "declared"  # listed under `endpoints`
    REGISTRY = "registry"  # the internal registry, a target of its rewrites, or a mirror of the node configuration
    IMAGE = "image"  # an internal host from which nodes pull an image by its own name


REGISTRY_KIND, API_SERVER_KIND, WEB_KIND = "registry", "api-server", "web"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A TLS endpoint that nodes will use. With `chain`, that file stands for a connection.

    `clients` are the TLS clients that connect to it; empty if the plan does not say. `kind` is `registry`, `api-server`,
    `web`, or empty if it is not known.
    """

    host: str
    port: int
    location: Location
    chain: str = ""
    clients: tuple[str, ...] = ()
    kind: str = ""
    origin: Origin = Origin.DECLARED

    @property
    def name(self) -> str:
        """`host:port`, the id under which evidence and findings speak of it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Waiver:
    """A finding accepted by a named owner for a reason until a date. `subject` is a glob over subject ids."""

    check: str
    subject: str
    reason: str
    owner: str
    expires: datetime.date
    location: Location


EVIDENCE_MAX_AGE = 30 * 86_400  # seconds


@dataclass(frozen=True, slots=True)
class Plan:
    """What shall be deployed where. `files` holds the content of every file that the plan names, by its path.

    `left_out` says why a file that the plan names is not in `files`: evidence carries no credentials. A reader must not take
    such a file for an empty one.
    """

    path: str
    sha256: str
    name: str
    pools: tuple[Pool, ...]
    horizon: datetime.date | None = None  # None: one year from the day of the audit
    evidence_max_age: int = EVIDENCE_MAX_AGE  # seconds; older evidence about what can change is a finding
    cluster: Cluster | None = None
    images: tuple[ImageSource, ...] = ()
    workloads: tuple[Workload, ...] = ()
    workloads_complete: bool = False
    copy: Copy | None = None
    registry: Registry | None = None
    sources: tuple[SourceRegistry, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    reachable: tuple[str, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    severities: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    require: frozenset[Area] = frozenset()
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    left_out: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    locations: Mapping[str, Location] = field(default_factory=dict, repr=False)

    @property
    def file(self) -> str:
        """The name under which `files` holds the plan itself."""
        return PurePosixPath(self.path.replace("\\", "/")).name

    def horizon_from(self, today: datetime.date) -> datetime.date:
        """Until when the site must work without help: as planned, else one year from `today`."""
        return self.horizon or today + datetime.timedelta(days=365)

    def pool(self, name: str) -> Pool:
        """The pool of that name. Raises KeyError: names were checked when the plan was loaded."""
        for pool in self.pools:
            if pool.name == name:
                return pool
        raise KeyError(name)

    def declares(self, *path: str | int) -> bool:
        """Whether a key is written, as in `declares("copy", "scripts")`, even if its value is empty."""
        return ".".join(str(part) for part in path) in self.locations

    def where(self, *path: str | int) -> Location:
        """The place of a key, as in `where("pools", "win2022", "disk")`; of the nearest parent if it is not written."""
        keys = [str(part) for part in path]
        while keys:
            if found := self.locations.get(".".join(keys)):
                return found
            keys.pop()
        return Location(self.path)
