"""The parts of a plan as frozen values, each with the keys that it has in YAML.

Sizes are bytes, rates bytes per second, durations seconds. Paths are relative to the plan, with `/`. The first paragraph of a
class and the description of a `Key` stand in the JSON Schema and in docs/plan.md.

Annotations are not postponed here: to evaluate them as text takes 15 ms of every command.
"""

import datetime
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, ClassVar, Final

from auditor.errors import Location
from auditor.oci.platform import Platform
from auditor.plan.keys import Key, PlanSection, SingleKeySection, ValueForm

ROOT_UPDATES: Final = "enabled, disabled, file://server/share or http://mirror"
NO_PAIRS: Mapping[str, str] = MappingProxyType({})


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

    SECTION: ClassVar = PlanSection("PoolPart")

    name: str
    platform: Annotated[Platform, Key("os/architecture; Windows with its release or build", ValueForm.PLATFORM)]
    location: Location
    nodes: Annotated[
        int, Key("how many nodes are alike; sizes per node are times this", ValueForm.COUNT, least=1, most=100_000)
    ] = 1
    runtime: Annotated[Program | None, Key("the container runtime and its version", ValueForm.PROGRAM)] = None
    disk: Annotated[int | None, Key("the disk that one node has for images", ValueForm.SIZE)] = None
    clients: Annotated[
        tuple[str, ...],
        Key(
            "what speaks TLS on these nodes beside the runtime, which connects to registries, and kubelet, which "
            "connects to the API server",
            ValueForm.TEXTS,
            examples=(["containerd", "curl", "powershell"],),
        ),
    ] = ()
    trust: Annotated[
        tuple[str, ...],
        Key(
            "what these nodes trust beside what the OS brings: certificates (PEM, DER, PKCS#7, .sst), dumps of a "
            "Windows node (auditor chain --dump-script), or folders of them",
            ValueForm.FILES,
            examples=(["certs/corp-root.pem", "nodes/win2022.json"],),
        ),
    ] = ()
    # Empty if the plan does not say.
    root_updates: Annotated[
        str, Key(f"where Windows gets root updates: {ROOT_UPDATES}", ValueForm.ROOT_UPDATES, examples=("disabled",))
    ] = ""
    config: Annotated[
        tuple[str, ...],
        Key(
            "config.toml, certs.d folder, registries.yaml or daemon.json of these nodes, or the folder that holds them",
            ValueForm.FILES,
            examples=(["nodes/win2022"],),
        ),
    ] = ()

    @property
    def is_windows(self) -> bool:
        """Whether the nodes run Windows."""
        return self.platform.os == "windows"


@dataclass(frozen=True, slots=True)
class Cluster:
    """The Kubernetes distribution."""

    SECTION: ClassVar = PlanSection("ClusterPart")

    distribution: Annotated[str, Key("rke2, k3s, kubeadm, k0s, …", ValueForm.TEXT, examples=("rke2",))]
    version: Annotated[
        str, Key("its version, in quotes where YAML would read a number", ValueForm.TEXT, examples=("v1.33.5+rke2r1",))
    ]
    location: Location
    cni: Annotated[str, Key("the network plug-in: calico, flannel, cilium, …", ValueForm.TEXT, examples=("calico",))] = ""


@dataclass(frozen=True, slots=True)
class ImageSource:
    """A list of images, or one image, and the pools that need it."""

    SECTION: ClassVar = PlanSection("ImagePart", exactly_one=("list", "ref"), first=("list", "ref"))

    pools: Annotated[
        tuple[str, ...],
        Key(
            "the pools that need these images; default: all",
            ValueForm.TEXTS,
            optional=True,
            fewest=1,
            examples=(["control", "win2022"],),
        ),
    ]
    location: Location
    list: Annotated[
        str,
        Key("an image list, or a folder of them; either this or `ref`", ValueForm.IMAGE_LIST, examples=("lists/images.txt",)),
    ] = ""
    ref: Annotated[
        str,
        Key("one image reference; either this or `list`", ValueForm.TEXT, examples=("registry.example.com/shop/web:4.2",)),
    ] = ""
    host_process: Annotated[
        bool, Key("they run as HostProcess containers, which may be of any Windows build", ValueForm.FLAG)
    ] = False


