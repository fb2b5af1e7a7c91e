"""Controllers that request registries themselves, from auditor/facts/registry_clients.yaml: what they request, and how."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from auditor.errors import Location
from auditor.facts import Fact, table
from auditor.located import Marked
from auditor.oci.reference import InvalidReference, Reference, parse_reference
from auditor.plan.model import Plan
from auditor.readers.workloads.manifest_files import manifest_files, namespace_of, objects_with, owner_of
from auditor.readers.workloads.manifests import Manifests
from auditor.readers.workloads.pod_kinds import group_of
from auditor.readers.workloads.pod_specs import containers_of, pod_specs

_EACH, _ANY = "[]", "*"
_CA_FOLDERS = ("/etc/ssl", "/etc/pki", "/usr/local/share/ca-certificates", "/usr/share/pki")
_CA_VARIABLES = frozenset({"SSL_CERT_FILE", "SSL_CERT_DIR"})
_ALWAYS = (b"zarf/agent",)
_MAX_USES = 20_000
_EXCEPTIONS = frozenset({"exclude", "excludeResourceRules", "matchConditions", "preconditions", "skipImageReferences"})
_SELECTORS = frozenset(
    {"namespaces", "namespaceSelector", "selector", "objectSelector", "names", "name", "annotations", "subjects", "roles"}
)
_REWRITERS = ("zarf/agent",)  # admission webhooks that replace registries in objects, by the end of their image's name


class ClientRow(Fact, frozen=True, kw_only=True):
    """A controller that requests registries from its pod, and the objects that cause it. The table explains the columns."""

    program: str
    group: str
    kinds: tuple[str, ...]
    asks: Literal["field", "own", "pods"]
    image: str
    effect: str
    error: str
    ca_setting: str
    login_setting: str
    paths: tuple[tuple[str, ...], ...] = ()
    name: str = ""
    annotation: str = ""
    when: tuple[str, ...] = ()
    when_is: str = ""
    unless: tuple[str, ...] = ()
    unless_is: str = ""
    kind_beside: str = ""
    only_oci: bool = False
    tags_only: bool = False
    steps_without_command: bool = False
    is_star_segment: bool = False
    namespace_label: str = ""
    skip_namespaces: tuple[str, ...] = ()
    external_by: str = ""
    blocks: bool = False
    enforces: tuple[tuple[str, ...], ...] = ()
    enforcing: str = "Enforce"
    enforces_by_default: bool = False
    ca: tuple[tuple[str, ...], ...] = ()
    login: tuple[tuple[str, ...], ...] = ()
    ca_since: str = ""
    insecure: tuple[str, ...] = ()
    insecure_since: str = ""
    ca_config_map: str = ""
    ca_key: str = ""
    ca_object: tuple[str, ...] = ()
    ca_argument: str = ""
    ca_environment: str = ""
    login_argument: str = ""
    insecure_argument: str = ""
    insecure_environment: str = ""
    skip_config_map: str = ""
    skip_keys: tuple[str, ...] = ()
    mirror_config_map: str = ""
    mirror_prefix: str = ""
    rewritten_by: str = ""
    remedy: str = ""


def client_rows() -> tuple[ClientRow, ...]:
    """Return all rows of the table."""
    return table("registry_clients", ClientRow)


@dataclass(frozen=True, slots=True)
class RegistryUse:
    """An object that makes a controller request registries.

    `asked` are the texts that name them: URLs, images, or patterns of images, each with its location. `has_ca`, `has_login` and
    `is_insecure` are what the object itself sets. `enforced`: a failure denies the pod.
    """

    row: ClientRow
    owner: str
    namespace: str
    location: Location
    asked: tuple[tuple[str, Location], ...]
    has_ca: bool
    has_login: bool
    is_insecure: bool
    enforced: bool


@dataclass(slots=True)
class ControllerPod:
    """What the pod of a controller sets: whether it mounts a CA, and the names of its arguments and variables.

    `version` is the tag of its image, or empty.
    """

    has_ca: bool = False
    version: str = ""
    names: set[str] = field(default_factory=set)


@dataclass(slots=True)
class RegistryUses:
    """The uses in a plan's workloads, and what the other objects set for the controllers."""

    uses: list[RegistryUse] = field(default_factory=list)
    pods: dict[str, ControllerPod] = field(default_factory=dict)  # by the `image` of a row
    config_maps: dict[str, dict[str, str]] = field(default_factory=dict)
    objects: set[tuple[str, ...]] = field(default_factory=set)  # `ca_object` of rows that is set, and (kind,) of `rewritten_by`
    labelled: dict[str, set[str]] = field(default_factory=dict)  # namespaces by label
    rewriter: str = ""


