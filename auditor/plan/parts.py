"""The parts of a plan as frozen values, each with its YAML keys.

Sizes are bytes, rates bytes per second, durations seconds. Paths are relative to the plan, with `/`. The JSON Schema and
docs/plan.md show the first paragraph of a class and the description of each `Key`.

Annotations are not postponed here: evaluating them as text takes 15 ms of every command.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, ClassVar, Final

from auditor.errors import Location
from auditor.oci.platform import Platform
from auditor.plan.keys import Key, PlanSection, SingleKeySection, ValueForm

ROOT_UPDATES: Final = "enabled, disabled, file://server/share or http://mirror"
RENEWALS: Final = "`automatic`, a program at the site does; `manual`, a person does"
NO_PAIRS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Program:
    """A program and its version in the plan's notation: `containerd 2.1.6`, `crane 0.20.6`, `harbor 2.12`."""

    name: str
    version: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip()


@dataclass(frozen=True, slots=True)
class Pool:
    """Nodes with the same OS, architecture, Windows build, runtime and trust."""

    SECTION: ClassVar = PlanSection("PoolPart")

    name: str
    platform: Annotated[Platform, Key("os/architecture; Windows with its release or build", ValueForm.PLATFORM)]
    location: Location
    nodes: Annotated[
        int, Key("the number of nodes; sizes per node are multiplied by it", ValueForm.COUNT, least=1, most=100_000)
    ] = 1
    runtime: Annotated[Program | None, Key("the container runtime and its version", ValueForm.PROGRAM)] = None
    disk: Annotated[int | None, Key("the disk space of one node for images", ValueForm.SIZE)] = None
    clients: Annotated[
        tuple[str, ...],
        Key(
            "further TLS clients on these nodes; the runtime, which connects to registries, and kubelet, which "
            "connects to the API server, are always included",
            ValueForm.TEXTS,
            examples=(["containerd", "curl", "powershell"],),
        ),
    ] = ()
    trust: Annotated[
        tuple[str, ...],
        Key(
            "what these nodes trust in addition to the OS defaults: certificates (PEM, DER, PKCS#7, .sst), dumps of a "
            "Windows node (auditor chain --dump-script), or folders of them",
            ValueForm.FILES,
            examples=(["certs/corp-root.pem", "nodes/win2022.json"],),
        ),
    ] = ()
    # Empty if the plan does not set it.
    root_updates: Annotated[
        str, Key(f"where Windows gets root updates: {ROOT_UPDATES}", ValueForm.ROOT_UPDATES, examples=("disabled",))
    ] = ""
    config: Annotated[
        tuple[str, ...],
        Key(
            "config.toml, certs.d folder, registries.yaml or daemon.json of these nodes, or a folder with them",
            ValueForm.FILES,
            examples=(["nodes/win2022"],),
        ),
    ] = ()
    kubeconfig: Annotated[
        str,
        Key(
            "the kubeconfig of kubelet on these nodes, or the CA in it as PEM: the only CA that kubelet and kube-proxy trust "
            "for the API server; default: `cluster.ca`. Its users are never copied into evidence",
            ValueForm.FILE,
            examples=("nodes/win2022/kubelet.conf",),
        ),
    ] = ""

    domain_joined: Annotated[
        bool | None,
        Key(
            "whether these Windows nodes are members of an Active Directory domain; only members read CRLs and issuers at "
            "`ldap:///`; default: as the dump of a node in `trust` states",
            ValueForm.FLAG,
        ),
    ] = None

    @property
    def is_windows(self) -> bool:
        """Whether the nodes run Windows."""
        return self.platform.os == "windows"


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
        bool, Key("they run as HostProcess containers, for which any Windows build works", ValueForm.FLAG)
    ] = False