@dataclass(frozen=True, slots=True)
class Workload:
    """Kubernetes manifests, a Helm chart with its values, or what a connected cluster was observed to run."""

    SECTION: ClassVar = PlanSection("WorkloadPart", exactly_one=("manifests", "chart", "observed"))

    location: Location
    manifests: Annotated[
        str, Key("a manifest, or a folder of them; this, `chart` or `observed`", ValueForm.FILE, examples=("deploy/",))
    ] = ""
    chart: Annotated[str, Key("a Helm chart; this, `manifests` or `observed`", ValueForm.FILE, examples=("charts/shop",))] = ""
    observed: Annotated[
        str,
        Key(
            "what a connected cluster runs: `kubectl get pods,deployments,nodes -A -o json`, `crictl images -o json` "
            "or `ctr images ls`; this, `manifests` or `chart`",
            ValueForm.FILE,
            examples=("cluster.json",),
        ),
    ] = ""
    values: Annotated[
        tuple[str, ...], Key("values files for the chart, the last wins", ValueForm.FILES, examples=(["values.yaml"],))
    ] = ()
    namespace: Annotated[str, Key("where the chart is installed", ValueForm.NAMESPACE, examples=("shop",))] = ""
    release: Annotated[str, Key("the release name of the chart", ValueForm.RELEASE, examples=("shop",))] = ""
    # The kinds, such as `Kafka.kafka.strimzi.io`; their lists become image sources.
    operator_images: Annotated[
        tuple[str, ...],
        Key(
            "for a kind whose controller chooses images, as `Kind.group`: the list of all images that it pulls",
            ValueForm.IMAGE_LISTS,
            examples=({"Kafka.kafka.strimzi.io": "lists/strimzi.txt"},),
        ),
    ] = ()


@dataclass(frozen=True, slots=True)
class Media:
    """What carries the archives across."""

    SECTION: ClassVar = PlanSection("MediaPart")

    size: Annotated[int, Key("what it holds", ValueForm.SIZE)]
    filesystem: Annotated[
        str, Key("its filesystem: some cannot hold large files", ValueForm.FILESYSTEM, examples=("exfat",))
    ] = ""


@dataclass(frozen=True, slots=True)
class CopyPlan:
    """How images travel."""

    SECTION: ClassVar = PlanSection("CopyPart")

    location: Location
    tool: Annotated[
        Program | None, Key("the tool and its version: crane, skopeo, regctl, …", ValueForm.PROGRAM, examples=("crane 0.20.6",))
    ] = None
    options: Annotated[
        tuple[str, ...],
        Key(
            "options that the tool is called with; never credentials",
            ValueForm.OPTIONS,
            examples=(["--allow-nondistributable-artifacts"],),
        ),
    ] = ()
    scripts: Annotated[
        tuple[str, ...],
        Key("scripts that copy; they are read, not run", ValueForm.FILES, examples=(["scripts/mirror.sh"],)),
    ] = ()
    config: Annotated[
        tuple[str, ...],
        Key("daemon.json of the machine that copies, where Docker does", ValueForm.FILES, examples=(["staging/daemon.json"],)),
    ] = ()
    archives: Annotated[
        tuple[str, ...],
        Key("archives that carry the images; only `collect` reads them", ValueForm.ARCHIVES, examples=(["media/images.tar"],)),
    ] = ()
    media: Annotated[Media | None, Key("the disk or stick that is carried in")] = None
    staging: Annotated[
        int | None,
        Key(
            "where images are pulled and archived before they travel",
            ValueForm.SIZE,
            inside=SingleKeySection(
                "StagingPart",
                "Where images are pulled and archived before they travel.",
                "disk",
                "the space there",
                required=True,
            ),
        ),
    ] = None
    rate: Annotated[int | None, Key("how fast the connected side downloads", ValueForm.RATE)] = None
    window: Annotated[int | None, Key("how long copying may take", ValueForm.DURATION)] = None


