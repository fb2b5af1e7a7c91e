"""The plan's edge: which keys there are, what they may hold, and the JSON Schema that editors use."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from auditor.plan.fields import (
    CheckId,
    Date,
    Duration,
    FilePath,
    Filesystem,
    Host,
    Name,
    Paths,
    PlatformText,
    ProgramText,
    Rate,
    Reachable,
    RootUpdates,
    Size,
    Text,
    split_host_port,
)

Level = Literal["error", "warning", "info"]


class Edge(BaseModel):
    """What all parts have: unknown keys are errors, values do not change."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


def _exactly_one(part: Edge, *names: str) -> None:
    given = [name for name in names if getattr(part, name)]
    if len(given) != 1:
        both = " and ".join(given)
        raise ValueError(f"either {' or '.join(names)}, not {both}" if given else f"{' or '.join(names)} is needed")


class PoolPart(Edge):
    """Nodes alike in OS, architecture, Windows build, runtime and trust."""

    platform: PlatformText = Field(description="os/architecture; Windows with its release or build")
    nodes: int = Field(default=1, ge=1, le=100_000, description="how many nodes")
    runtime: ProgramText | None = Field(default=None, description="container runtime and version")
    disk: Size | None = Field(default=None, description="disk of one node")
    clients: tuple[Text, ...] = Field(default=(), description="what speaks TLS there; default: the runtime and kubelet")
    trust: Paths = Field(default=(), description="certificate files that these nodes trust, beside what the OS brings")
    root_updates: RootUpdates | None = Field(default=None, description="how Windows may update its roots")
    config: Paths = Field(default=(), description="hosts.toml, registries.yaml, daemon.json, config.toml of these nodes")


class ClusterPart(Edge):
    """The Kubernetes distribution."""

    distribution: Text = Field(description="rke2, k3s, kubeadm, k0s, …")
    version: Text
    cni: Text | None = Field(default=None, description="calico, flannel, cilium, …")


class ImagePart(Edge):
    """A list of images, or one image, and the pools that need it."""

    list: FilePath | None = Field(default=None, description="an image list, relative to the plan")
    ref: Text | None = Field(default=None, description="one image reference")
    pools: tuple[Text, ...] | None = Field(default=None, min_length=1, description="default: all pools")
    host_process: bool = Field(default=False, description="runs as HostProcess container, on any Windows build")

    @model_validator(mode="after")
    def _one(self) -> ImagePart:
        _exactly_one(self, "list", "ref")
        return self


class WorkloadPart(Edge):
    """Kubernetes manifests, or a Helm chart with its values."""

    manifests: FilePath | None = None
    chart: FilePath | None = None
    values: Paths = ()
    namespace: Text | None = None
    release: Text | None = None

    @model_validator(mode="after")
    def _one(self) -> WorkloadPart:
        _exactly_one(self, "manifests", "chart")
        return self


class MediaPart(Edge):
    """What carries the archives across."""

    size: Size
    filesystem: Filesystem | None = None


class StagingPart(Edge):
    """Where images are pulled and archived before they travel."""

    disk: Size


class CopyPart(Edge):
    """How images travel."""

    tool: ProgramText | None = Field(default=None, description="crane 0.20.6, skopeo 1.15, …")
    options: tuple[Text, ...] = ()
    scripts: Paths = ()
    archives: Paths = Field(default=(), description="archives that carry the images; they are not read before collect")
    media: MediaPart | None = None
    staging: StagingPart | None = None
    rate: Rate | None = None
    window: Duration | None = None


class RegistryPart(Edge):
    """The registry inside."""

    host: Host
    kind: ProgramText | None = Field(default=None, description="harbor 2.12, distribution 2.8.2, …")
    config: FilePath | None = None
    ca: FilePath | None = Field(default=None, description="the CA that signed its certificate")
    disk: Size | None = None
    insecure: bool = Field(default=False, description="plain HTTP, or TLS without verification, beyond loopback")
    rewrites: dict[Text, Text] = Field(default_factory=dict, description="source prefix → where it lies inside")


class SourcePart(Edge):
    """How to reach a source registry that needs more than public trust."""

    ca: FilePath | None = None
    insecure: bool = False


def _or_string(schema: dict[str, Any]) -> None:
    mapping = {key: schema.pop(key) for key in ("type", "properties", "required", "additionalProperties") if key in schema}
    schema["anyOf"] = [{"type": "string"}, mapping]


class EndpointPart(Edge):
    """A TLS endpoint that nodes use: `host:port`, or a mapping with the chain in a file."""

    model_config = ConfigDict(json_schema_extra=_or_string)

    host: Host
    chain: FilePath | None = Field(default=None, description="a PEM file that stands for a connection")

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: object) -> object:
        return {"host": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _has_port(self) -> EndpointPart:
        if split_host_port(self.host)[1] is None:
            raise ValueError(f"{self.host!r} lacks the port: write {self.host}:443")
        return self


class NetworkPart(Edge):
    """What stays reachable with the cable cut."""

    reachable: tuple[Reachable, ...] = ()


class WaiverPart(Edge):
    """A finding accepted by a named owner for a reason until a date."""

    check: Text
    subject: Text = Field(description="a glob over the subjects of findings")
    reason: Text
    owner: Text
    expires: Date


class PlanPart(Edge):
    """What shall be deployed where, on nodes that reach nothing outside."""

    model_config = ConfigDict(title="airgap-auditor plan, version 1")

    version: Literal[1]
    name: Text | None = None
    horizon: Date | None = Field(default=None, description="must work until then without help; default: one year from today")
    pools: Annotated[dict[Name, PoolPart], Field(min_length=1)]
    cluster: ClusterPart | None = None
    images: tuple[ImagePart, ...] = ()
    workloads: tuple[WorkloadPart, ...] = ()
    workloads_complete: bool = Field(default=False, description="nothing else will run")
    copy_: CopyPart | None = Field(default=None, alias="copy")
    registry: RegistryPart | None = None
    sources: dict[Host, SourcePart] = Field(default_factory=dict)
    endpoints: tuple[EndpointPart, ...] = ()
    network: NetworkPart | None = None
    waivers: tuple[WaiverPart, ...] = ()
    severity: dict[CheckId, Level] = Field(default_factory=dict, description="severities for this site, by check id")


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a plan."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **PlanPart.model_json_schema(by_alias=True)}
