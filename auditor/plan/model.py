"""The plan as a frozen value. It was validated as far as the plan and its files allow."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Annotated, ClassVar

from auditor.errors import Location
from auditor.plan.areas import Area
from auditor.plan.cluster import Cluster
from auditor.plan.endpoint_part import API_SERVER_KIND, REGISTRY_KIND, WEB_KIND, Endpoint, EndpointOrigin
from auditor.plan.keys import Key, PlanSection, SingleKeySection, ValueForm
from auditor.plan.parts import (
    NO_PAIRS,
    CopyPlan,
    ImageSource,
    Media,
    Pool,
    Program,
    Waiver,
    Workload,
)
from auditor.plan.registry_parts import Registry, SourceRegistry

__all__ = [
    "API_SERVER_KIND",
    "EVIDENCE_MAX_AGE",
    "PLAN_OF_LISTS",
    "REGISTRY_KIND",
    "WEB_KIND",
    "Cluster",
    "CopyPlan",
    "Endpoint",
    "EndpointOrigin",
    "ImageSource",
    "Media",
    "Plan",
    "Pool",
    "Program",
    "Registry",
    "SourceRegistry",
    "Waiver",
    "Workload",
]

# The file name of a plan that the command line creates for image lists and manifests. No such file is on disk.
PLAN_OF_LISTS = "command-line.yaml"

EVIDENCE_MAX_AGE = 30 * 86_400  # seconds


@dataclass(frozen=True, slots=True)
class Plan:
    """The planned deployment: images, nodes and network without external access.

    `files` holds the content of every file that the plan names, by path. `left_out` gives the reason for each named file that
    is not in `files`, because evidence carries no credentials. A reader must not treat such a file as empty.
    """

    SECTION: ClassVar = PlanSection(
        "PlanPart", "airgap-auditor plan, version 1", first=("version", "name", "horizon", "evidence_max_age", "pools")
    )

    path: str
    sha256: str
    name: Annotated[
        str,
        Key("its name in reports; default: the name of the file", ValueForm.TEXT, optional=True, examples=("plant-7",)),
    ]
    pools: Annotated[tuple[Pool, ...], Key("the nodes, by pool name", by=ValueForm.NAME, fewest=1)]
    version: Annotated[int, Key("the version of this format: 1", ValueForm.VERSION, required=True)] = 1
    horizon: Annotated[
        datetime.date | None,
        Key(
            "the site must work without external help until this day; default: one year from the day of the audit",
            ValueForm.DATE,
            examples=("2027-06-30",),
        ),
    ] = None
    evidence_max_age: Annotated[
        int,
        Key(
            "maximum age of evidence that can change (tags, registries, archives, chains, CRLs); default: 30d",
            ValueForm.DURATION,
            optional=True,
            examples=("30d",),
        ),
    ] = EVIDENCE_MAX_AGE
    cluster: Annotated[Cluster | None, Key("the Kubernetes distribution")] = None
    images: Annotated[tuple[ImageSource, ...], Key("image lists and single images")] = ()
    workloads: Annotated[tuple[Workload, ...], Key("the manifests and charts to deploy")] = ()
    workloads_complete: Annotated[bool, Key("no other workloads will run", ValueForm.FLAG)] = False
    copy: Annotated[CopyPlan | None, Key("how images are copied")] = None
    registry: Annotated[Registry | None, Key("the internal registry")] = None
    sources: Annotated[
        tuple[SourceRegistry, ...],
        Key("source registries with a private CA, plain HTTP or unverified TLS, by host", by=ValueForm.HOST),
    ] = ()
    endpoints: Annotated[
        tuple[Endpoint, ...],
        Key("TLS endpoints that nodes use; the internal registry and internal mirrors need not be listed"),
    ] = ()
    reachable: Annotated[
        tuple[str, ...],
        Key(
            "hosts that stay reachable offline",
            ValueForm.REACHABLE,
            name="network",
            inside=SingleKeySection(
                "NetworkPart",
                "Hosts that stay reachable offline.",
                "reachable",
                "patterns and networks of internal hosts; the internal registry, the targets of its rewrites, the "
                "endpoints and names inside the cluster (`*.svc`, `*.cluster.local`) are internal without being "
                "listed",
                examples=(["*.plant7.local", "10.0.0.0/8"],),
            ),
        ),
    ] = ()
    facts: Annotated[
        tuple[str, ...],
        Key(
            "files with facts of this site: rows in the schema of the fact tables, each with its source",
            ValueForm.FILES,
            examples=(["site-facts.yaml"],),
        ),
    ] = ()
    signing_roots: Annotated[
        tuple[str, ...],
        Key(
            "certificates that verify the signatures of images (Notation, cosign); only their dates are checked",
            ValueForm.FILES,
            examples=(["certs/notation-root.pem"],),
        ),
    ] = ()
    waivers: Annotated[
        tuple[Waiver, ...],
        Key("accepted findings, or a file that lists them", or_file=True, examples=("waivers.yaml",)),
    ] = ()
    severities: Annotated[
        Mapping[str, str],
        Key(
            "severities for this site, by check id",
            ValueForm.SEVERITIES,
            name="severity",
            examples=({"image-unpinned": "info"},),
        ),
    ] = field(default_factory=lambda: NO_PAIRS)
    require: Annotated[
        frozenset[Area],
        Key(
            "areas that must be examined, or `site` for all; the audit is undetermined if one is missing",
            ValueForm.AREAS,
            examples=(["sources", "storage"],),
        ),
    ] = frozenset()
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    left_out: Mapping[str, str] = field(default_factory=lambda: NO_PAIRS)
    locations: Mapping[str, Location] = field(default_factory=dict, repr=False)

    @property
    def file(self) -> str:
        """The name of the plan file in `files`."""
        return PurePosixPath(self.path.replace("\\", "/")).name

    def horizon_from(self, today: datetime.date) -> datetime.date:
        """Return the day until which the site must work without help: as planned, else one year from `today`."""
        return self.horizon or today + datetime.timedelta(days=365)

    def pool(self, name: str) -> Pool:
        """Return the pool of that name. Raises KeyError; the loader has already checked names."""
        for pool in self.pools:
            if pool.name == name:
                return pool
        raise KeyError(name)

    def declares(self, *path: str | int) -> bool:
        """Return whether a key is written, as in `declares("copy", "scripts")`, even if its value is empty."""
        return ".".join(str(part) for part in path) in self.locations

    def where(self, *path: str | int) -> Location:
        """Return the location of a key, as in `where("pools", "win2022", "disk")`, or of its nearest written parent."""
        keys = [str(part) for part in path]
        while keys:
            if found := self.locations.get(".".join(keys)):
                return found
            keys.pop()
        return Location(self.path)
