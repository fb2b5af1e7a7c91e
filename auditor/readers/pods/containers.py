"""Read every container of the plan's workloads: its command lines, environment and mounted files.

Fields: the Kubernetes API reference, core/v1 PodSpec, Container, Lifecycle and Probe.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field

from auditor.located import Marked
from auditor.oci.reference import InvalidReference, Reference, parse_reference
from auditor.plan.model import Plan, Pool
from auditor.plan.plan_paths import is_inside, normal, shown_path
from auditor.readers.demands import Demand
from auditor.readers.pods.model import CommandLine, Environment, MountedFile, Phase, PodObject, PodProgram, PodPrograms, PodText
from auditor.readers.pods.pod_environment import environment_of, expanded
from auditor.readers.pods.texts import HOLDERS, Texts, keyed
from auditor.readers.workloads import Manifests, items_of, sources_of
from auditor.readers.workloads.gitops_releases import only_for_releases
from auditor.readers.workloads.manifests import is_object
from auditor.readers.workloads.plan_releases import plan_releases, release_sources
from auditor.readers.workloads.pod_kinds import group_of
from auditor.readers.workloads.pod_specs import CONTAINERS, is_pod_spec, pod_specs
from auditor.readers.workloads.scheduling import binding_of
from auditor.redaction import REDACTED

MAX_PODS = 20_000
_SCHEMA = "CustomResourceDefinition"
_OF_CONTAINERS = frozenset({"command", "args", "script", "source"})
_JOBS = frozenset({"Job", "CronJob"})
_PROBES = ("startupProbe", "livenessProbe", "readinessProbe")
_HOOKS = (("postStart", Phase.POST_START), ("preStop", Phase.PRE_STOP))
# Objects that controllers make from others: the pods of an observed cluster repeat the template of their owner.
_MADE = frozenset({"ReplicaSet", "Job", "DaemonSet", "StatefulSet", "ReplicationController"})


@dataclass(slots=True)
class _Draft:
    """One pod template before the ConfigMaps of all files are known."""

    source: Manifests
    owner: str
    kind: str
    namespace: str
    spec: Marked


@dataclass(slots=True)
class _Found:
    texts: Texts = field(default_factory=Texts)
    drafts: list[_Draft] = field(default_factory=list)
    objects: list[PodObject] = field(default_factory=list)
    namespaces: set[str] = field(default_factory=lambda: {"default", "kube-system"})
    services: set[str] = field(default_factory=lambda: {"kubernetes"})
    beyond: str = ""


def read_pod_programs(plan: Plan, kinds: frozenset[str]) -> PodPrograms:
    """Return every container of the workloads, and every object of these kinds (`Kind.group`)."""
    found = _Found()
    for source, data in _sources(plan):
        for item in items_of(source, data):
            if not isinstance(item, Demand) and is_object(item):
                _add(found, source, item, kinds)
    programs = tuple(program for draft in found.drafts for program in _programs(draft, found.texts, plan.pools))
    beyond = found.beyond or ("the ConfigMaps and Secrets have more text than is examined" if found.texts.is_full else "")
    names = frozenset(found.namespaces), frozenset(found.services)
    return PodPrograms(programs, tuple(found.objects), *names, found.texts.maps(), beyond)


def _sources(plan: Plan) -> Iterator[tuple[Manifests, bytes]]:
    """Yield the manifests of the plan, the rendered charts and releases, and the files of observed clusters."""
    releases = plan_releases(plan)
    alone = frozenset(only_for_releases(plan, releases))
    for number, workload in enumerate(plan.workloads):
        if workload.observed:
            name = normal(workload.observed)
            for path, data in plan.files.items():
                if is_inside(path, name) and data.lstrip()[:1] in (b"{", b"a", b"k", b"-"):
                    yield Manifests(shown_path(plan.path, path), "observed", plan.pools, name=path), data
        elif number not in alone:
            yield from sources_of(plan, number, workload)
    yield from release_sources(plan, releases)


def _add(found: _Found, source: Manifests, item: Marked, kinds: frozenset[str]) -> None:
    kind, group = item.text_at("kind"), group_of(item)
    namespace = item.text_at("metadata", "namespace") or source.namespace
    found.namespaces.add(item.text_at("metadata", "name") if kind == "Namespace" else namespace)
    if kind == "Service" and not group:
        name = item.text_at("metadata", "name")
        found.services |= {name, f"{name}.{namespace}"}
    if kind in HOLDERS and not group:
        found.texts.add(source, item, namespace)
        return
    name = item.text_at("metadata", "name") or item.text_at("metadata", "generateName")
    owner = f"{kind} {f'{namespace}/' if namespace else ''}{name}".strip()
    if f"{kind}.{group}" in kinds:
        found.objects.append(PodObject(owner, f"{kind}.{group}", item, source.place(item), source.everywhere))
    if (source.kind == "observed" and _is_made(item)) or _is_test(item):
        return
    for spec in (*pod_specs(item), *(loose_containers(item) if group and kind != _SCHEMA else ())):
        if len(found.drafts) >= MAX_PODS:
            found.beyond = f"the workloads have more than {MAX_PODS:,} pods"
            return
        found.drafts.append(_Draft(source, owner, kind, namespace, spec))


def loose_containers(item: Marked) -> Iterator[Marked]:
    """Yield a pod spec for each container outside of pod specs: steps of Tekton tasks, templates of Argo Workflows.

    A container without a name gets that of the mapping around it.
    """
    waiting = [(item, "")]
    while waiting:
        here, above = waiting.pop()
        if is_pod_spec(here):
            continue
        keys = here.mapping
        name = here.text_at("name") or above
        if "image" in keys and isinstance(keys["image"].value, str) and not _OF_CONTAINERS.isdisjoint(keys):
            named = Marked({"name": Marked(name, here.line, here.column, name), **keys}, here.line, here.column)
            containers = Marked([named], here.line, here.column)
            yield Marked({"containers": containers}, here.line, here.column)
            continue
        inner = [(one, name) for one in (*keys.values(), *here.list) if isinstance(one.value, dict | list)]
        waiting.extend(inner[::-1])


def _is_test(item: Marked) -> bool:
    """Return whether an object exists only during `helm test`."""
    hooks = item.text_at("metadata", "annotations", "helm.sh/hook").replace(" ", "").split(",")
    return set(hooks) <= {"test", "test-success", "test-failure"} and hooks != [""]


def _is_made(item: Marked) -> bool:
    owners = item.get("metadata", "ownerReferences")
    return any(
        owner.text_at("kind") in _MADE | {"Deployment", "CronJob"} for owner in (owners.list if owners is not None else ())
    )


def _programs(draft: _Draft, texts: Texts, pools: tuple[Pool, ...]) -> Iterator[PodProgram]:
    spec, source = draft.spec, draft.source
    binding = binding_of(spec, {})
    settings = tuple(_settings(draft, texts))
    for group in CONTAINERS:
        for container in _list(spec, group):
            image = container.get("image")
            environment = environment_of(container, texts, draft.namespace)
            files, folders, unknown = _mounts(draft, container, texts, environment)
            yield PodProgram(
                draft.owner,
                container.text_at("name"),
                draft.namespace,
                _reference(image.text) if image is not None else None,
                source.place(image if image is not None else container),
                binding.pools(pools),
                is_init=group == "initContainers",
                is_job=draft.kind in _JOBS,
                os=binding.os,
                environment=environment,
                lines=tuple(_lines(source, container, environment, is_init=group == "initContainers")),
                files=files,
                settings=settings,
                folders=folders,
                unknown_files=unknown,
                is_hidden=_is_hidden(container),
            )


def _is_hidden(container: Marked) -> bool:
    words = (word.text for key in ("command", "args") for word in _list(container, key))
    return any(REDACTED in text for text in words) or any(one.text_at("value") == REDACTED for one in _list(container, "env"))


def _reference(text: str) -> Reference | None:
    try:
        return parse_reference(text.strip())
    except InvalidReference:
        return None


def _list(value: Marked, *keys: str) -> list[Marked]:
    found = value.get(*keys)
    return found.list if found is not None else []


def _lines(source: Manifests, container: Marked, environment: Environment, *, is_init: bool) -> Iterator[CommandLine]:
    """Yield what the container, its hooks and its probes run."""
    command, args = _list(container, "command"), _list(container, "args")
    if (command or args) and container.get("source") is None:
        words = tuple(_piece(source, word, environment) for word in (*command, *args))
        yield CommandLine(Phase.INIT if is_init else Phase.MAIN, words, bool(command))
    for key in ("script", "source"):
        script = container.get(key)
        if script is not None and isinstance(script.value, str) and script.text.strip():
            yield CommandLine(
                Phase.MAIN, (*_interpreter(source, command, script), _piece(source, script, environment)), has_command=True
            )
    for hook, phase in _HOOKS:
        if words := tuple(_piece(source, word, environment) for word in _list(container, "lifecycle", hook, "exec", "command")):
            yield CommandLine(phase, words, has_command=True)
    for probe in _PROBES:
        if words := tuple(_piece(source, word, environment) for word in _list(container, probe, "exec", "command")):
            yield CommandLine(Phase.PROBE, words, has_command=True)


def _interpreter(source: Manifests, command: list[Marked], script: Marked) -> tuple[PodText, PodText]:
    """Return the words in front of the text of a script: its program, and the option that takes a text."""
    first = script.text.lstrip().partition("\n")[0]
    words = [word.rpartition("/")[2] for word in first[2:].split()] if first.startswith("#!") else []
    shebang = [word for word in words if word != "env" and not word.startswith("-")]
    program = command[0].text if command else shebang[0] if shebang else "sh"
    at = source.place(script)
    return PodText(program, at), PodText("-c", at)


def _piece(source: Manifests, word: Marked, environment: Environment) -> PodText:
    is_block = "\n" in word.text.strip() and source.origins is None
    return PodText(expanded(word.text, environment.values), source.place(word), is_block)


def _mounts(
    draft: _Draft, container: Marked, texts: Texts, environment: Environment
) -> tuple[tuple[MountedFile, ...], tuple[str, ...], tuple[str, ...]]:
    """Return the files from ConfigMaps and Secrets, the paths of other volumes, and the paths of unknown ConfigMaps."""
    volumes = {volume.text_at("name"): volume for volume in _list(draft.spec, "volumes")}
    files: list[MountedFile] = []
    folders: list[str] = []
    unknown: list[str] = []
    for mount in _list(container, "volumeMounts"):
        volume, at = volumes.get(mount.text_at("name")), expanded(mount.text_at("mountPath"), environment.values)
        held = list(_held(volume, draft, texts)) if volume is not None else []
        if not held:
            folders.append(at)
        below = mount.text_at("subPath")
        for keys in held:
            if keys is None:
                unknown.append(at)
                continue
            for path, piece in keys.items():
                if not below:
                    files.append(MountedFile(posixpath.join(at, path), piece))
                elif path == below or path.startswith(f"{below}/"):
                    files.append(MountedFile(at + path[len(below) :], piece))
    return tuple(files), tuple(folders), tuple(unknown)


def _held(volume: Marked, draft: _Draft, texts: Texts) -> Iterator[dict[str, PodText] | None]:
    """Yield the files of each ConfigMap or Secret of a volume, by path; None for one that is not among the workloads."""
    for part, key, kind in (("configMap", "name", "ConfigMap"), ("secret", "secretName", "Secret")):
        if (one := volume.get(part)) is not None:
            yield _files(one, kind, one.text_at(key), draft, texts)
    for one in _list(volume, "projected", "sources"):
        for part, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
            if (inner := one.get(part)) is not None:
                yield _files(inner, kind, inner.text_at("name"), draft, texts)


def _files(one: Marked, kind: str, name: str, draft: _Draft, texts: Texts) -> dict[str, PodText] | None:
    keys = texts.of(kind, name, draft.namespace)
    if keys is None:
        return {} if one.text_at("optional") == "true" else None
    if items := _list(one, "items"):
        return {item.text_at("path"): keys[item.text_at("key")] for item in items if item.text_at("key") in keys}
    return dict(keys)


def _settings(draft: _Draft, texts: Texts) -> Iterator[PodText]:
    """Yield every text of the ConfigMaps and Secrets that the pod mounts or takes variables from."""
    names: dict[tuple[str, str], None] = {}
    for volume in _list(draft.spec, "volumes"):
        for one in (volume, *_list(volume, "projected", "sources")):
            for part, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
                if (inner := one.get(part)) is not None:
                    names[kind, inner.text_at("name") or inner.text_at("secretName")] = None
    for group in CONTAINERS:
        for container in _list(draft.spec, group):
            for source in _list(container, "envFrom"):
                for part, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
                    if (inner := source.get(part)) is not None:
                        names[kind, inner.text_at("name")] = None
    for kind, name in names:
        yield from keyed(texts.of(kind, name, draft.namespace) or {})