@dataclass(frozen=True, slots=True)
class Workload:
    """Kubernetes manifests, a Helm chart with its values, or the observed workloads of a connected cluster."""

    SECTION: ClassVar = PlanSection("WorkloadPart", exactly_one=("manifests", "chart", "observed"))

    location: Location
    manifests: Annotated[
        str,
        Key("a manifest, or a folder of them; this, `chart` or `observed`", ValueForm.FILE_OR_FOLDER, examples=("deploy/",)),
    ] = ""
    chart: Annotated[
        str, Key("a Helm chart; this, `manifests` or `observed`", ValueForm.FILE_OR_FOLDER, examples=("charts/shop",))
    ] = ""
    observed: Annotated[
        str,
        Key(
            "the workloads of a connected cluster: `kubectl get pods,deployments,nodes -A -o json`, `crictl images -o json` "
            "or `ctr images ls`; this, `manifests` or `chart`",
            ValueForm.FILE_OR_FOLDER,
            examples=("cluster.json",),
        ),
    ] = ""
    values: Annotated[
        tuple[str, ...], Key("values files for the chart; the last one wins", ValueForm.ONLY_FILES, examples=(["values.yaml"],))
    ] = ()
    namespace: Annotated[str, Key("the namespace that the chart is installed in", ValueForm.NAMESPACE, examples=("shop",))] = ""
    release: Annotated[str, Key("the release name of the chart", ValueForm.RELEASE, examples=("shop",))] = ""
    # The kinds, such as `Kafka.kafka.strimzi.io`; their lists become image sources.
    operator_images: Annotated[
        tuple[str, ...],
        Key(
            "for a kind whose controller selects images, as `Kind.group`: the list of all images that it pulls",
            ValueForm.IMAGE_LISTS,
            examples=({"Kafka.kafka.strimzi.io": "lists/strimzi.txt"},),
        ),
    ] = ()


@dataclass(frozen=True, slots=True)
class Media:
    """The media that archives are carried in on."""

    SECTION: ClassVar = PlanSection("MediaPart")

    size: Annotated[int, Key("its capacity", ValueForm.SIZE)]
    filesystem: Annotated[
        str, Key("its filesystem; some cannot hold large files", ValueForm.FILESYSTEM, examples=("exfat",))
    ] = ""


@dataclass(frozen=True, slots=True)
class CopyPlan:
    """How images are copied."""

    SECTION: ClassVar = PlanSection("CopyPart")

    location: Location
    tool: Annotated[
        Program | None, Key("the tool and its version: crane, skopeo, regctl, …", ValueForm.PROGRAM, examples=("crane 0.20.6",))
    ] = None
    options: Annotated[
        tuple[str, ...],
        Key(
            "the tool's options; never credentials",
            ValueForm.OPTIONS,
            examples=(["--allow-nondistributable-artifacts"],),
        ),
    ] = ()
    scripts: Annotated[
        tuple[str, ...],
        Key("copy scripts; they are read, not run", ValueForm.FILES, examples=(["scripts/mirror.sh"],)),
    ] = ()
    config: Annotated[
        tuple[str, ...],
        Key("daemon.json of the copying machine, if it uses Docker", ValueForm.FILES, examples=(["staging/daemon.json"],)),
    ] = ()
    archives: Annotated[
        tuple[str, ...],
        Key("archives with the images; only `collect` reads them", ValueForm.ARCHIVES, examples=(["media/images.tar"],)),
    ] = ()
    media: Annotated[Media | None, Key("the disk or stick that is carried in")] = None
    staging: Annotated[
        int | None,
        Key(
            "the disk on which images are pulled and archived before the transfer",
            ValueForm.SIZE,
            inside=SingleKeySection(
                "StagingPart",
                "The disk on which images are pulled and archived before the transfer.",
                "disk",
                "its space",
                required=True,
            ),
        ),
    ] = None
    rate: Annotated[int | None, Key("the download rate on the connected side", ValueForm.RATE)] = None
    window: Annotated[int | None, Key("the maximum duration of copying", ValueForm.DURATION)] = None


@dataclass(frozen=True, slots=True)
class Waiver:
    """A finding accepted by a named owner for a reason until a date."""

    SECTION: ClassVar = PlanSection("WaiverPart")

    check: Annotated[str, Key("the id of the check", ValueForm.TEXT, examples=("certificate-expiring",))]
    subject: Annotated[str, Key("a glob over subjects of findings", ValueForm.TEXT, examples=("registry.plant7.local:*",))]
    reason: Annotated[str, Key("why this is acceptable", ValueForm.TEXT, examples=("rotation in March",))]
    owner: Annotated[str, Key("the responsible person or team", ValueForm.TEXT, examples=("platform",))]
    expires: Annotated[datetime.date, Key("the last day on which it is valid", ValueForm.DATE, examples=("2027-03-31",))]
    location: Location
