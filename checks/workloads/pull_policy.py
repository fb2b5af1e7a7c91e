"""## What it checks
If images reach the nodes only in archives and no registry answers, pods must not need a pull. A pod needs one with
`imagePullPolicy: Always`, which is the default for the tag `latest` and for no tag. The admission plug-in AlwaysPullImages sets
it for all pods. A pod with a digest also needs one, if the import does not create the name `repository@digest`.

## Why it matters
With `Always`, kubelet asks the registry for the digest before each start, although the image is on the node. Offline, the pod
stays in ErrImagePull. containerd finds an image with a digest only by the name `repository@digest` and ignores the tag beside
it. `ctr images import` creates only the names in the archive. K3s and RKE2 create the digest's name since v1.34.3, v1.33.7 and
v1.32.11.

## How to fix
Set `imagePullPolicy: IfNotPresent` and a tag other than `latest`. Name images by their tags, or tag them after the import.

## When it is undetermined
The image is pinned to a digest, and the archives were not read. The host of an image is a variable. The nodes share images
through the embedded registry mirror. If the plan has a registry or no archives, the check does not apply.

## References
kubernetes/kubernetes pkg/apis/core/v1/defaults.go and plugin/pkg/admission/alwayspullimages; containerd/containerd
internal/cri/server/images/service.go (`LocalResolve`) and cmd/ctr/commands/images/import.go; facts/preloads.yaml.
"""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from auditor.check import (
    PASSED,
    Affected,
    Area,
    Finding,
    Kind,
    Outcome,
    Part,
    Remedy,
    Role,
    Severity,
    Subject,
    Undetermined,
    define,
)
from auditor.errors import Location
from auditor.facts.lookup import Gap
from auditor.net import bare
from auditor.oci.reference import Reference
from auditor.readers.node_preloads import always_pulls
from auditor.readers.workloads.pulling import ContainerImage, PullingPod
from auditor.site import Requirement, Site
from auditor.site.preloads import has_trait
from auditor.text import listed
from checks._shared.affected import of_pairs

_SHOWN = 3
_ALWAYS, _LATEST = "Always", "latest"


@dataclass(frozen=True, slots=True)
class _Pull:
    """One image of a pod on pools where no registry answers, or why that is unknown."""

    pod: PullingPod
    image: ContainerImage
    pools: tuple[str, ...]
    doubt: str = ""


def _pulls(site: Site) -> Iterator[_Pull | None]:
    """Yield one entry per image of a pod; None if a registry answers on all its pools."""
    for pod in site.pull_objects.pods:
        for image in pod.images:
            answers = {pool: site.preloads.answers(pool, image.reference) for pool in pod.pools}
            silent = tuple(pool for pool, answer in answers.items() if answer is False)
            if silent:
                yield _Pull(pod, image, silent)
            elif doubts := [answer for answer in answers.values() if isinstance(answer, str)]:
                yield _Pull(pod, image, tuple(answers), doubts[0])
            else:
                yield None


def _policy(image: ContainerImage, admission: Location | None) -> tuple[str, str]:
    """Return the effective pull policy and a clause that says where it comes from."""
    if image.policy == _ALWAYS:
        return _ALWAYS, "`imagePullPolicy: Always`"
    if admission is not None:
        return _ALWAYS, "`imagePullPolicy: Always` from the admission plug-in AlwaysPullImages"
    tag, has_tag = image.reference.tag, ":" in image.text.partition("@")[0].rpartition("/")[2]
    if not image.policy and not image.reference.digest and (tag == _LATEST or not has_tag):
        named = "the tag `latest`" if has_tag else "no tag"
        return _ALWAYS, f"{named}, for which the default is `imagePullPolicy: Always`"
    return image.policy or "IfNotPresent", ""


def _subject(pull: _Pull) -> Subject:
    return Subject("image", str(pull.image.reference))


def _owners(group: list[_Pull]) -> str:
    return listed(list(dict.fromkeys(pull.pod.owner for pull in group)), _SHOWN)


def _symptom(reference: Reference) -> Part:
    host = "registry-1.docker.io" if reference.domain == "docker.io" else reference.domain
    error = (
        f'Failed to pull image "{reference}": failed to resolve reference "{reference}": failed to do request: Head '
        f'"https://{host}/v2/{reference.path}/manifests/{reference.target}": dial tcp: lookup {bare(host)}: no such host'
    )
    return Part(f"Error on the node: `{error}`.", Role.SYMPTOM)


def _affected(group: list[_Pull]) -> tuple[Affected, ...]:
    return of_pairs((str(pull.image.reference), pool) for pull in group for pool in pull.pools)


def _always(group: list[_Pull], why: str) -> Finding:
    """Return the finding for one image that pods always pull, for the same reason."""
    first, owners = group[0], _owners(group)
    effect = "kubelet asks the registry before each start, but the image is only imported from an archive."
    text = f"Set `imagePullPolicy: IfNotPresent` in {owners}, and give the image a tag other than `latest`."
    run = "runs" if len({pull.pod.owner for pull in group}) == 1 else "run"
    return Finding(
        subject=_subject(first),
        parts=(
            Part(f"{owners} {run} {first.image.reference} with {why}."),
            Part(effect, Role.EFFECT),
            _symptom(first.image.reference),
        ),
        case="always",
        facts={"owners": tuple(dict.fromkeys(pull.pod.owner for pull in group)), "policy": first.image.policy},
        location=first.image.location,
        remedies=(Remedy("edit", text),),
        affects=_affected(group),
    )


