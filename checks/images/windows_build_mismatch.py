"""## What it checks
Every image for a Windows pool has a manifest with an `os.version` that the host build can run. Before Windows Server 2022,
the builds must be equal. From then on, a host also runs images of the previous LTSC, down to its floor. Older containerd
(before 1.6.23, and 1.7.0 to 1.7.5) requires equal builds everywhere. HostProcess containers run on every build.

## Why it matters
Windows containers share the host's kernel. A newer image never starts on an older host, and the host rejects an image that is
too old: `The operating system of the container does not match the operating system of the host. (0xc0370101)`, or `no match
for platform in manifest`.

## How to fix
Use a tag with the pool's build, or move the pool to a build that the image is published for. If only an old containerd
rejects the image, update containerd.

## When it is undetermined
The index, or the config with os.version, could not be read.

## References
containerd/platforms platform_windows_compat.go; Microsoft, Windows container version compatibility; facts/windows_builds.yaml
and facts/windows_runtimes.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import PASSED, Area, Finding, Outcome, Part, Remedy, Role, Severity, Undetermined, define
from auditor.oci.windows import match_build, release_of, split_version
from auditor.site import Requirement, Site
from auditor.site.images import Placement, Standing
from checks._shared.placed import settled, subject_of


def _host_name(os_version: str) -> str:
    split = split_version(os_version)
    release = release_of(split[1]) if split else None
    return f"{os_version} ({release.product})" if release else os_version


def _refused_by_runtime_only(placement: Placement) -> bool:
    """Whether the host can run the image, and only the declared containerd is too old for it."""
    rule, host = placement.resolution.runtime, placement.need.platform.os_version
    if rule is None or rule.matching != "strict":
        return False
    return any(match_build(host, build).runs for build in placement.resolution.choice.builds)


def _finding(placement: Placement) -> Finding:
    image, host = placement.image.reference, placement.need.platform
    builds = placement.resolution.choice.builds
    there = ", ".join(builds) or "without an os.version"
    name = placement.pool.name
    message = f"{image} is built for Windows {there}. {name} runs {_host_name(host.os_version)} and cannot run it."
    remedy = Remedy("edit", f"Use a tag with os.version {host.os_version}, or move {name} to a build that is published.")
    is_refused = _refused_by_runtime_only(placement)
    runtime = str(placement.pool.runtime or "")
    if is_refused:
        message = (
            f"{image} can run on {_host_name(host.os_version)}, but {placement.pool.runtime} requires an equal build and "
            f"finds only {there}."
        )
        remedy = Remedy("upgrade", f"Update containerd on {placement.pool.name} to 1.7.6 or later (1.6.23 on that line).")
    return Finding(
        subject=subject_of(placement),
        parts=(
            Part(message, names_who=not is_refused),
            Part("Error on the node: `no match for platform in manifest: not found`.", Role.SYMPTOM),
        ),
        facts={
            "host": host.os_version,
            "offered": builds,
            "runtime": runtime,
            **({"source": placement.resolution.runtime.source} if is_refused and placement.resolution.runtime else {}),
            "digest": placement.image.digest,
        },
        location=placement.need.why[0].location,
        remedies=(remedy,),
        fold=(host.os_version, *builds, runtime if is_refused else ""),
    )


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per Windows pool and image with a manifest for Windows."""
    for placement in settled(site, lambda placed: placed.pool.is_windows):
        if isinstance(placement, Undetermined):
            yield placement
        elif placement.standing is Standing.BUILD_MISMATCH:
            yield _finding(placement)
        elif placement.standing is not Standing.PLATFORM_ABSENT:
            yield PASSED


CHECK = define(
    run,
    title="No compatible Windows build for the pool",
    holds="Images have a compatible Windows build",
    area=Area.SOURCES,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES, Requirement.WINDOWS_POOLS),
)
