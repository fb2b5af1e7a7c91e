"""## What it checks
Every image that the distribution or a runtime pulls by default is on a list: pause, the RKE2 runtime binaries, the control
plane, cluster DNS and the network plug-in. For releases that were read from their source, and for the files that
`cluster.images` names, the tag must be exactly that of the release. An image that only a setting enables need not be listed,
but the lists must not have only another tag of it. On Windows pools, the pause image also has a build that the hosts can run.

## Why it matters
No manifest and no chart names these images, so lists that are made from manifests lack them. Without its pause image, a node
starts no pod. Without `rke2-runtime`, a Windows node does not join the cluster.

## How to fix
Add the image to the copied list with exactly the tag that is pulled. Alternatively, set the sandbox (pause) image in the
runtime's configuration to a listed one. If the component is disabled, waive the warning.

## When it is undetermined
The facts do not cover the version of the distribution, its network plug-in or the runtime, or the plan does not state the
version in full. Save the image list of the release and name it in `cluster.images`: it then replaces the facts. An image of a
component that may be disabled or configured differently is only a warning. If the plan names no distribution, a missing pause
image also makes the result undetermined: the nodes may be configured to use another pause image.

## References
facts/releases/*.json; facts/default_images.yaml; facts/pause_images.yaml; facts/pause_builds.yaml; facts/distributions.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import (
    PASSED,
    Area,
    Finding,
    Outcome,
    Part,
    Remedy,
    RemedyKind,
    Role,
    Severity,
    Subject,
    Undetermined,
    define,
)
from auditor.evidence.model import Kind
from auditor.needs.default_facts import PAUSE, PauseBuilds, pause_builds
from auditor.needs.listed import ListedReferences
from auditor.needs.model import DefaultImage, UnknownDefault
from auditor.oci.windows import build_gap, match_build, release_of, runtime_rule, runtime_rules
from auditor.plan.model import Pool
from auditor.site import Requirement, Site
from auditor.site.images import Standing


def _symptom(image: DefaultImage) -> Part:
    if image.part == PAUSE:
        error = f'failed to get sandbox image "{image.text}": failed to pull image "{image.text}"'
        return Part(f"No pod starts. Error on the node: `{error}`.", Role.SYMPTOM, "failed to get sandbox image")
    return Part(f'Error on the node: `failed to pull image "{image.text}"`.', Role.SYMPTOM, "failed to pull image")


def _wording(image: DefaultImage) -> str:
    """Return the image as text: the reference, or a pattern of it."""
    return image.text if image.reference is not None else f"an image {image.text}"


def _hedge(site: Site, image: DefaultImage) -> tuple[Part, ...]:
    if image.certain:
        return ()
    if site.plan.cluster is None:
        return (Part("The plan states no distribution, which may set another image.", Role.EFFECT),)
    if image.optional:
        return (Part("A cluster pulls this image only if a setting enables the component.", Role.EFFECT),)
    return (Part("The component may be disabled or be an add-on; the facts are not certain.", Role.EFFECT),)


def _missing(site: Site, image: DefaultImage, tags: tuple[str, ...]) -> Finding:
    near = f" From this repository, the lists have only {', '.join(tags[:5])}." if tags else ""
    pools = ", ".join(image.pools)
    cause = f"{image.who} pulls {_wording(image)} by default on {pools} ({image.part}), but no list contains it.{near}"
    return Finding(
        severity=Severity.ERROR if image.certain else Severity.WARNING,
        subject=Subject("image", image.text),
        parts=(Part(cause), _symptom(image), *_hedge(site, image)),
        case=image.part,
        facts={"who": image.who, "part": image.part, "pools": image.pools, "listed_tags": tags, "source": image.source},
        location=image.location,
        remedy_kind=RemedyKind.ADD_TO_LIST,
        remedies=(_listing(image),),
    )


def _listing(image: DefaultImage) -> Remedy:
    """Return the remedy that lists the image. If the facts have only a tag pattern, it says how to find the exact tag."""
    if image.reference is not None:
        return Remedy("edit", f"Add {image.text} to the image list.")
    repository, _, pattern = image.text.rpartition(":")
    where = f"see {image.image_list}" if image.image_list else "see the images of a running node"
    text = (
        f"Add {repository} to the image list, with the exact tag that {image.who} pulls: {where}. "
        f"The facts have only the pattern `{pattern}`."
    )
    return Remedy("edit", text, (f"skopeo list-tags docker://{repository}",))


def _unbuilt(image: DefaultImage, pool: Pool, row: PauseBuilds) -> Finding | None:
    """Return a finding if the facts have no build of the pause image that the pool's hosts can run, else None."""
    host = pool.platform.os_version
    runtime = pool.runtime
    gap = runtime_rules(runtime.name, runtime.version).gap if runtime is not None else None
    if build_gap(host) is not None or (gap is not None and gap.is_outside):
        return None  # `version-not-covered` reports it
    rule = runtime_rule(pool.runtime.name, pool.runtime.version) if pool.runtime is not None else None
    strict = rule is not None and rule.matching == "strict"
    if any(match_build(host, f"10.0.{build}", strict=strict).runs for build in row.builds):
        return None
    builds = tuple(release.name if (release := release_of(build)) else str(build) for build in row.builds)
    doubt = "" if row.confidence == "high" else " The list of builds is not certain."
    return Finding(
        severity=Severity.ERROR if image.certain and row.confidence == "high" else Severity.WARNING,
        subject=Subject("image", image.text, str(pool.platform), pool.name),
        message=(
            f"{image.who} pulls {image.text} on {pool.name} ({host}), but it is built only for {', '.join(builds)}. "
            f"No pod starts. Error on the node: `no match for platform in manifest`.{doubt}"
        ),
        case="builds",
        facts={"who": image.who, "host": host, "builds": builds, "source": row.source},
        location=image.location,
        remedy_kind=RemedyKind.ADD_TO_LIST,
        remedies=(Remedy("edit", f"Set the sandbox image of {pool.name} to one with a build for it, and list that image."),),
    )