def _by_admission(group: list[_Pull], admission: Location) -> Finding:
    """Return the finding for all images that the admission plug-in makes kubelet pull."""
    images = list(dict.fromkeys(str(pull.image.reference) for pull in group))
    return Finding(
        subject=Subject("admission", "AlwaysPullImages"),
        parts=(
            Part(f"The admission plug-in AlwaysPullImages sets `imagePullPolicy: Always` for {listed(images, _SHOWN)}."),
            Part("kubelet asks the registry before each start, but the images are only imported from archives.", Role.EFFECT),
            _symptom(group[0].image.reference),
        ),
        case="admission",
        facts={"images": tuple(images)},
        location=admission,
        remedies=(Remedy("edit", "Remove AlwaysPullImages from `enable-admission-plugins` of the API server."),),
        affects=_affected(group),
    )


def _pinned(pull: _Pull, severity: Severity, effect: str) -> Finding:
    """Return the finding for an image with a digest whose name is not on the node."""
    reference, owner = pull.image.reference, pull.pod.owner
    wanted = f"{reference.repository}@{reference.digest}"
    text = f"Name the image by its tag in {owner}, or create the name after the import."
    return Finding(
        severity=severity,
        subject=_subject(pull),
        parts=(
            Part(f"{owner} runs {reference}, which the node finds only by the name {wanted}."),
            Part(effect, Role.EFFECT),
            _symptom(reference),
        ),
        case="digest",
        facts={"owners": (owner,), "policy": pull.image.policy},
        location=pull.image.location,
        remedies=(Remedy("edit", text, _tagging(pull)),),
        affects=_affected([pull]),
    )


def _by_digest(site: Site, pull: _Pull) -> Outcome:
    """Return the outcome for an image with a digest, which containerd finds only by `repository@digest`."""
    reference, cluster = pull.image.reference, site.plan.cluster
    wanted = f"{reference.repository}@{reference.digest}"
    archives = site.archives
    if archives is None or archives.unread:
        return _doubt(pull, f"it is unknown whether an archive has the digest of {reference}: the archives were not read")
    entries = archives.entries.get(reference, ())
    if not entries:
        return PASSED  # image-missing-in-target reports it
    if any(wanted in entry.root.names for entry in entries):
        return PASSED
    if not any(entry.root.digest == reference.digest for entry in entries):
        digests = listed([entry.root.digest for entry in entries], 2)
        effect = f"The archive has another digest, {digests}, so the import cannot create this name."
        return _pinned(pull, Severity.ERROR, effect)
    distribution = cluster.distribution.lower() if cluster is not None else ""
    creates = has_trait(distribution, cluster.version if cluster is not None else "", "names-digests")
    if creates is True:
        return PASSED
    if isinstance(creates, Gap):
        return _doubt(pull, f"it is unknown whether the import creates the name {wanted}: {creates.why}")
    name = next(iter(entries[0].root.names), "in the archive")
    effect = f"The import creates only the name {name}."
    return _pinned(pull, Severity.WARNING, effect)


def _tagging(pull: _Pull) -> tuple[str, ...]:
    reference = pull.image.reference
    if not reference.tag:
        return ()
    names = (f"{reference.repository}:{reference.tag}", f"{reference.repository}@{reference.digest}")
    return (shlex.join(["ctr", "-n", "k8s.io", "images", "tag", *names]),)


def _doubt(pull: _Pull, why: str) -> Undetermined:
    return Undetermined(_subject(pull), Kind.MISSING_EVIDENCE, why, location=pull.image.location, affects=_affected([pull]))


def _one(site: Site, pull: _Pull, policy: str, why: str) -> Outcome:
    """Return the outcome for an image that is not certainly pulled at each start."""
    if policy == _ALWAYS:
        return _doubt(pull, f"it has {why}, and {pull.doubt}")
    if policy == "Never" or not pull.image.reference.digest:
        return PASSED
    found = _by_digest(site, pull)
    return _doubt(pull, pull.doubt) if pull.doubt and found is not PASSED else found


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per image, and one for the admission plug-in."""
    admission = always_pulls(site.plan)
    always: dict[tuple[str, str], list[_Pull]] = {}
    admitted: list[_Pull] = []
    told: set[str] = set()  # one outcome per image is enough
    for pull in _pulls(site):
        policy, why = _policy(pull.image, admission) if pull is not None else ("", "")
        if pull is None:
            yield PASSED
        elif policy == _ALWAYS and not pull.doubt:
            is_admitted = admission is not None and pull.image.policy != _ALWAYS
            (admitted if is_admitted else always.setdefault((str(pull.image.reference), why), [])).append(pull)
        elif (outcome := _one(site, pull, policy, why)) is PASSED:
            yield PASSED
        elif (name := str(pull.image.reference)) not in told:
            told.add(name)
            yield outcome
    for (_, why), group in always.items():
        yield _always(group, why)
    if admitted and admission is not None:
        yield _by_admission(admitted, admission)


CHECK = define(
    run,
    title="Pod needs a pull, but no registry answers",
    holds="No pod needs a pull that nothing answers",
    area=Area.NODE_ACCESS,
    severity=Severity.ERROR,
    requires=(Requirement.WORKLOAD_FILES, Requirement.IMPORTS),
)
