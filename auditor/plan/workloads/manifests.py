"""Kubernetes manifests: every image that a workload in them runs, and on which nodes.

Pod templates are found wherever they stand, in custom resources too: a mapping with a list of containers. Fields: the
Kubernetes API reference, core/v1 PodSpec.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from auditor.errors import Location
from auditor.oci.reference import InvalidReference, Reference, parse_reference
from auditor.plan.lists.source import text_problem
from auditor.plan.marked import Marked, NotStructured, load_marked
from auditor.plan.model import Demand, Pool
from auditor.plan.quoting import shown
from auditor.plan.workloads.scheduling import Binding, binding_of, is_host_process

CONTAINERS = ("initContainers", "containers", "ephemeralContainers")
_RELATED = re.compile(r"RELATED_IMAGE_\w+")
_ARGUMENT = re.compile(r"--?[\w.-]*image(?:=(?P<value>.+))?", re.IGNORECASE)
_SUFFIXES = (".yaml", ".yml", ".json")


def is_manifest_file(path: str) -> bool:
    """Whether a file of a folder of manifests may hold one; READMEs and scripts beside them do not."""
    return path.lower().endswith(_SUFFIXES) and not path.rsplit("/", 1)[-1].lower().startswith("kustomization.")


@dataclass(frozen=True, slots=True)
class Manifests:
    """Where a file's demands come from: its name as users know it, the kind of demand, and the plan's pools."""

    file: str
    kind: str
    pools: tuple[Pool, ...]
    namespace: str = ""

    def place(self, value: Marked) -> Location:
        """Where a value stands."""
        return Location(self.file, value.line, value.column)

    def problem(self, location: Location, message: str) -> Demand:
        """A demand for something that cannot be read."""
        names = tuple(pool.name for pool in self.pools)
        return Demand(self.kind, "", "", location, names, error=message)


def objects_in(source: Manifests, data: bytes) -> tuple[list[Marked], list[Demand]]:
    """The Kubernetes objects of a file, lists unfolded, and what is wrong with it."""
    try:
        documents = load_marked(data)
    except NotStructured as error:
        return [], [source.problem(Location(source.file, error.line, error.column), str(error))]
    found: list[Marked] = []
    waiting = documents[::-1]
    while waiting:
        document = waiting.pop()
        if not (document.text_at("kind") and document.text_at("apiVersion")):
            continue
        items = document.get("items")
        if document.text_at("kind").endswith("List") and items is not None:
            waiting.extend(items.list[::-1])
        else:
            found.append(document)
    return found, []


def runtime_classes(objects: list[Marked]) -> dict[str, dict[str, str]]:
    """The node selectors of the runtime classes among the objects, by name."""
    return {
        item.text_at("metadata", "name"): {key: value.text for key, value in selector.items()}
        for item in objects
        if item.text_at("kind") == "RuntimeClass" and (selector := item.get("scheduling", "nodeSelector")) is not None
    }


def _pod_specs(value: Marked) -> Iterator[Marked]:
    """Every mapping that looks like a pod spec, outermost first; the reader bounded the nesting."""
    waiting = [value]
    while waiting:
        here = waiting.pop()
        containers = here.get("containers")
        if containers is not None and any("image" in item.mapping for item in containers.list):
            yield here
            continue
        waiting.extend([*here.mapping.values(), *here.list][::-1])


def demands_in(source: Manifests, item: Marked, classes: Mapping[str, Mapping[str, str]]) -> Iterator[Demand]:
    """Every image that one object runs."""
    namespace = item.text_at("metadata", "namespace") or source.namespace
    name = item.text_at("metadata", "name") or item.text_at("metadata", "generateName")
    owner = f"{item.text_at('kind')} {f'{namespace}/' if namespace else ''}{name}"
    for spec in _pod_specs(item):
        yield from _Pod(source, owner, spec, binding_of(spec, classes)).demands()


@dataclass(frozen=True, slots=True)
class _Pod:
    """One pod template of an object."""

    source: Manifests
    owner: str
    spec: Marked
    binding: Binding

    def demands(self) -> Iterator[Demand]:
        for group in CONTAINERS:
            containers = self.spec.get(group)
            for container in containers.list if containers is not None else []:
                yield from self._container(container)
        volumes = self.spec.get("volumes")
        for volume in volumes.list if volumes is not None else []:
            if (image := volume.get("image", "reference")) is not None:
                yield self._demand(image, image.text, f"volume {volume.text_at('name')}")

    def _container(self, container: Marked) -> Iterator[Demand]:
        who = f"container {container.text_at('name')}"
        host_process = is_host_process(self.spec, container)
        if (image := container.get("image")) is not None:
            yield self._demand(image, image.text, who, host_process=host_process)
        variables = container.get("env")
        for variable in variables.list if variables is not None else []:
            value = variable.get("value")
            if value is not None and value.text and _RELATED.fullmatch(variable.text_at("name")):
                yield self._demand(value, value.text, f"{who} variable {variable.text_at('name')}")
        for group in ("command", "args"):
            words = container.get(group)
            yield from self._arguments(words.list if words is not None else [], who)

    def _arguments(self, words: list[Marked], who: str) -> Iterator[Demand]:
        for word, following in zip(words, [*words[1:], None], strict=False):
            match = _ARGUMENT.fullmatch(word.text)
            if match is None:
                continue
            value = match["value"] or (following.text if following is not None else "")
            if "/" in value or ":" in value:
                yield self._demand(word, value, f"{who} argument {word.text.partition('=')[0]}", surmised=True)

    def _demand(self, at: Marked, text: str, who: str, *, host_process: bool = False, surmised: bool = False) -> Demand:
        reference, error = _parsed(text)
        network = self.spec.get("hostNetwork")
        return Demand(
            kind=self.source.kind,
            who=f"{self.owner} {who}",
            text=text,
            location=self.source.place(at),
            pools=self.binding.pools(self.source.pools),
            reference=reference,
            error=error,
            os="windows" if host_process else self.binding.os,
            host_process=host_process,
            host_network=network is not None and network.value is True,
            surmised=surmised,
        )


def _parsed(text: str) -> tuple[Reference | None, str]:
    if not text.strip():
        return None, "the image is empty"
    if problem := text_problem(text):
        return None, problem
    try:
        return parse_reference(text), ""
    except InvalidReference as error:
        return None, f"{shown(text)} is no image reference: {error}"
