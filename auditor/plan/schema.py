"""The plan's edge: which keys there are, what they may hold, and the JSON Schema that editors use."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from auditor.plan.fields import (
    ROOT_UPDATES,
    AreaName,
    CheckId,
    Date,
    Duration,
    FilePath,
    Filesystem,
    Host,
    Name,
    Namespace,
    Options,
    Paths,
    PlatformText,
    Prefix,
    ProgramText,
    Rate,
    Reachable,
    ReleaseName,
    RootUpdates,
    Size,
    Text,
    Version,
)
from auditor.plan.host_port import split_host_port

Level = Literal["error", "warning", "info"]
EndpointKind = Literal["registry", "api-server", "web"]


class Edge(BaseModel):
    """What all parts have: unknown keys are errors, values do not change."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False, arbitrary_types_allowed=True)


def _exactly_one(part: Edge, *names: str) -> None:
    given = [name for name in names if getattr(part, name)]
    if len(given) != 1:
        both = " and ".join(given)
        raise ValueError(f"either {' or '.join(names)}, not {both}" if given else f"{' or '.join(names)} is needed")


class PoolPart(Edge):
    """Nodes alike in OS, architecture, Windows build, runtime and trust."""

    platform: PlatformText = Field(description="os/architecture; Windows with its release or build")
    nodes: int = Field(
        default=1, ge=1, le=100_000, strict=True, description="how many nodes are alike; sizes per node are times this"
    )
    runtime: ProgramText | None = Field(default=None, description="the container runtime and its version")
    disk: Size | None = Field(default=None, description="the disk that one node has for images")
    clients: tuple[Text, ...] = Field(
        default=(),
        description="what speaks TLS on these nodes beside the runtime, which connects to registries, and kubelet, which "
        "connects to the API server",
        examples=[["containerd", "curl", "powershell"]],
    )
    trust: Paths = Field(
        default=(),
        description="what these nodes trust beside what the OS brings: certificates (PEM, DER, PKCS#7, .sst), dumps of a "
        "Windows node (auditor chain --dump-script), or folders of them",
        examples=[["certs/corp-root.pem", "nodes/win2022.json"]],
    )
    root_updates: RootUpdates | None = Field(
        default=None, description=f"where Windows gets root updates: {ROOT_UPDATES}", examples=["disabled"]
    )
    config: Paths = Field(
        default=(),
        description="config.toml, certs.d folder, registries.yaml or daemon.json of these nodes, or the folder that holds them",
        examples=[["nodes/win2022"]],
    )


class ClusterPart(Edge):
    """The Kubernetes distribution."""

    distribution: Text = Field(description="rke2, k3s, kubeadm, k0s, …", examples=["rke2"])
    version: Text = Field(description="its version, in quotes where YAML would read a number", examples=["v1.33.5+rke2r1"])
    cni: Text | None = Field(default=None, description="the network plug-in: calico, flannel, cilium, …", examples=["calico"])


class ImagePart(Edge):
    """A list of images, or one image, and the pools that need it."""

    list: FilePath | None = Field(
        default=None, description="an image list, or a folder of them; either this or `ref`", examples=["lists/images.txt"]
    )
    ref: Text | None = Field(
        default=None, description="one image reference; either this or `list`", examples=["registry.example.com/shop/web:4.2"]
    )
    pools: tuple[Text, ...] | None = Field(
        default=None,
        min_length=1,
        description="the pools that need these images; default: all",
        examples=[["control", "win2022"]],
    )
    host_process: bool = Field(
        default=False, description="they run as HostProcess containers, which may be of any Windows build"
    )

    @model_validator(mode="after")
    def _one(self) -> ImagePart:
        _exactly_one(self, "list", "ref")
        return self


