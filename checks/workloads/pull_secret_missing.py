"""## What it checks
Pods and nodes can log in to the internal registry, if the plan declares `registry.auth: required`. A pod has a login if one of
its pull Secrets is in its namespace and has an entry for the registry in the image's name. Pull Secrets are those of the pod
or, if it names none, those of its ServiceAccount. Alternatively, the nodes have a login: `configs` in registries.yaml, `auth`
in containerd's config.toml, a `header` in hosts.toml, kubelet's config.json, or a credential provider of kubelet.

## Why it matters
The registry answers 401 to a request without a login, and the pod stays in ErrImagePull. A Secret works only in its own
namespace. kubelet selects the entry by the image's name, not by the mirror that the node requests: an image of docker.io
needs an entry for docker.io. The images of the distribution have no pull Secret, so only the nodes can log in for them.

## How to fix
Create the Secret in each namespace and name it in the ServiceAccount `default`. If the nodes pull through a mirror, give the
login to the nodes instead.

## When it is undetermined
The plan does not show the configuration of a pool's nodes (`pools.….config`). The named Secret is not in the workloads, or
another controller creates it: External Secrets, Sealed Secrets, a reflector, a policy that changes pods. The value of the
Secret is encrypted. The ServiceAccount is not in the workloads. A controller makes the pods, for example of a Workflow of Argo.
Or the registry answered 401, or its configuration or `registry.token_expires` shows a login, and the plan does not state
`registry.auth`. Without `registry.auth` and without such a sign, the check does not apply.

## References
kubernetes/kubernetes pkg/credentialprovider/keyring.go; kubernetes.io "Pull an Image from a Private Registry"; containerd
internal/cri/server/images/image_pull.go; rancher/rancher#25217, rancher/rancher#54806, rancher/fleet#329.
"""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Iterator

from auditor.check import PASSED, Area, Finding, Kind, Outcome, Part, Remedy, Role, Severity, Subject, Undetermined, define
from auditor.oci.reference import Reference
from auditor.plan.model import Pool
from auditor.site import Requirement, Site
from auditor.site.pull_access import LoginState, PullAccess
from auditor.text import listed, many
from checks._shared.affected import of_pairs

_SHOWN = 3
_DOCKER_HUB = "docker.io"
_LOGIN = '--docker-username="$REGISTRY_USER" --docker-password="$REGISTRY_PASSWORD"'
_DOCKER_SERVER = "https://index.docker.io/v1/"  # the name under which kubelet looks up a login for Docker Hub


def _error(reference: Reference) -> str:
    # The whole text has `authorization:` before this, which redaction takes for a header.
    return f'failed to resolve reference "{reference}": pull access denied, … authorization failed: no basic auth credentials'


def _namespace(group: list[PullAccess]) -> str:
    return group[0].pod.namespace or "default"


def _message(group: list[PullAccess]) -> tuple[Part, ...]:
    first = group[0]
    owners = listed(list(dict.fromkeys(one.pod.owner for one in group)), _SHOWN)
    accounts = list(dict.fromkeys(f"`{one.pod.account}`" for one in group))
    why = first.detail
    if len(accounts) > 1:
        why = f"neither the pods nor their ServiceAccounts {listed(accounts, _SHOWN)} name a pull Secret"
    parts = [Part(f"{owners}: {why}. The node configuration shows no login either, and {first.host} requires one.")]
    if first.access is LoginState.NO_ENTRY and first.reference.domain != first.host:
        name = f"{first.reference.domain}, the registry in the image's name"
        parts.append(Part(f"kubelet selects a login by {name}, not by the mirror {first.host}.", Role.EFFECT))
    return (*parts, Part(f"Error on the node: `{_error(first.reference)}`.", Role.SYMPTOM))


