"""Findings and undetermined outcomes of the plant-7 sample."""

from __future__ import annotations

import datetime

from auditor.check import Fact, Finding, Remedy, Severity, Subject, Undetermined
from auditor.errors import Location
from auditor.evidence.model import Kind
from auditor.report import JudgedFinding, Waived

LIST = "examples/plant-7/lists/windows-images.txt"
PLAN = "examples/plant-7/plan.yaml"
WIN2022, WIN2025 = "windows/amd64:10.0.20348", "windows/amd64:10.0.26100"


def _finding(
    check: str,
    severity: Severity,
    subject: Subject,
    message: str,
    location: Location | None = None,
    remedies: tuple[Remedy, ...] = (),
    **facts: Fact,
) -> Finding:
    return Finding(
        subject,
        message,
        case=str(sorted(facts.items())),
        facts=facts,
        location=location,
        remedies=remedies,
        check=check,
        severity=severity,
    )


def _foreign(reference: str, pool: str, platform: str, digest: str, size: int, line: int) -> JudgedFinding:
    url = f"https://mcr.microsoft.com/v2/windows/nanoserver/blobs/sha256:{digest}"
    finding = _finding(
        "foreign-layer-egress",
        Severity.ERROR,
        Subject("layer", f"{reference} sha256:{digest[:12]}", platform, pool),
        f"A layer of {size:,} bytes carries urls to mcr.microsoft.com, which {pool} cannot reach. containerd asks the URL "
        'before the registry, so the pull stops at "failed to do request: Get https://mcr.microsoft.com/v2/..." although the '
        "registry has the blob.",
        Location(LIST, line, 1),
        (
            Remedy(
                "rewrite",
                "Rewrite the manifest without urls while copying; the digest changes, so pin the new one.",
                ("regctl image mod registry.plant7.local:5000/win:2022 --replace --external-urls-rm",),
            ),
            Remedy(
                "accept", "Let an inside host answer for mcr.microsoft.com with 404 and a certificate that the nodes trust."
            ),
        ),
        url=url,
        layer=f"sha256:{digest}",
        bytes=size,
        runtime="containerd 1.7.27",
    )
    return JudgedFinding(finding, Severity.ERROR)


def _pinned(reference: str, line: int) -> JudgedFinding:
    finding = _finding(
        "image-unpinned",
        Severity.WARNING,
        Subject("line", reference),
        "The tag moves: what is copied today is not what is copied tomorrow.",
        Location("examples/plant-7/lists/linux-images.txt", line),
        (Remedy("edit", "Name a released version, best with its digest."),),
        tag=reference.rpartition(":")[2],
    )
    return JudgedFinding(finding, Severity.WARNING)


