"""What pods pull with: their images and pull policies, pull Secrets and ServiceAccounts, and what may create further Secrets.

Fields: the Kubernetes API reference, core/v1 PodSpec, ServiceAccount and Secret. A Secret counts only with the type and the key
that kubelet reads (kubernetes v1.34.2 pkg/credentialprovider/secrets). No value of a Secret is kept, only names of registries.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass, field

from auditor.errors import Location
from auditor.located import Marked
from auditor.oci.reference import InvalidReference, Reference, parse_reference
from auditor.plan.model import Plan
from auditor.readers.pull_logins import DOCKERCFG, SECRET_TYPES, NotLogins, PullLogins, logins_in
from auditor.readers.workloads.manifest_files import manifest_files, namespace_of, objects_with, owner_of
from auditor.readers.workloads.manifests import Manifests, runtime_classes
from auditor.readers.workloads.pod_kinds import group_of
from auditor.readers.workloads.pod_specs import containers_of, pod_specs, volume_images
from auditor.readers.workloads.scheduling import binding_of
from auditor.redaction import REDACTED
from auditor.text import shown

DEFAULT_ACCOUNT = "default"
_MAX_VALUE = 2 * 1024 * 1024  # characters of one value
_MAX_NAMES = 10_000
_CORE_GROUPS = frozenset({"", "apps", "batch", "rbac.authorization.k8s.io"})
_NAME_KEYS = frozenset({"name", "secretName", "externalSecretName"})
_ELSEWHERE = frozenset(
    {"namespaceSelector", "namespaceSelectors", "namespaces", "toNamespaces", "secretNamespace", "namespace"}
)
# Programs that copy pull Secrets into namespaces or add them to ServiceAccounts, by a part of their image's name.
_COPIERS: tuple[str, ...] = (
    "imagepullsecret-patcher",
    "imagepullsecrets",
    "registry-creds",
    "kubernetes-reflector",
    "kubernetes-replicator",
    "config-syncer",
    "kubed",
    "ecr-credential",
    "gcr-credential",
    "secretgen-controller",
)
# Annotations with which such programs copy a Secret to other namespaces, and with which they fill an empty one.
_SHARED: tuple[str, ...] = (
    "reflector.v1.k8s.emberstack.com/reflection-auto-enabled",
    "reflector.v1.k8s.emberstack.com/reflection-allowed",
    "replicator.v1.mittwald.de/replicate-to",
    "replicator.v1.mittwald.de/replicate-to-matching",
    "kubed.appscode.com/sync",
    "config-syncer.appscode.com/sync",
)
_FILLED: tuple[str, ...] = (
    "reflector.v1.k8s.emberstack.com/reflects",
    "replicator.v1.mittwald.de/replicate-from",
    "secretgen.carvel.dev/image-pull-secret",
)
_ENCRYPTED = "ENC["  # a value that SOPS encrypted


@dataclass(frozen=True, slots=True)
class ContainerImage:
    """An image that a container, or an image volume, of a pod pulls. `policy` is empty if the pod does not state it."""

    container: str
    text: str
    reference: Reference
    policy: str
    location: Location


@dataclass(frozen=True, slots=True)
class PullingPod:
    """One pod template. `owner` is `Deployment shop/web`; `secrets` are the names in its `imagePullSecrets`."""

    owner: str
    namespace: str
    account: str
    secrets: tuple[str, ...]
    images: tuple[ContainerImage, ...]
    pools: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PullSecret:
    """A Secret. `logins` is None if they are unknown; `why` says why, or why kubelet finds none in it."""

    namespace: str
    name: str
    location: Location
    logins: PullLogins | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class SecretMaker:
    """An object whose controller may create or copy pull Secrets. Empty `names` or `namespace` mean any."""

    owner: str
    names: frozenset[str]
    namespace: str

    def may_make(self, namespace: str, name: str) -> bool:
        """Return whether it may create a Secret of this name in a namespace. An empty `name` stands for any Secret."""
        if self.names and name not in self.names:
            return False
        return not self.namespace or not namespace or self.namespace == namespace


@dataclass(slots=True)
class PullObjects:
    """The objects of the plan's workloads that decide how pods pull."""

    pods: list[PullingPod] = field(default_factory=list)
    accounts: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    secrets: dict[tuple[str, str], PullSecret] = field(default_factory=dict)
    makers: list[SecretMaker] = field(default_factory=list)

    def namespaces_with(self, name: str) -> tuple[str, ...]:
        """Return the namespaces that have a Secret of this name."""
        return tuple(namespace for namespace, found in self.secrets if found == name)


def pull_objects(plan: Plan) -> PullObjects:
    """Read the objects of all workloads. What cannot be read is left out: the reader of images reports it."""
    files = tuple(manifest_files(plan))
    classes = runtime_classes(item for _, item in objects_with(files, (b"RuntimeClass",)))
    found = PullObjects()
    for source, item in objects_with(files):
        kind, group = item.text_at("kind"), group_of(item)
        namespace, name = namespace_of(source, item), item.text_at("metadata", "name")
        if kind == "ServiceAccount" and not group:
            found.accounts[namespace, name] = _names(item.get("imagePullSecrets"))
        elif kind == "Secret" and not group:
            secret = _secret(source, item)
            found.secrets[namespace, name] = secret
            if any(_annotation(item, one) not in {"", "false"} for one in _SHARED):
                found.makers.append(SecretMaker(owner_of(source, item), frozenset({name}), ""))
        else:
            found.makers.extend(_makers(source, item, kind, group))
            found.pods.extend(_pods(source, item, classes))
    found.makers.extend(_copiers(found.pods))
    return found