def _remedies(group: list[PullAccess]) -> Iterator[Remedy]:
    first, domains = group[0], list(dict.fromkeys(one.reference.domain for one in group))
    server = _DOCKER_SERVER if first.reference.domain == _DOCKER_HUB else first.reference.domain
    nodes = f"Give the login for {first.host} to the nodes, for example under `configs` in registries.yaml."
    if domains != [first.host]:
        yield Remedy("edit", nodes)  # a Secret needs an entry for each registry in the names of the images
    name, namespace = first.secret or "registry-login", _namespace(group)
    kubectl, quoted = f"kubectl -n {shlex.quote(namespace)}", shlex.quote(name)
    commands = [f"{kubectl} create secret docker-registry {quoted} --docker-server={shlex.quote(server)} {_LOGIN}"]
    text = f"Add a pull Secret for {server} to the namespace `{namespace}`."
    if first.access is LoginState.NO_ENTRY:
        text, commands = f"Add an entry for {server} to the Secret `{name}` in the namespace `{namespace}`.", []
    elif first.access is LoginState.UNUSABLE:
        text = f"Replace the Secret `{name}` in the namespace `{namespace}` with one for {server} that kubelet reads."
        commands.insert(0, f"{kubectl} delete secret {quoted}")
    elif not first.secret:
        patch = shlex.quote(f'{{"imagePullSecrets": [{{"name": "{name}"}}]}}')
        accounts = dict.fromkeys(one.pod.account for one in group)
        commands.extend(f"{kubectl} patch serviceaccount {shlex.quote(account)} -p {patch}" for account in accounts)
    if len(domains) > 1:
        text, commands = f"Or add a pull Secret with entries for {listed(domains, _SHOWN)} to the namespace `{namespace}`.", []
    yield Remedy("edit", text, tuple(commands))
    if domains == [first.host]:
        yield Remedy("edit", f"Or g{nodes[1:]}")


def _finding(group: list[PullAccess]) -> Finding:
    first = group[0]
    return Finding(
        subject=_subject(first),
        parts=_message(group),
        case=first.access.value if not first.secret else f"{first.access.value} {first.secret} {first.reference.domain}",
        facts={
            "registry": first.host,
            "image_registries": tuple(dict.fromkeys(one.reference.domain for one in group)),
            "secret": first.secret,
            "owners": tuple(dict.fromkeys(one.pod.owner for one in group)),
            "images": tuple(dict.fromkeys(str(one.reference) for one in group)),
            "pools": tuple(dict.fromkeys(one.pool for one in group)),
        },
        location=first.location,
        remedies=tuple(_remedies(group)),
        affects=of_pairs((str(one.reference), one.pool) for one in group),
    )


def _doubt(group: list[PullAccess]) -> Undetermined:
    first = group[0]
    owners = listed(list(dict.fromkeys(one.pod.owner for one in group)), _SHOWN)
    return Undetermined(
        _subject(first),
        Kind.MISSING_EVIDENCE,
        f"{owners} may have no login for {first.host}: {first.detail}",
        location=first.location,
        affects=of_pairs((str(one.reference), one.pool) for one in group),
    )


def _doubt_of_nodes(group: list[PullAccess]) -> Undetermined:
    """Return one outcome for all pods whose own logins are missing, because the logins of the nodes are unknown."""
    first = group[0]
    names = list(dict.fromkeys(one.pod.namespace or "default" for one in group))
    owners = len(dict.fromkeys(one.pod.owner for one in group))
    where = f"in the {'namespaces' if len(names) > 1 else 'namespace'} {listed(names, _SHOWN)}"
    verb = "have" if owners > 1 else "has"
    return Undetermined(
        Subject("registry", first.host),
        Kind.MISSING_EVIDENCE,
        f"{many(owners, 'workload')} {where} {verb} no pull Secret for {first.host}, and {first.doubt}",
        location=first.location,
        affects=of_pairs((str(one.reference), one.pool) for one in group),
    )


def _subject(access: PullAccess) -> Subject:
    return Subject("namespace", access.pod.namespace or "default")


def _of_pool(site: Site, pool: Pool) -> Iterator[Outcome]:
    """Yield the outcome for the images of the distribution and the runtime, which only the nodes can log in for."""
    accesses = site.pull_accesses
    states = {
        image.reference: accesses.node_has(pool.name, image.reference)
        for image in site.needs.defaults.images
        if image.reference is not None and image.certain and pool.name in image.pools
        if accesses.requests(pool.name, image.reference)
    }
    lacking = [image for image, has in states.items() if has is False]
    unknown = {image: has for image, has in states.items() if isinstance(has, str)}
    subject = Subject("pool", pool.name, str(pool.platform))
    if lacking:
        yield _of_nodes(site, pool, lacking)
    elif unknown:
        image, why = next(iter(unknown.items()))
        detail = f"it is unknown whether the nodes can log in for {image} and other images without a pull Secret: {why}"
        affects = of_pairs((str(one), pool.name) for one in unknown)
        yield Undetermined(subject, Kind.MISSING_EVIDENCE, detail, affects=affects)
    elif states:
        yield PASSED