class WorkloadPart(Edge):
    """Kubernetes manifests, a Helm chart with its values, or what a connected cluster was observed to run."""

    manifests: FilePath | None = Field(
        default=None, description="a manifest, or a folder of them; this, `chart` or `observed`", examples=["deploy/"]
    )
    chart: FilePath | None = Field(
        default=None, description="a Helm chart; this, `manifests` or `observed`", examples=["charts/shop"]
    )
    observed: FilePath | None = Field(
        default=None,
        description="what a connected cluster runs: `kubectl get pods,deployments,nodes -A -o json`, `crictl images -o json` "
        "or `ctr images ls`; this, `manifests` or `chart`",
        examples=["cluster.json"],
    )
    values: Paths = Field(default=(), description="values files for the chart, the last wins", examples=[["values.yaml"]])
    namespace: Namespace | None = Field(default=None, description="where the chart is installed", examples=["shop"])
    release: ReleaseName | None = Field(default=None, description="the release name of the chart", examples=["shop"])
    operator_images: dict[Text, FilePath] = Field(
        default_factory=dict,
        description="for a kind whose controller chooses images, as `Kind.group`: the list of all images that it pulls",
        examples=[{"Kafka.kafka.strimzi.io": "lists/strimzi.txt"}],
    )

    @model_validator(mode="after")
    def _one(self) -> WorkloadPart:
        _exactly_one(self, "manifests", "chart", "observed")
        return self


class MediaPart(Edge):
    """What carries the archives across."""

    size: Size = Field(description="what it holds")
    filesystem: Filesystem | None = Field(
        default=None, description="its filesystem: some cannot hold large files", examples=["exfat"]
    )


class StagingPart(Edge):
    """Where images are pulled and archived before they travel."""

    disk: Size = Field(description="the space there")


class CopyPart(Edge):
    """How images travel."""

    tool: ProgramText | None = Field(
        default=None, description="the tool and its version: crane, skopeo, regctl, …", examples=["crane 0.20.6"]
    )
    options: Options = Field(
        default=(),
        description="options that the tool is called with; never credentials",
        examples=[["--allow-nondistributable-artifacts"]],
    )
    scripts: Paths = Field(
        default=(), description="scripts that copy; they are read, not run", examples=[["scripts/mirror.sh"]]
    )
    config: Paths = Field(
        default=(),
        description="daemon.json of the machine that copies, where Docker does",
        examples=[["staging/daemon.json"]],
    )
    archives: Paths = Field(
        default=(), description="archives that carry the images; only `collect` reads them", examples=[["media/images.tar"]]
    )
    media: MediaPart | None = Field(default=None, description="the disk or stick that is carried in")
    staging: StagingPart | None = Field(default=None, description="where images are pulled and archived before they travel")
    rate: Rate | None = Field(default=None, description="how fast the connected side downloads")
    window: Duration | None = Field(default=None, description="how long copying may take")


class RegistryPart(Edge):
    """The registry inside."""

    host: Host = Field(description="its host and port, without a scheme")
    kind: ProgramText | None = Field(
        default=None, description="what it is: harbor, distribution, zot, …", examples=["distribution 2.8.2"]
    )
    config: FilePath | None = Field(default=None, description="its configuration file", examples=["registry/config.yml"])
    ca: FilePath | None = Field(
        default=None, description="the CA that signed its certificate", examples=["certs/corp-root.pem"]
    )
    disk: Size | None = Field(default=None, description="the space that it has for images")
    keep_versions: int = Field(
        default=1, ge=1, le=1000, strict=True, description="how many versions of everything it keeps side by side"
    )
    insecure: bool = Field(default=False, description="plain HTTP, or TLS without verification, beyond loopback")
    rewrites: dict[Prefix, Prefix] = Field(
        default_factory=dict,
        description="source prefix → where it lies inside",
        examples=[{"docker.io": "registry.plant7.local:5000/dockerhub"}],
    )


class SourcePart(Edge):
    """How to reach a source registry that needs more than public trust."""

    ca: FilePath | None = Field(
        default=None, description="the CA that signed its certificate", examples=["certs/corp-root.pem"]
    )
    insecure: bool = Field(default=False, description="it speaks plain HTTP, or its certificate is not verified")


def _or_string(schema: dict[str, Any]) -> None:
    mapping = {key: schema.pop(key) for key in ("type", "properties", "required", "additionalProperties") if key in schema}
    schema["anyOf"] = [{"type": "string"}, mapping]