def registry_uses(plan: Plan) -> RegistryUses:
    """Read the objects of all workloads that concern controllers of the table."""
    rows = client_rows()
    found = RegistryUses()
    needles = {needle.encode() for row in rows for needle in _needles(row) if len(needle) > 1}
    for source, item in objects_with(tuple(manifest_files(plan)), (*sorted(needles), *_ALWAYS)):
        _read(source, item, rows, found)
    return found


def _needles(row: ClientRow) -> tuple[str, ...]:
    """Return the texts of a row. Each document that concerns it contains one of them."""
    maps = (row.ca_config_map, row.skip_config_map, row.mirror_config_map, row.name)
    return (row.group, row.image, row.annotation, row.namespace_label, row.rewritten_by, *row.ca_object[:1], *maps)


def _read(source: Manifests, item: Marked, rows: tuple[ClientRow, ...], found: RegistryUses) -> None:
    kind, group, name = item.text_at("kind"), group_of(item), item.text_at("metadata", "name")
    if kind == "ConfigMap" and not group:
        data = item.get("data")
        found.config_maps[name] = {key: value.text for key, value in (data.items() if data is not None else ())}
    labels = item.get("metadata", "labels")
    for label, value in labels.items() if kind == "Namespace" and labels is not None else ():
        if value.text == "true":
            found.labelled.setdefault(label, set()).add(name)
    for row in rows:
        if row.ca_object and kind == row.ca_object[0] and item.text_at(*row.ca_object[1:]):
            found.objects.add(row.ca_object)
        if row.rewritten_by and kind == row.rewritten_by:
            found.objects.add((kind,))
        if row.group in {group, _ANY} and kind in row.kinds and len(found.uses) < _MAX_USES:
            found.uses.extend(_use(source, item, row))
    _controllers(item, rows, found)


def _controllers(item: Marked, rows: tuple[ClientRow, ...], found: RegistryUses) -> None:
    for spec in pod_specs(item):
        for container in containers_of(spec):
            repository = container.text_at("image").partition("@")[0]
            repository = repository.rpartition(":")[0] if "/" not in repository.rpartition(":")[2] else repository
            if repository.endswith(_REWRITERS):
                found.rewriter = found.rewriter or item.text_at("kind") + " " + item.text_at("metadata", "name")
            for ending in {row.image for row in rows if repository.endswith(row.image)}:
                pod = found.pods.setdefault(ending, ControllerPod())
                pod.version = pod.version or container.text_at("image").partition("@")[0].removeprefix(repository).lstrip(":")
                _note(container, pod)


def _note(container: Marked, into: ControllerPod) -> None:
    for mount in _list(container.get("volumeMounts")):
        into.has_ca |= mount.text_at("mountPath").startswith(_CA_FOLDERS)
    for variable in _list(container.get("env")):
        into.names.add(variable.text_at("name"))
    for key in ("args", "command"):
        into.names.update(word.text.partition("=")[0] for word in _list(container.get(key)) if word.text.startswith("-"))


def _list(value: Marked | None) -> list[Marked]:
    return value.list if value is not None else []


def values_on(item: Marked, path: Iterable[str]) -> Iterator[Marked]:
    """Yield the values at a path of keys; `[]` stands for each item of a list."""
    here = [item]
    for key in path:
        if key == _EACH:
            here = [one for value in here for one in value.list]
        else:
            here = [found for value in here if (found := value.get(key)) is not None]
    yield from here


def _first(item: Marked, path: tuple[str, ...]) -> str:
    return next((value.text for value in values_on(item, path) if value.text and value.value is not None), "")