FINDINGS: tuple[JudgedFinding, ...] = (
    _foreign(
        "rancher/wins:v0.4.11",
        "win2022",
        WIN2022,
        "8f616e6e9eec767c425fd9346648807d1b658d20ff6097be1d955aac69c26642",
        1251699055,
        4,
    ),
    _foreign(
        "rancher/kubelet-pause:v0.1.6",
        "win2022",
        WIN2022,
        "62239e9a4fa9b8b4a6a3f5d1c7d3f7c1a1de41b6a5ad6f8eae26b7d1d7be4f0c",
        101340070,
        7,
    ),
    JudgedFinding(
        _finding(
            "windows-build-mismatch",
            Severity.ERROR,
            Subject("image", "rancher/mirrored-sig-storage-csi-proxy:v1.1.2", WIN2025, "win2025"),
            "No manifest runs on build 10.0.26100: the index has 10.0.17763.5206 only. "
            'The pod stays in ImagePullBackOff with "no match for platform in manifest".',
            Location(LIST, 9, 1),
            (Remedy("upgrade", "Use v1.1.3 or later, which has an image for Windows Server 2025."),),
            host_build="10.0.26100",
            image_builds=("10.0.17763.5206",),
        ),
        Severity.ERROR,
    ),
    JudgedFinding(
        _finding(
            "image-absent",
            Severity.ERROR,
            Subject("image", "registry.example.com/shop/web:4.2"),
            "registry.example.com says that the tag does not exist (404 MANIFEST_UNKNOWN).",
            Location(PLAN, 31, 5),
            (
                Remedy(
                    "edit",
                    "The registry has 4.2.0 and 4.2.1: name the one that is meant.",
                    ("crane ls registry.example.com/shop/web",),
                ),
            ),
            status=404,
        ),
        Severity.ERROR,
    ),
    JudgedFinding(
        _finding(
            "chain-incomplete",
            Severity.ERROR,
            Subject("endpoint", "registry.plant7.local:5000", WIN2022, "win2022"),
            'The server sends its own certificate only. "Plant 7 Issuing CA 2" is missing; powershell would fetch it from '
            "http://pki.corp.example/issuing2.crt and fail after 15 s.",
            Location(PLAN, 44, 5),
            (
                Remedy(
                    "edit",
                    "Append the intermediate to the server's chain file and restart it.",
                    ("cat issuing2.pem >> /etc/registry/tls/chain.pem",),
                ),
            ),
            missing="CN=Plant 7 Issuing CA 2",
            aia=("http://pki.corp.example/issuing2.crt",),
        ),
        Severity.ERROR,
    ),
    JudgedFinding(
        _finding(
            "registry-disk",
            Severity.WARNING,
            Subject("registry", "registry.plant7.local:5000"),
            "35.1 GB of images leave 12 % of the 40.0 GB disk free; 15 % is the least for uploads and garbage collection.",
            Location(PLAN, 38, 9),
            (Remedy("upgrade", "Give the registry at least 41.3 GB."),),
            free=0.12,
            enforced=True,
        ),
        Severity.WARNING,
    ),
    JudgedFinding(
        _finding(
            "windows-build-fallback",
            Severity.WARNING,
            Subject("image", "mcr.microsoft.com/oss/kubernetes/pause:3.10", WIN2025, "win2025"),
            "It runs on build 26100 only as the image of the previous LTSC release, 10.0.20348.2700.",
            None,
            (Remedy("upgrade", "Prefer a tag with an image for Windows Server 2025."),),
        ),
        Severity.WARNING,
    ),
    _pinned("docker.io/library/busybox:latest", 3),
    _pinned("ghcr.io/corp/agent:nightly", 11),
    JudgedFinding(
        _finding(
            "image-duplicate",
            Severity.INFO,
            Subject("line", "docker.io/library/busybox:latest"),
            "The same image as `busybox` on line 2.",
            Location("examples/plant-7/lists/linux-images.txt", 3),
        ),
        Severity.INFO,
    ),
    JudgedFinding(
        _finding(
            "certificate-expiring",
            Severity.WARNING,
            Subject("certificate", "registry.plant7.local:5000: CN=registry.plant7.local"),
            "The certificate ends on 2027-04-02, before the horizon of 2027-06-30.",
            Location(PLAN, 44, 5),
            (Remedy("command", "Renew it before the site goes offline."),),
            not_after="2027-04-02",
        ),
        Severity.WARNING,
        Waived("platform team", "rotation is planned for March", datetime.date(2027, 3, 31)),
    ),
)

UNDETERMINED: tuple[Undetermined, ...] = (
    Undetermined(
        Subject("image", "quay.io/corp/metrics:2.4.0"),
        Kind.DENIED,
        "quay.io answered 401 and there are no credentials for it.",
        check="image-absent",
    ),
    Undetermined(
        Subject("endpoint", "k8s.plant7.local:6443", WIN2025, "win2025"),
        Kind.MISSING_EVIDENCE,
        "The root is in Microsoft's programme, but no evidence shows it on these nodes. Offline they cannot download it.",
        check="root-not-trusted",
    ),
    Undetermined(
        Subject("image", "quay.io/corp/metrics:2.4.0", WIN2022, "win2022"),
        Kind.DENIED,
        "quay.io answered 401 and there are no credentials for it.",
        check="foreign-layer-egress",
    ),
)