@dataclass(frozen=True, slots=True)
class Registry:
    """The internal registry."""

    SECTION: ClassVar = PlanSection("RegistryPart")

    host: Annotated[str, Key("its host and port, without a scheme", ValueForm.HOST)]
    location: Location
    kind: Annotated[
        Program | None, Key("what it is: harbor, distribution, zot, …", ValueForm.PROGRAM, examples=("distribution 2.8.2",))
    ] = None
    config: Annotated[str, Key("its configuration file", ValueForm.FILE, examples=("registry/config.yml",))] = ""
    ca: Annotated[str, Key("the CA that signed its certificate", ValueForm.FILE, examples=("certs/corp-root.pem",))] = ""
    disk: Annotated[int | None, Key("the space that it has for images", ValueForm.SIZE)] = None
    keep_versions: Annotated[
        int, Key("how many versions of everything it keeps side by side", ValueForm.COUNT, least=1, most=1000)
    ] = 1
    insecure: Annotated[bool, Key("plain HTTP, or TLS without verification, beyond loopback", ValueForm.FLAG)] = False
    rewrites: Annotated[
        Mapping[str, str],
        Key(
            "source prefix → where it lies inside",
            ValueForm.PREFIXES,
            examples=({"docker.io": "registry.plant7.local:5000/dockerhub"},),
        ),
    ] = field(default_factory=lambda: NO_PAIRS)


@dataclass(frozen=True, slots=True)
class SourceRegistry:
    """How to reach a source registry that needs more than public trust."""

    SECTION: ClassVar = PlanSection("SourcePart")

    host: str
    location: Location
    ca: Annotated[str, Key("the CA that signed its certificate", ValueForm.FILE, examples=("certs/corp-root.pem",))] = ""
    insecure: Annotated[bool, Key("it speaks plain HTTP, or its certificate is not verified", ValueForm.FLAG)] = False


class EndpointOrigin(enum.StrEnum):
    """What in the plan makes a host and port a TLS endpoint of the nodes."""

    DECLARED = "declared"  # listed under `endpoints`
    REGISTRY = "registry"  # the internal registry, a target of its rewrites, or a mirror of the node configuration
    IMAGE = "image"  # an internal host from which nodes pull an image by its own name


REGISTRY_KIND, API_SERVER_KIND, WEB_KIND = "registry", "api-server", "web"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A TLS endpoint that nodes use: `host:port`, or a mapping with the chain in a file.

    With `chain`, that file stands for a connection. `clients` is empty if the plan does not name them. `kind` is empty if it
    is not known.
    """

    SECTION: ClassVar = PlanSection("EndpointPart", shorthand="host")

    host: Annotated[str, Key("host and port", ValueForm.HOST, examples=("k8s.plant7.local:6443",))]
    port: int
    location: Location
    chain: Annotated[str, Key("a PEM file that stands for a connection", ValueForm.FILE, examples=("certs/api-chain.pem",))] = (
        ""
    )
    clients: Annotated[
        tuple[str, ...],
        Key(
            "the TLS clients that connect to it, on the pools that list them, or on all if no pool does; default: by `kind`",
            ValueForm.TEXTS,
            examples=(["curl", "git"],),
        ),
    ] = ()
    kind: Annotated[
        str,
        Key(
            "what it is: the runtime connects to a registry, kubelet to an api-server, other clients of the pools to "
            "all; default: registry if nodes pull from it, api-server on port 6443",
            ValueForm.ENDPOINT_KIND,
            examples=("api-server",),
        ),
    ] = ""
    origin: EndpointOrigin = EndpointOrigin.DECLARED

    @property
    def name(self) -> str:
        """`host:port`, the id by which evidence and findings name it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Waiver:
    """A finding accepted by a named owner for a reason until a date."""

    SECTION: ClassVar = PlanSection("WaiverPart")

    check: Annotated[str, Key("the id of the check", ValueForm.TEXT, examples=("certificate-expiring",))]
    subject: Annotated[str, Key("a glob over the subjects of findings", ValueForm.TEXT, examples=("registry.plant7.local:*",))]
    reason: Annotated[str, Key("why this is acceptable", ValueForm.TEXT, examples=("rotation in March",))]
    owner: Annotated[str, Key("who answers for it", ValueForm.TEXT, examples=("platform",))]
    expires: Annotated[datetime.date, Key("the last day on which it counts", ValueForm.DATE, examples=("2027-03-31",))]
    location: Location