def _of_nodes(site: Site, pool: Pool, lacking: list[Reference]) -> Finding:
    host = site.pull_accesses.requests(pool.name, lacking[0])[0][1]
    cause = (
        f"The node configuration of {pool.name} shows no login for {host}, which requires one. The nodes pull "
        f"{many(len(lacking), 'image')} of the distribution and the runtime, which no pull Secret covers."
    )
    return Finding(
        subject=Subject("pool", pool.name, str(pool.platform)),
        parts=(
            Part(cause, names_who=True),
            Part(f"Error on the node: `{_error(lacking[0])}`.", Role.SYMPTOM),
        ),
        case="node",
        facts={"registry": host, "images": tuple(str(image) for image in lacking)},
        location=site.plan.where("pools", pool.name, "config"),
        remedies=(Remedy("edit", f"Add the login for {host} to the node configuration of {pool.name}."),),
        affects=of_pairs((str(image), pool.name) for image in lacking),
    )


def _undeclared(site: Site, sign: str) -> Iterator[Outcome]:
    """Yield one outcome if the registry seems to need a login, and pods or nodes show none."""
    accesses = site.pull_accesses
    lacking = [one for one in accesses.of_pods() if one.access is not LoginState.HELD]
    images = [image.reference for image in site.needs.defaults.images if image.reference is not None and image.certain]
    nodes = [
        (image, pool.name)
        for pool in site.plan.pools
        for image in (*images, *(one for one, at in _of_makers(site) if at == pool.name))
        if accesses.requests(pool.name, image) and accesses.node_has(pool.name, image) is not True
    ]
    pairs = dict.fromkeys((*((one.reference, one.pool) for one in lacking), *nodes))
    if not pairs:
        yield PASSED
        return
    host = accesses.requests(next(iter(pairs))[1], next(iter(pairs))[0])[0][1]
    yield Undetermined(
        Subject("registry", host),
        Kind.MISSING_EVIDENCE,
        f"{sign}. The plan shows no login for {many(len({one for one, _ in pairs}), 'image')} of {host}. "
        "Set `registry.auth: required` or `none` in the plan",
        location=site.plan.where("registry"),
        affects=of_pairs((str(image), pool) for image, pool in pairs),
    )


def _of_makers(site: Site) -> Iterator[tuple[Reference, str]]:
    """Yield each image and pool of objects whose pods a controller makes, such as a Workflow of Argo or a Task of Tekton."""
    known = {image.reference for pod in site.pull_objects.pods for image in pod.images}
    known |= {image.reference for image in site.needs.defaults.images if image.reference is not None}
    for need in site.needs.needs:
        if need.reference not in known:
            yield need.reference, need.pool


def _doubt_of_makers(site: Site) -> Iterator[Outcome]:
    """Yield one outcome per pool for images whose pods the workloads do not show, so their pull Secrets are unknown."""
    accesses = site.pull_accesses
    by_pool: dict[str, list[Reference]] = {}
    for image, pool in _of_makers(site):
        if accesses.requests(pool, image):
            if accesses.node_has(pool, image) is True:
                yield PASSED
            else:
                by_pool.setdefault(pool, []).append(image)
    for pool, images in by_pool.items():
        detail = f"the workloads do not show which pods run {listed([str(image) for image in images], _SHOWN)}, so their pull "
        detail += "Secrets are unknown"
        affects = of_pairs((str(image), pool) for image in images)
        yield Undetermined(Subject("pool", pool), Kind.MISSING_EVIDENCE, detail, affects=affects)


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per namespace and cause, and count what passed per pod, image and pool."""
    if sign := site.login_sign:
        yield from _undeclared(site, sign)
        return
    groups: dict[tuple[str, ...], list[PullAccess]] = {}
    for one in site.pull_accesses.of_pods():
        if one.access is LoginState.HELD:
            yield PASSED
        elif one.doubt:
            groups.setdefault((one.doubt,), []).append(one)
        else:
            shared = (one.pod.namespace, one.access.value)
            own = () if one.access is LoginState.NO_SECRET else (one.detail, one.reference.domain)
            groups.setdefault((*shared, *own), []).append(one)
    for group in groups.values():
        if group[0].doubt:
            yield _doubt_of_nodes(group)
        else:
            yield _doubt(group) if group[0].access is LoginState.UNKNOWN else _finding(group)
    for pool in site.plan.pools:
        yield from _of_pool(site, pool)
    yield from _doubt_of_makers(site)


CHECK = define(
    run,
    title="Pods have no login for the internal registry",
    holds="Pods have a login for the internal registry",
    area=Area.WORKLOADS,
    severity=Severity.ERROR,
    requires=(Requirement.REGISTRY_LOGIN,),
)
