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
from auditor.plan.keys import Form, Inside, Key, Section

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

    SECTION: ClassVar = Section("PoolPart")

    name: str
    platform: Annotated[Platform, Key("os/architecture; Windows with its release or build", Form.PLATFORM)]
    location: Location
    nodes: Annotated[int, Key("how many nodes are alike; sizes per node are times this", Form.COUNT, least=1, most=100_000)] = 1
    runtime: Annotated[Program | None, Key("the container runtime and its version", Form.PROGRAM)] = None
    disk: Annotated[int | None, Key("the disk that one node has for images", Form.SIZE)] = None
    clients: Annotated[
        tuple[str, ...],
        Key(
            "what speaks TLS on these nodes beside the runtime, which connects to registries, and kubelet, which "
            "connects to the API server",
            Form.TEXTS,
            examples=(["containerd", "curl", "powershell"],),
        ),
    ] = ()
    trust: Annotated[
        tuple[str, ...],
        Key(
            "what these nodes trust beside what the OS brings: certificates (PEM, DER, PKCS#7, .sst), dumps of a "
            "Windows node (auditor chain --dump-script), or folders of them",
            Form.FILES,
            examples=(["certs/corp-root.pem", "nodes/win2022.json"],),
        ),
    ] = ()
    # Empty if the plan does not say.
    root_updates: Annotated[
        str, Key(f"where Windows gets root updates: {ROOT_UPDATES}", Form.ROOT_UPDATES, examples=("disabled",))
    ] = ""
    config: Annotated[
        tuple[str, ...],
        Key(
            "config.toml, certs.d folder, registries.yaml or daemon.json of these nodes, or the folder that holds them",
            Form.FILES,
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

    SECTION: ClassVar = Section("ClusterPart")

    distribution: Annotated[str, Key("rke2, k3s, kubeadm, k0s, …", Form.TEXT, examples=("rke2",))]
    version: Annotated[
        str, Key("its version, in quotes where YAML would read a number", Form.TEXT, examples=("v1.33.5+rke2r1",))
    ]
    location: Location
    cni: Annotated[str, Key("the network plug-in: calico, flannel, cilium, …", Form.TEXT, examples=("calico",))] = ""
    images: Annotated[
        tuple[str, ...],
        Key(
            "the image list of exactly this release, or several (Linux and Windows); it replaces the facts about the version. "
            "A file with `windows` in its name is for Windows nodes",
            Form.RELEASE_LISTS,
            examples=("lists/rke2-images.linux-amd64.txt", ["rke2-images.linux-amd64.txt", "rke2-images.windows-amd64.txt"]),
        ),
    ] = ()


@dataclass(frozen=True, slots=True)
class ImageSource:
    """A list of images, or one image, and the pools that need it."""

    SECTION: ClassVar = Section("ImagePart", exactly_one=("list", "ref"), first=("list", "ref"))

    pools: Annotated[
        tuple[str, ...],
        Key(
            "the pools that need these images; default: all",
            Form.TEXTS,
            optional=True,
            fewest=1,
            examples=(["control", "win2022"],),
        ),
    ]
    location: Location
    list: Annotated[
        str,
        Key("an image list, or a folder of them; either this or `ref`", Form.IMAGE_LIST, examples=("lists/images.txt",)),
    ] = ""
    ref: Annotated[
        str,
        Key("one image reference; either this or `list`", Form.TEXT, examples=("registry.example.com/shop/web:4.2",)),
    ] = ""
    host_process: Annotated[bool, Key("they run as HostProcess containers, which may be of any Windows build", Form.FLAG)] = (
        False
    )


@dataclass(frozen=True, slots=True)
class Workload:
    """Kubernetes manifests, a Helm chart with its values, or what a connected cluster was observed to run."""

    SECTION: ClassVar = Section("WorkloadPart", exactly_one=("manifests", "chart", "observed"))

    location: Location
    manifests: Annotated[
        str, Key("a manifest, or a folder of them; this, `chart` or `observed`", Form.FILE, examples=("deploy/",))
    ] = ""
    chart: Annotated[str, Key("a Helm chart; this, `manifests` or `observed`", Form.FILE, examples=("charts/shop",))] = ""
    observed: Annotated[
        str,
        Key(
            "what a connected cluster runs: `kubectl get pods,deployments,nodes -A -o json`, `crictl images -o json` "
            "or `ctr images ls`; this, `manifests` or `chart`",
            Form.FILE,
            examples=("cluster.json",),
        ),
    ] = ""
    values: Annotated[
        tuple[str, ...], Key("values files for the chart, the last wins", Form.FILES, examples=(["values.yaml"],))
    ] = ()
    namespace: Annotated[str, Key("where the chart is installed", Form.NAMESPACE, examples=("shop",))] = ""
    release: Annotated[str, Key("the release name of the chart", Form.RELEASE, examples=("shop",))] = ""
    # The kinds, such as `Kafka.kafka.strimzi.io`; their lists become image sources.
    operator_images: Annotated[
        tuple[str, ...],
        Key(
            "for a kind whose controller chooses images, as `Kind.group`: the list of all images that it pulls",
            Form.IMAGE_LISTS,
            examples=({"Kafka.kafka.strimzi.io": "lists/strimzi.txt"},),
        ),
    ] = ()


@dataclass(frozen=True, slots=True)
class Media:
    """What carries the archives across."""

    SECTION: ClassVar = Section("MediaPart")

    size: Annotated[int, Key("what it holds", Form.SIZE)]
    filesystem: Annotated[str, Key("its filesystem: some cannot hold large files", Form.FILESYSTEM, examples=("exfat",))] = ""


@dataclass(frozen=True, slots=True)
class Copy:
    """How images travel."""

    SECTION: ClassVar = Section("CopyPart")

    location: Location
    tool: Annotated[
        Program | None, Key("the tool and its version: crane, skopeo, regctl, …", Form.PROGRAM, examples=("crane 0.20.6",))
    ] = None
    options: Annotated[
        tuple[str, ...],
        Key(
            "options that the tool is called with; never credentials",
            Form.OPTIONS,
            examples=(["--allow-nondistributable-artifacts"],),
        ),
    ] = ()
    scripts: Annotated[
        tuple[str, ...],
        Key("scripts that copy; they are read, not run", Form.FILES, examples=(["scripts/mirror.sh"],)),
    ] = ()
    config: Annotated[
        tuple[str, ...],
        Key("daemon.json of the machine that copies, where Docker does", Form.FILES, examples=(["staging/daemon.json"],)),
    ] = ()
    archives: Annotated[
        tuple[str, ...],
        Key("archives that carry the images; only `collect` reads them", Form.ARCHIVES, examples=(["media/images.tar"],)),
    ] = ()
    media: Annotated[Media | None, Key("the disk or stick that is carried in")] = None
    staging: Annotated[
        int | None,
        Key(
            "where images are pulled and archived before they travel",
            Form.SIZE,
            inside=Inside(
                "StagingPart",
                "Where images are pulled and archived before they travel.",
                "disk",
                "the space there",
                required=True,
            ),
        ),
    ] = None
    rate: Annotated[int | None, Key("how fast the connected side downloads", Form.RATE)] = None
    window: Annotated[int | None, Key("how long copying may take", Form.DURATION)] = None


@dataclass(frozen=True, slots=True)
class Registry:
    """The internal registry."""

    SECTION: ClassVar = Section("RegistryPart")

    host: Annotated[str, Key("its host and port, without a scheme", Form.HOST)]
    location: Location
    kind: Annotated[
        Program | None, Key("what it is: harbor, distribution, zot, …", Form.PROGRAM, examples=("distribution 2.8.2",))
    ] = None
    config: Annotated[str, Key("its configuration file", Form.FILE, examples=("registry/config.yml",))] = ""
    ca: Annotated[str, Key("the CA that signed its certificate", Form.FILE, examples=("certs/corp-root.pem",))] = ""
    disk: Annotated[int | None, Key("the space that it has for images", Form.SIZE)] = None
    keep_versions: Annotated[
        int, Key("how many versions of everything it keeps side by side", Form.COUNT, least=1, most=1000)
    ] = 1
    insecure: Annotated[bool, Key("plain HTTP, or TLS without verification, beyond loopback", Form.FLAG)] = False
    rewrites: Annotated[
        Mapping[str, str],
        Key(
            "source prefix → where it lies inside",
            Form.PREFIXES,
            examples=({"docker.io": "registry.plant7.local:5000/dockerhub"},),
        ),
    ] = field(default_factory=lambda: NO_PAIRS)


@dataclass(frozen=True, slots=True)
class SourceRegistry:
    """How to reach a source registry that needs more than public trust."""

    SECTION: ClassVar = Section("SourcePart")

    host: str
    location: Location
    ca: Annotated[str, Key("the CA that signed its certificate", Form.FILE, examples=("certs/corp-root.pem",))] = ""
    insecure: Annotated[bool, Key("it speaks plain HTTP, or its certificate is not verified", Form.FLAG)] = False


class Origin(enum.StrEnum):
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

    SECTION: ClassVar = Section("EndpointPart", shorthand="host")

    host: Annotated[str, Key("host and port", Form.HOST, examples=("k8s.plant7.local:6443",))]
    port: int
    location: Location
    chain: Annotated[str, Key("a PEM file that stands for a connection", Form.FILE, examples=("certs/api-chain.pem",))] = ""
    clients: Annotated[
        tuple[str, ...],
        Key(
            "the TLS clients that connect to it, on the pools that list them, or on all if no pool does; default: by `kind`",
            Form.TEXTS,
            examples=(["curl", "git"],),
        ),
    ] = ()
    kind: Annotated[
        str,
        Key(
            "what it is: the runtime connects to a registry, kubelet to an api-server, other clients of the pools to "
            "all; default: registry if nodes pull from it, api-server on port 6443",
            Form.ENDPOINT_KIND,
            examples=("api-server",),
        ),
    ] = ""
    origin: Origin = Origin.DECLARED

    @property
    def name(self) -> str:
        """`host:port`, the id by which evidence and findings name it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Waiver:
    """A finding accepted by a named owner for a reason until a date."""

    SECTION: ClassVar = Section("WaiverPart")

    check: Annotated[str, Key("the id of the check", Form.TEXT, examples=("certificate-expiring",))]
    subject: Annotated[str, Key("a glob over the subjects of findings", Form.TEXT, examples=("registry.plant7.local:*",))]
    reason: Annotated[str, Key("why this is acceptable", Form.TEXT, examples=("rotation in March",))]
    owner: Annotated[str, Key("who answers for it", Form.TEXT, examples=("platform",))]
    expires: Annotated[datetime.date, Key("the last day on which it counts", Form.DATE, examples=("2027-03-31",))]
    location: Location
