"""## What it checks
Images that run on a Windows pool only under a condition. There is no manifest of the exact build, so the previous-LTSC rule
applies. The image has no `os.version`. Or the pool's containerd may choose another build than the best one.

## Why it matters
The previous-LTSC rule needs containerd 1.7.6 (1.6.23) or later. An image without os.version matches every host, even one
where it does not run. containerd before 2.1.6 does not sort by os.version: on Windows Server 2025, a mixed index may yield
the 2022 image.

## How to fix
Use a tag with the pool's build, update containerd to 2.1.6 or later, or pin the digest of the right platform. On Annual
Channel hosts (23H2), Microsoft expects LTSC 2022 images, so the finding is information only.

## When it is undetermined
The index, or the config with os.version, could not be read.

## References
containerd#11366; containerd/platforms#25; facts/windows_runtimes.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import PASSED, Area, Finding, Outcome, Remedy, Severity, Undetermined, define
from auditor.oci.select import PlatformFit
from auditor.oci.windows import release_of, split_version
from auditor.site import Requirement, Site
from auditor.site.images import Placement, Standing
from checks._shared.placed import settled, subject_of

RUNNABLE = frozenset({Standing.OK, Standing.FALLBACK})


def _has_base_images(os_version: str) -> bool:
    """Whether base images of the exact build can exist. False for host-only releases."""
    split = split_version(os_version)
    release = release_of(split[1]) if split else None
    return release is None or release.base_images


def _needs_same_revision(os_version: str) -> bool:
    """Return whether Windows compares the revision of images too, as Windows Server 2016 does."""
    split = split_version(os_version)
    release = release_of(split[1]) if split else None
    return release is not None and release.same_revision


def _judge(placement: Placement) -> tuple[Severity, str, str] | None:
    """Return severity, case and message, or None if the image runs on the pool without a condition."""
    choice, rule = placement.resolution.choice, placement.resolution.runtime
    image, pool, host = placement.image.reference, placement.pool, placement.need.platform.os_version
    if choice.fit is PlatformFit.BLANK:
        message = f"{image} has no os.version, so {pool.name} ({host}) pulls it without knowing whether it can run."
        return Severity.WARNING, "blank", message
    if choice.fit is PlatformFit.FALLBACK:
        known = f"the rule of {pool.runtime} is unknown" if pool.runtime else "the plan does not state the runtime"
        needs = "" if rule is not None else f". This needs containerd 1.7.6 (1.6.23) or later, and {known}"
        severity = Severity.WARNING if _has_base_images(host) else Severity.INFO
        ran = f"{pool.name} runs {choice.os_version} under the previous-LTSC rule"
        return severity, "fallback", f"{image} has no build for {host}: {ran}{needs}."
    if choice.fit is PlatformFit.EXACT and _needs_same_revision(host) and choice.os_version != host:
        message = (
            f"{image} is built for {choice.os_version}, and {pool.name} runs {host}. Windows Server 2016 supports only images "
            "of its own revision, the fourth number."
        )
        return Severity.WARNING, "revision", message
    if rule is not None and not rule.sorts_os_version and choice.runnable_builds > 1:
        message = (
            f"{image} has {choice.runnable_builds} builds that {pool.name} ({host}) can run, but {pool.runtime} does not sort "
            f"by os.version. It may pull another one than {choice.os_version}."
        )
        return Severity.WARNING, "unsorted", message
    return None


def _finding(placement: Placement, judged: tuple[Severity, str, str]) -> Finding:
    severity, case, message = judged
    choice = placement.resolution.choice
    upgrade = Remedy("upgrade", f"Update containerd on {placement.pool.name} to 2.1.6 or later.")
    exact = Remedy("edit", f"Use a tag with a build for {placement.need.platform.os_version}, if one is published.")
    return Finding(
        severity=severity,
        subject=subject_of(placement),
        message=message,
        case=case,
        facts={"host": placement.need.platform.os_version, "taken": choice.os_version, "offered": choice.builds},
        fold=(case, placement.need.platform.os_version, choice.os_version, *choice.builds, str(placement.pool.runtime or "")),
        location=placement.need.why[0].location,
        remedies=(upgrade,) if case == "unsorted" else (exact,),
    )


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per image and Windows pool that can run it. HostProcess containers are exempt."""
    for placement in settled(site, lambda placed: placed.pool.is_windows):
        if isinstance(placement, Undetermined):
            yield placement
        elif placement.standing in RUNNABLE:
            judged = None if placement.need.host_process else _judge(placement)
            if judged is None:
                yield PASSED
            else:
                yield _finding(placement, judged)


CHECK = define(
    run,
    title="Image runs on a Windows pool only by fallback",
    holds="No image needs a Windows fallback",
    area=Area.SOURCES,
    severity=Severity.WARNING,
    requires=(Requirement.IMAGES, Requirement.WINDOWS_POOLS),
)
