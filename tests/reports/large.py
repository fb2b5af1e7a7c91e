"""A large report: thousands of images on six pools, with thousands of findings and undetermined outcomes."""

from __future__ import annotations

import dataclasses

from auditor.check import Finding, Remedy, Severity, Subject, Undetermined
from auditor.errors import Location
from auditor.evidence.model import Kind
from auditor.report import Cell, CellStatus, Counts, ImageRow, JudgedFinding, Report
from tests.reports.sample import sample_report
from tests.reports.sample_sections import digest_of

POOLS = {
    "control": "linux/amd64",
    "edge": "linux/arm64",
    "win2019": "windows/amd64:ltsc2019",
    "win2022": "windows/amd64:ltsc2022",
    "win2025": "windows/amd64:ltsc2025",
    "build": "linux/amd64",
}
_BUILDS = {"win2019": "10.0.17763.6893", "win2022": "10.0.20348.3207", "win2025": "10.0.26100.2894"}
_TROUBLES = (
    ("build-mismatch", "the index has 10.0.17763.5206 only"),
    ("platform-absent", "the index has linux/amd64 and linux/arm64"),
    ("absent", "404 MANIFEST_UNKNOWN"),
    ("undetermined", "401 Unauthorized: no credentials for registry.example.com"),
    ("fallback", "runs as the image of the previous LTSC release"),
)
_CHECKS = ("foreign-layer-egress", "windows-build-mismatch", "platform-absent", "image-absent", "image-unpinned")


def large_report(images: int = 10_000, findings: int = 4_000, questions: int = 4_000) -> Report:
    """The sample report with that many images on six pools, findings on one of them each, and undetermineds."""
    found = tuple(sorted((_finding(number) for number in range(findings)), key=lambda item: -item.severity.rank))
    asked = tuple(_undetermined(number) for number in range(questions))
    counts = Counts(
        error=sum(item.severity is Severity.ERROR for item in found),
        warning=sum(item.severity is Severity.WARNING for item in found),
        info=0,
        undetermined=questions,
        waived=0,
        examined=images * len(POOLS),
    )
    rows = tuple(map(_image, range(images)))
    return dataclasses.replace(sample_report(), counts=counts, findings=found, undetermined=asked, images=rows)


def _name(number: int) -> str:
    return f"registry.example.com/team-{number % 50}/app-{number}:1.{number % 7}"


def _image(number: int) -> ImageRow:
    cells = tuple(_cell(number, place, pool) for place, pool in enumerate(POOLS))
    why = (f"list lists/images-{number % 20}.txt:{number // 20 + 1}:1",)
    if number % 3 == 0:
        why += (f"manifest deploy/team-{number % 50}.yaml:{17 + number}:18",)
    return ImageRow(_name(number), digest_of(str(number)), why, cells)


def _cell(number: int, place: int, pool: str) -> Cell:
    status, detail = _TROUBLES[number % 5] if (number + place) % 12 == 0 else ("ok", "")
    known = status in {"ok", "fallback"}
    return Cell(
        platform=POOLS[pool],
        pool=pool,
        status=CellStatus(status),
        digest=digest_of(f"{number} {pool}") if known else "",
        os_version=_BUILDS.get(pool, "") if known else "",
        bytes=30_000_000 + number * 1_777 + place if known else None,
        foreign_layers=int(known and pool == "win2019" and number % 50 == 0),
        detail=detail,
    )


def _finding(number: int) -> JudgedFinding:
    check = _CHECKS[number % len(_CHECKS)]
    pool = list(POOLS)[number % len(POOLS)]
    severity = Severity.WARNING if check == "image-unpinned" else Severity.ERROR
    finding = Finding(
        Subject("image", _name(number), POOLS[pool], pool),
        f"No manifest of {_name(number)} runs on the nodes of {pool}: the index has linux/amd64, linux/arm64 and "
        '10.0.17763.5206 only. The pod stays in ImagePullBackOff with "no match for platform in manifest: not found".',
        case=str(number),
        facts={
            "digest": digest_of(str(number)),
            "host_build": "10.0.26100",
            "image_builds": ("10.0.17763.5206", "10.0.20348.1"),
        },
        location=Location(f"lists/images-{number % 20}.txt", number // 20 + 1, 1),
        remedies=(
            Remedy(
                "copy",
                f"Copy app-{number} with every platform that the pools need.",
                (f"crane copy {_name(number)} registry.plant7.local:5000/team-{number % 50}/app-{number}:1.{number % 7}",),
            ),
            Remedy("edit", "Name an image of the pool's own build."),
        ),
        check=check,
        severity=severity,
    )
    return JudgedFinding(finding, severity)


def _undetermined(number: int) -> Undetermined:
    pool = list(POOLS)[number % len(POOLS)]
    kind = (Kind.DENIED, Kind.UNREACHABLE, Kind.MISSING_EVIDENCE)[number % 3]
    detail = f"registry.example.com answered 401 Unauthorized for {_name(number)}: no credentials were given"
    return Undetermined(Subject("image", _name(number), POOLS[pool], pool), kind, detail, check=_CHECKS[number % 4])