def _use(source: Manifests, item: Marked, row: ClientRow) -> Iterator[RegistryUse]:
    if row.name and item.text_at("metadata", "name") != row.name:
        return
    if row.annotation and not any(item.text_at("metadata", part, row.annotation) for part in ("annotations", "labels")):
        return
    if (row.when and _first(item, row.when) != row.when_is) or (row.unless and _first(item, row.unless) == row.unless_is):
        return
    texts = (value for value in _asked(item, row) if isinstance(value.value, str) and value.text.strip())
    asked = tuple((value.text.strip(), source.place(value)) for value in texts)
    if not asked:
        return
    stated = {value.text for path in row.enforces for value in values_on(item, path)}
    yield RegistryUse(
        row,
        owner_of(source, item),
        namespace_of(source, item),
        source.place(item),
        asked,
        has_ca=any(_first(item, path) for path in row.ca),
        has_login=any(_first(item, path) for path in row.login),
        is_insecure=bool(row.insecure) and _first(item, row.insecure).lower() == "true",
        enforced=(row.enforcing in stated or (not stated and row.enforces_by_default) or not row.enforces)
        and not (row.asks == "pods" and _is_scoped(item)),
    )


def _is_scoped(item: Marked) -> bool:
    """Return whether a policy selects pods by more than their images, so that it may not apply to all of them."""
    waiting = [(item.get("spec") or item, False)]
    while waiting:
        here, in_match = waiting.pop()
        for key, value in here.items():
            if key in _EXCEPTIONS or (in_match and key in _SELECTORS):
                return True
            waiting.append((value, in_match or key in {"match", "matchConstraints"}))
        waiting.extend((value, in_match) for value in here.list)
    return False


def _asked(item: Marked, row: ClientRow) -> Iterator[Marked]:
    if row.asks == "own":
        yield from _own_images(item, row)
        return
    for path in row.paths:
        if row.kind_beside:
            above = values_on(item, path[:-1])
            yield from (
                one for value in above if value.text_at("kind") == row.kind_beside for one in values_on(value, path[-1:])
            )
        else:
            yield from values_on(item, path)


def _own_images(item: Marked, row: ClientRow) -> Iterator[Marked]:
    if row.steps_without_command:
        yield from _steps(item)
        return
    for spec in pod_specs(item):
        yield from (image for container in containers_of(spec) if (image := container.get("image")) is not None)


def _steps(item: Marked) -> Iterator[Marked]:
    """Yield the images of Tekton steps without a command: the controller reads the entrypoint of these."""
    waiting = [item]
    while waiting:
        here = waiting.pop()
        has_template = here.get("stepTemplate", "command") is not None
        for step in () if has_template else _list(here.get("steps")):
            image = step.get("image")
            if image is not None and step.get("command") is None and step.get("script") is None:
                yield image
        waiting.extend(value for _, value in here.items())
        waiting.extend(here.list)


def references_in(use: RegistryUse) -> Iterator[tuple[str, Reference | None, Location]]:
    """Yield host, image and location of each text of a use that names a registry. The image is None if it names only a host."""
    for text, location in use.asked:
        if "$" in text or "{{" in text:
            yield "", None, location
            continue
        for one in text.split(","):
            yield from _reference(use.row, one.strip(), location)


def _reference(row: ClientRow, text: str, location: Location) -> Iterator[tuple[str, Reference | None, Location]]:
    scheme, separator, rest = text.partition("://")
    if separator and scheme not in {"oci", "docker"}:
        return  # another program downloads it
    if row.only_oci and not separator and ("@" in text or text.endswith(".git")):
        return
    image = rest if separator else text
    if row.annotation or (row.paths and row.paths[0][-1].endswith("image-list")):
        image = image.partition("=")[2] or image  # `alias=image:constraint`
    image = image.rstrip("/")
    try:
        reference = parse_reference(image.rpartition(":")[0] if _is_constraint(image) else image)
    except InvalidReference:
        yield (image.partition("/")[0] if separator else ""), None, location
        return
    yield reference.domain, reference, location


def _is_constraint(image: str) -> bool:
    """Return whether what follows the last colon is a range of versions, not a tag or a port."""
    tail = image.rpartition(":")[2] if ":" in image else ""
    return bool(tail) and "/" not in tail and any(character in tail for character in "~^<>=*| ")
