"""## What it checks
If the internal registry runs in a cluster of the plan, its own images do not come from itself. The check finds its pods
through the Services, Ingresses, routes and node ports of `registry.host`. The nodes must have the images of these pods from
archives, or pull them from another registry.

## Why it matters
At the first start, the registry does not run, so its own images cannot be pulled from it. The same happens after a full restart
if kubelet removed the images, and when a pod moves to a node that does not have them. The registry stays down, and no other
image can be pulled.

## How to fix
Import the images of the registry on each node that may run it, and set `imagePullPolicy: IfNotPresent`. Or serve them from a
second registry outside of the cluster.

## When it is undetermined
Archives are named but were not read. The configuration of a pool's nodes does not show from where they pull. If no Service,
Ingress or route of the workloads leads to `registry.host`, the check has nothing to examine.

## References
fluxcd/source-controller#1049; docs.k3s.io "Import images"; docs.zarf.dev "Zarf Init Package"; goharbor.io "High availability".
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import PASSED, Area, Finding, Kind, Outcome, Part, Remedy, Role, Severity, Subject, Undetermined, define
from auditor.net import authority
from auditor.readers.workloads.pulling import ContainerImage, PullingPod
from auditor.site import Requirement, Site
from auditor.text import listed
from checks._shared.affected import of_pairs

_SHOWN = 3


def _pods(site: Site) -> tuple[PullingPod, ...]:
    """Return the pods that serve the internal registry, and those of the same release in their namespace."""
    registry = site.plan.registry
    if registry is None:
        return ()
    host, port = authority(registry.host)
    serving = site.served_hosts.pods_of(host, port)
    if not serving:
        return ()
    names = {pod.owner for pod in serving}
    releases = {(pod.namespace, value) for pod in serving for value in _releases(pod.labels)}
    names |= {
        pod.owner
        for pod in site.served_hosts.pods
        if any((pod.namespace, value) in releases for value in _releases(pod.labels))
    }
    return tuple(pod for pod in site.pull_objects.pods if pod.owner in names)


def _releases(labels: dict[str, str]) -> tuple[str, ...]:
    """Return the release of a chart that a pod belongs to, by the labels that charts set."""
    return tuple(value for name in ("app.kubernetes.io/instance", "release") if (value := labels.get(name)))


def _is_held(site: Site, image: ContainerImage) -> bool | None:
    """Return whether an archive of the plan has the image; None if archives are named but were not read."""
    if site.plan.copy is None or not site.plan.copy.archives:
        return False
    if site.archives is None or site.archives.unread:
        return None
    return bool(site.archives.entries.get(image.reference))


def _outcome(site: Site, host: str, pod: PullingPod, image: ContainerImage, pools: tuple[str, ...]) -> Outcome:
    held = _is_held(site, image)
    if held:
        return PASSED
    subject = Subject("workload", f"{pod.owner} {image.container}")
    affects = of_pairs((str(image.reference), pool) for pool in pools)
    if held is None:
        detail = f"it is unknown whether an archive has {image.reference}, which {host} needs to start: archives were not read"
        return Undetermined(subject, Kind.MISSING_EVIDENCE, detail, location=image.location, affects=affects)
    request = f'failed to do request: Head "https://{host}/v2/…": connect: connection refused'
    error = f'Failed to pull image "{image.reference}": {request}'
    remedy = f"Add an archive with {image.reference} under `copy.archives`, and import it on {listed(pools, _SHOWN)}."
    return Finding(
        subject=subject,
        parts=(
            Part(f"{pod.owner} is part of the internal registry, and the nodes pull its image {image.reference} from {host}."),
            Part("While the registry does not run, no node can pull the image, so the registry cannot start.", Role.EFFECT),
            Part(f"Error on the node: `{error}`.", Role.SYMPTOM),
        ),
        case=str(image.reference),
        facts={"image": str(image.reference), "registry": host, "pools": pools},
        location=image.location,
        remedies=(Remedy("copy", remedy),),
        affects=affects,
    )


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per image of the registry's own pods."""
    registry = site.plan.registry
    if registry is None:
        return
    for pod in _pods(site):
        for image in pod.images:
            pools = tuple(pool for pool in pod.pools if site.pull_accesses.requests(pool, image.reference))
            pools = pools if image.policy != "Never" else ()
            yield _outcome(site, registry.host, pod, image, pools) if pools else PASSED


CHECK = define(
    run,
    title="Registry's own images come from itself",
    holds="The registry's own images come from elsewhere",
    area=Area.NODE_ACCESS,
    severity=Severity.ERROR,
    requires=(Requirement.WORKLOAD_FILES, Requirement.REGISTRY),
)