class EndpointPart(Edge):
    """A TLS endpoint that nodes use: `host:port`, or a mapping with the chain in a file."""

    model_config = ConfigDict(json_schema_extra=_or_string)

    host: Host = Field(description="host and port", examples=["k8s.plant7.local:6443"])
    chain: FilePath | None = Field(
        default=None, description="a PEM file that stands for a connection", examples=["certs/api-chain.pem"]
    )
    clients: tuple[Text, ...] = Field(
        default=(),
        description="the TLS clients that connect to it, on the pools that list them, or on all if no pool does; default: by "
        "`kind`",
        examples=[["curl", "git"]],
    )
    kind: EndpointKind | None = Field(
        default=None,
        description="what it is: the runtime connects to a registry, kubelet to an api-server, other clients of the pools to "
        "all; default: registry if nodes pull from it, api-server on port 6443",
        examples=["api-server"],
    )

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
    """Hosts that stay reachable offline."""

    reachable: tuple[Reachable, ...] = Field(
        default=(),
        description="patterns and networks of internal hosts; the internal registry, the targets of its rewrites, the "
        "endpoints, loopback and names inside the cluster (`*.svc`, `*.cluster.local`) are internal without being listed",
        examples=[["*.plant7.local", "10.0.0.0/8"]],
    )


class WaiverPart(Edge):
    """A finding accepted by a named owner for a reason until a date."""

    check: Text = Field(description="the id of the check", examples=["certificate-expiring"])
    subject: Text = Field(description="a glob over the subjects of findings", examples=["registry.plant7.local:*"])
    reason: Text = Field(description="why this is acceptable", examples=["rotation in March"])
    owner: Text = Field(description="who answers for it", examples=["platform"])
    expires: Date = Field(description="the last day on which it counts", examples=["2027-03-31"])


def _or_a_file(schema: dict[str, Any]) -> None:
    """The name of a file may stand for the list: the loader puts its content there before the plan is validated."""
    listed = {key: schema.pop(key) for key in ("type", "items")}
    schema["anyOf"] = [listed, {"type": "string", "minLength": 1}]


class WaiversPart(Edge):
    """A file of waivers."""

    waivers: tuple[WaiverPart, ...]


class PlanPart(Edge):
    """What shall be deployed where, on nodes that reach nothing outside."""

    model_config = ConfigDict(title="airgap-auditor plan, version 1")

    version: Version = Field(description="the version of this format: 1")
    name: Text | None = Field(
        default=None, description="what reports call it; default: the name of the file", examples=["plant-7"]
    )
    horizon: Date | None = Field(
        default=None,
        description="the site must work until then without help from outside; default: one year from the day of the audit",
        examples=["2027-06-30"],
    )
    evidence_max_age: Duration | None = Field(
        default=None,
        description="how old evidence about what can change may be (tags, registries, archives, chains, CRLs); default: 30d",
        examples=["30d"],
    )
    pools: Annotated[dict[Name, PoolPart], Field(min_length=1, description="the nodes, by the name of their pool")]
    cluster: ClusterPart | None = Field(default=None, description="the Kubernetes distribution")
    images: tuple[ImagePart, ...] = Field(default=(), description="image lists and single images")
    workloads: tuple[WorkloadPart, ...] = Field(default=(), description="manifests and charts that will be deployed")
    workloads_complete: bool = Field(default=False, description="nothing but these workloads will run")
    copy_: CopyPart | None = Field(default=None, alias="copy", description="how images travel")
    registry: RegistryPart | None = Field(default=None, description="the registry inside")
    sources: dict[Host, SourcePart] = Field(
        default_factory=dict, description="source registries that need more than public trust, by host"
    )
    endpoints: tuple[EndpointPart, ...] = Field(
        default=(),
        description="TLS endpoints that nodes use; the internal registry and internal mirrors need not be listed",
    )
    network: NetworkPart | None = Field(default=None, description="hosts that stay reachable offline")
    waivers: tuple[WaiverPart, ...] = Field(
        default=(),
        description="findings that somebody accepts, or the file with a list of them",
        examples=["waivers.yaml"],
        json_schema_extra=_or_a_file,
    )
    severity: dict[CheckId, Level] = Field(
        default_factory=dict, description="severities for this site, by check id", examples=[{"image-unpinned": "info"}]
    )

    require: tuple[AreaName, ...] = Field(
        default=(),
        description="areas that must be examined, or `site` for all: a missing one makes the audit undetermined",
        examples=[["sources", "storage"]],
    )


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a plan."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **PlanPart.model_json_schema(by_alias=True)}