def _builds(site: Site, image: DefaultImage, seen: set[tuple[str, str]]) -> Iterator[Finding]:
    """Yield findings about a pause image that was not observed. `windows-build-mismatch` evaluates observed images."""
    if image.part != PAUSE or image.reference is None:
        return
    row = pause_builds(image.reference.repository, image.reference.tag)
    for name in image.pools if row is not None else ():
        pool = site.plan.pool(name)
        if row is not None and pool.is_windows and (str(image.reference), name) not in seen:
            finding = _unbuilt(image, pool, row)
            if finding is not None:
                yield finding


def _undecided(image: DefaultImage) -> Undetermined | None:
    """Return an undetermined outcome for an unlisted pause image, if it is unknown which one the nodes use."""
    if image.certain or image.part != PAUSE:
        return None
    detail = f"no list contains {image.text}, the pause image of {image.who}, and the nodes may use another one"
    return Undetermined(Subject("image", image.text), Kind.MISSING_EVIDENCE, f"{image.location}: {detail}")


def _doubtful(image: DefaultImage) -> Undetermined:
    detail = f"no list contains {image.text}, and {image.doubt}: add it to a list to be safe"
    return Undetermined(Subject("image", image.text), Kind.UNSUPPORTED, f"{image.location}: {detail}")


def _unknown(unknown: UnknownDefault) -> Undetermined:
    kind = Kind.MISSING_EVIDENCE if unknown.missing else Kind.UNSUPPORTED
    return Undetermined(Subject("default", unknown.who, pool=unknown.pool), kind, f"{unknown.location}: {unknown.detail}")


def _pauses_seen(site: Site) -> set[tuple[str, str]]:
    """Return the pause images with observed platforms, as pairs of image and pool."""
    pauses = {image.reference for image in site.needs.defaults.images if image.part == PAUSE} & site.images.images.keys()
    return {
        (placement.image.name, placement.pool.name)
        for placement in (site.images.placements if pauses else ())
        if placement.image.reference in pauses and placement.standing is not Standing.UNDETERMINED
    }


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one finding per unlisted image, and one per pause image and Windows pool that cannot run it."""
    listed = ListedReferences(site.needs.lines, site.plan.registry)
    seen = _pauses_seen(site)
    for image in site.needs.defaults.images:
        wrong = list(_builds(site, image, seen))
        if not listed.of(image):
            tags = listed.other_tags(image)
            if image.optional and not tags:
                continue
            if image.doubt:
                yield _doubtful(image)
                continue
            wrong.append(_missing(site, image, tags))
            if (undecided := _undecided(image)) is not None:
                yield undecided
        yield from wrong
        if not wrong:
            yield PASSED
    yield from map(_unknown, site.needs.defaults.unknown)


CHECK = define(
    run,
    title="Image that is pulled by default is not listed",
    holds="Default images are listed",
    area=Area.DEFAULTS,
    severity=Severity.ERROR,
    requires=(Requirement.LISTS, Requirement.DEFAULTS),
)
