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

from auditor.check import PASSED, Area, Finding, Kind, Outcome, Part, Remedy, Role, Severity, Subject, Undetermined, define
from auditor.errors import Location
from auditor.facts.lookup import Gap
from auditor.net import bare
from auditor.oci.reference import Reference
from auditor.readers.node_preloads import always_pulls
from auditor.readers.workloads.pulling import PodImage, PullingPod
from auditor.site import Requirement, Site
from auditor.site.preloads import has_trait
from auditor.text import listed
from checks._shared.affected import of_pairs

_ALWAYS, _LATEST = "Always", "latest"


@dataclass(frozen=True, slots=True)
class _Pull:
    """One image of a pod on pools where no registry answers, or why that is unknown."""

    pod: PullingPod
    image: PodImage
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


def _policy(image: PodImage, admission: Location | None) -> tuple[str, str]:
    """Return the effective pull policy and a clause that says where it comes from."""
    if image.policy == _ALWAYS:
        return _ALWAYS, "`imagePullPolicy: Always`"
    if admission is not None:
        return _ALWAYS, f"`imagePullPolicy: Always` from the admission plug-in AlwaysPullImages ({admission})"
    tag, has_tag = image.reference.tag, ":" in image.text.partition("@")[0].rpartition("/")[2]
    if not image.policy and not image.reference.digest and (tag == _LATEST or not has_tag):
        named = "the tag `latest`" if has_tag else "no tag"
        return _ALWAYS, f"{named}, for which the default is `imagePullPolicy: Always`"
    return image.policy or "IfNotPresent", ""


def _subject(pull: _Pull) -> Subject:
    return Subject("workload", f"{pull.pod.owner} {pull.image.container}")


def _symptom(reference: Reference) -> Part:
    host = "registry-1.docker.io" if reference.domain == "docker.io" else reference.domain
    error = (
        f'Failed to pull image "{reference}": failed to resolve reference "{reference}": failed to do request: Head '
        f'"https://{host}/v2/{reference.path}/manifests/{reference.target}": dial tcp: lookup {bare(host)}: no such host'
    )
    return Part(f"Error on the node: `{error}`.", Role.SYMPTOM)


def _finding(pull: _Pull, severity: Severity, case: str, cause: str, effect: str, remedy: Remedy) -> Finding:
    return Finding(
        severity=severity,
        subject=_subject(pull),
        parts=(Part(cause), Part(effect, Role.EFFECT), _symptom(pull.image.reference)),
        case=case,
        facts={"image": str(pull.image.reference), "policy": pull.image.policy, "pools": pull.pools},
        location=pull.image.location,
        remedies=(remedy,),
        affects=of_pairs((str(pull.image.reference), pool) for pool in pull.pools),
    )


def _always(pull: _Pull, why: str) -> Finding:
    cause = f"{pull.pod.owner} runs {pull.image.reference} with {why}."
    effect = "kubelet asks the registry before each start, but the image is only imported from an archive."
    text = f"Set `imagePullPolicy: IfNotPresent` in {pull.pod.owner}, and give the image a tag other than `latest`."
    if "AlwaysPullImages" in why:
        text = "Remove AlwaysPullImages from `enable-admission-plugins` of the API server."
    return _finding(pull, Severity.ERROR, "always", cause, effect, Remedy("edit", text))


def _by_digest(site: Site, pull: _Pull) -> Outcome:
    """Return the outcome for an image with a digest, which containerd finds only by `repository@digest`."""
    reference, cluster = pull.image.reference, site.plan.cluster
    wanted = f"{reference.repository}@{reference.digest}"
    cause = f"{pull.pod.owner} runs {reference}, which the node finds only by the name {wanted}."
    names = Remedy(
        "edit", f"Name the image by its tag in {pull.pod.owner}, or create the name after the import.", _tagging(pull)
    )
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
        return _finding(pull, Severity.ERROR, "digest", cause, effect, names)
    distribution = cluster.distribution.lower() if cluster is not None else ""
    creates = has_trait(distribution, cluster.version if cluster is not None else "", "names-digests")
    if creates is True:
        return PASSED
    if isinstance(creates, Gap):
        return _doubt(pull, f"it is unknown whether the import creates the name {wanted}: {creates.why}")
    name = next(iter(entries[0].root.names), "in the archive")
    effect = f"The import creates only the name {name}."
    return _finding(pull, Severity.WARNING, "digest", cause, effect, names)


def _tagging(pull: _Pull) -> tuple[str, ...]:
    reference = pull.image.reference
    if not reference.tag:
        return ()
    names = (f"{reference.repository}:{reference.tag}", f"{reference.repository}@{reference.digest}")
    return (shlex.join(["ctr", "-n", "k8s.io", "images", "tag", *names]),)


def _doubt(pull: _Pull, why: str) -> Undetermined:
    affects = of_pairs((str(pull.image.reference), pool) for pool in pull.pools)
    return Undetermined(_subject(pull), Kind.MISSING_EVIDENCE, why, location=pull.image.location, affects=affects)


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per image of a pod that no registry serves."""
    admission = always_pulls(site.plan)
    for pull in _pulls(site):
        if pull is None:
            yield PASSED
            continue
        policy, why = _policy(pull.image, admission)
        if policy == "Never":
            yield PASSED
        elif policy == _ALWAYS:
            yield _doubt(pull, f"it has {why}, and {pull.doubt}") if pull.doubt else _always(pull, why)
        elif pull.image.reference.digest and not pull.doubt:
            yield _by_digest(site, pull)
        else:
            yield PASSED


CHECK = define(
    run,
    title="Pod needs a pull, but no registry answers",
    holds="No pod needs a pull that nothing answers",
    area=Area.NODE_ACCESS,
    severity=Severity.ERROR,
    requires=(Requirement.WORKLOAD_FILES, Requirement.IMPORTS),
)