def _names(values: Marked | None) -> tuple[str, ...]:
    return tuple(name for value in (values.list if values is not None else ()) if (name := value.text_at("name")))


def _annotation(item: Marked, name: str) -> str:
    return item.text_at("metadata", "annotations", name)


def _pods(source: Manifests, item: Marked, classes: dict[str, dict[str, str]]) -> Iterator[PullingPod]:
    for spec in pod_specs(item):
        images = tuple(_images(source, spec))
        if images:
            yield PullingPod(
                owner_of(source, item),
                namespace_of(source, item),
                spec.text_at("serviceAccountName") or spec.text_at("serviceAccount") or DEFAULT_ACCOUNT,
                _names(spec.get("imagePullSecrets")),
                images,
                binding_of(spec, classes).pools(source.pools),
            )


def _images(source: Manifests, spec: Marked) -> Iterator[ContainerImage]:
    for container in containers_of(spec):
        if (image := container.get("image")) is not None:
            yield from _image(source, f"container {container.text_at('name')}", image, container.text_at("imagePullPolicy"))
    for name, image in volume_images(spec):
        volumes = spec.get("volumes")
        own = next((one for one in (volumes.list if volumes is not None else ()) if one.text_at("name") == name), None)
        yield from _image(source, f"volume {name}", image, own.text_at("image", "pullPolicy") if own is not None else "")


def _image(source: Manifests, container: str, image: Marked, policy: str) -> Iterator[ContainerImage]:
    if not isinstance(image.value, str):
        return
    try:
        reference = parse_reference(image.text)
    except InvalidReference:
        return
    yield ContainerImage(container, image.text, reference, policy, source.place(image))


def _secret(source: Manifests, item: Marked) -> PullSecret:
    namespace, name, where = namespace_of(source, item), item.text_at("metadata", "name"), source.place(item)
    key = SECRET_TYPES.get(item.text_at("type"))
    if any(item.get("metadata", "annotations", one) is not None for one in _FILLED):
        return PullSecret(namespace, name, where, None, "a controller fills it in")
    if key is None:
        kind = item.text_at("type") or "Opaque"
        return PullSecret(namespace, name, where, PullLogins(), f"its type is {shown(kind)[1:-1]}, so kubelet ignores it")
    for part in ("stringData", "data"):
        value = item.get(part, key)
        if value is not None and isinstance(value.value, str) and value.text.strip():
            try:
                return PullSecret(namespace, name, where, *_read(value.text, key, is_encoded=part == "data"))
            except NotLogins as error:
                return PullSecret(namespace, name, where, PullLogins(), f"kubelet cannot read its {key}: {error}")
    return PullSecret(namespace, name, where, PullLogins(), f"it has no {key}")


def _read(text: str, key: str, *, is_encoded: bool) -> tuple[PullLogins | None, str]:
    """Return the logins in a value, or None and the reason. Raises NotLogins."""
    if text.strip().startswith(_ENCRYPTED):
        return None, "its value is encrypted"
    if text.strip() == REDACTED:
        return None, "its value is not in the evidence, which holds no Secrets"
    if len(text) > _MAX_VALUE:
        raise NotLogins("it is larger than Kubernetes allows")
    try:
        data = base64.b64decode("".join(text.split()), validate=True) if is_encoded else text.encode()
    except (binascii.Error, ValueError):
        raise NotLogins("it is not base64") from None
    return logins_in(data, legacy=key == DOCKERCFG), ""


def _makers(source: Manifests, item: Marked, kind: str, group: str) -> Iterator[SecretMaker]:
    """Yield what an object of another controller may create: Secrets by their names, or pull Secrets for any pod."""
    if group in _CORE_GROUPS or kind == "CustomResourceDefinition":
        return
    owner = owner_of(source, item)
    if "Secret" in kind:
        names, is_elsewhere = _named_in(item)
        anywhere = is_elsewhere or kind.startswith("Cluster")
        yield SecretMaker(owner, names, "" if anywhere else namespace_of(source, item))
    elif (group.endswith(("kyverno.io", "gatekeeper.sh")) or kind.startswith("MutatingAdmissionPolicy")) and (
        _mentions(item, "imagePullSecrets") or _mentions(item, "Secret", key="kind", beside="generate")
    ):
        yield SecretMaker(owner, frozenset(), "")


def _named_in(item: Marked) -> tuple[frozenset[str], bool]:
    """Return every name in an object, and whether it selects namespaces. The reader limits the size of objects."""
    names: set[str] = set()
    is_elsewhere = False
    waiting = [item]
    while waiting and len(names) < _MAX_NAMES:
        here = waiting.pop()
        for key, value in here.items():
            if key in _NAME_KEYS and value.text:
                names.add(value.text)
            is_elsewhere |= key in _ELSEWHERE and here is not item.get("metadata")
            waiting.append(value)
        waiting.extend(here.list)
    return frozenset(names), is_elsewhere


def _mentions(item: Marked, word: str, *, key: str = "", beside: str = "") -> bool:
    """Return whether an object has a key, or a text, with a word; with `key`, only as the value of it below `beside`."""
    waiting = [(item, False)]
    while waiting:
        here, below = waiting.pop()
        for name, value in here.items():
            if key:
                if below and name == key and value.text == word:
                    return True
            elif name == word or word in value.text:
                return True
            waiting.append((value, below or name == beside))
        waiting.extend((value, below) for value in here.list)
    return False


def _copiers(pods: list[PullingPod]) -> Iterator[SecretMaker]:
    """Yield the pods whose program copies pull Secrets into namespaces."""
    for pod in pods:
        if any(name in image.reference.repository for image in pod.images for name in _COPIERS):
            yield SecretMaker(pod.owner, frozenset(), "")
