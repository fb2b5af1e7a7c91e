"""Kubernetes manifests: every image that a workload runs, on which nodes, and what cannot be enumerated.

Pod templates are found at any place, also in custom resources. Fields: the Kubernetes API reference, core/v1 PodSpec.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from auditor.errors import Location, unexpected
from auditor.located import Marked, NotStructured, iter_marked
from auditor.oci.reference import InvalidReference, Reference, parse_reference
from auditor.plan.model import Pool
from auditor.readers.demands import Certainty, Demand, DemandGap, HiddenImages, Mechanism, Rendered
from auditor.readers.lists.source import text_problem
from auditor.readers.workloads.built import BuiltFrom
from auditor.readers.workloads.config_data import data_hints
from auditor.readers.workloads.hints import Hint, hints_in
from auditor.readers.workloads.injected import AUTO, injections
from auditor.readers.workloads.installed import Operators
from auditor.readers.workloads.kustomize import Raw
from auditor.readers.workloads.operators import Built, built_images
from auditor.readers.workloads.origins import Origins
from auditor.readers.workloads.pod_kinds import Runs, fetched, group_of, row_of
from auditor.readers.workloads.pod_specs import containers_of, pod_specs, related_images, volume_images
from auditor.readers.workloads.scheduling import Binding, binding_of, is_host_process
from auditor.readers.workloads.schemas import Schemas, without_definitions
from auditor.readers.workloads.self_installers import installer_of
from auditor.text import shown

_SHOWN = 3
_HOLD_DATA = frozenset({"ConfigMap", "Secret"})


@dataclass(frozen=True, slots=True)
class Manifests:
    """The source of a file's demands: its name for users, the kind of demand, and the plan's pools.

    `name` is the file, or the chart, relative to the plan. `origins` lead from a rendering to the chart. `listed_kinds` are
    those whose images a list of the plan has. `raw`: the changes that a kustomization may make before the file is applied.
    """

    file: str
    kind: str
    pools: tuple[Pool, ...]
    namespace: str = ""
    name: str = ""
    origins: Origins | BuiltFrom | None = field(default=None, repr=False)
    listed_kinds: frozenset[str] = frozenset()
    raw: Raw | None = None

    def doubted(self, demand: Demand) -> Demand:
        """Return the demand, marked as *possible* if an unbuilt kustomization may change its image."""
        if self.raw is None or demand.reference is None or not self.raw.may_change(demand.reference):
            return demand
        return replace(demand, certainty=Certainty.POSSIBLE)

    def place(self, value: Marked) -> Location:
        """Return the location of a value: in the manifest, or in the template of the chart."""
        return self.located(value.line, value.column)[0]

    def located(self, line: int, column: int) -> tuple[Location, Rendered | None]:
        """Return the location of a line, and its origin in a rendered chart."""
        if self.origins is None:
            return Location(self.file, line, column), None
        return self.origins.of(line)

    def problem(self, line: int, column: int, message: str) -> Demand:
        """Return a demand for unreadable input."""
        location, rendered = self.located(line, column)
        return Demand(self.kind, self.name, "", location, self.everywhere, error=message, rendered=rendered)

    @property
    def everywhere(self) -> tuple[str, ...]:
        """The names of all pools."""
        return tuple(pool.name for pool in self.pools)


def items_of(source: Manifests, data: bytes) -> Iterator[Marked | Demand]:
    """Yield every document of a file, with lists of objects expanded, one after another: a file may have many.

    Custom resource definitions are left out. Unreadable input is a demand with an error, after the documents before it.
    """
    try:
        for document in iter_marked(without_definitions(data)[0]):
            waiting = [document]
            while waiting:
                here = waiting.pop()
                items = here.get("items")
                if is_object(here) and here.text_at("kind").endswith("List") and items is not None:
                    waiting.extend(items.list[::-1])
                else:
                    yield here
    except NotStructured as error:
        yield source.problem(error.line, error.column, str(error))
    except Exception as error:  # noqa: BLE001 - one file must not end the audit
        yield source.problem(1, 1, unexpected("reading this file", error))


def is_object(document: Marked) -> bool:
    """Return whether a document is a Kubernetes object."""
    return bool(document.text_at("kind") and document.text_at("apiVersion"))


def runtime_classes(items: Iterable[Marked | Demand]) -> dict[str, dict[str, str]]:
    """Return the node selectors of the runtime classes among the objects, by name."""
    return {
        item.text_at("metadata", "name"): {key: value.text for key, value in selector.items()}
        for item in items
        if isinstance(item, Marked) and item.text_at("kind") == "RuntimeClass"
        if (selector := item.get("scheduling", "nodeSelector")) is not None
    }


@dataclass(frozen=True, slots=True)
class Around:
    """What the plan's other objects contribute: node selectors of runtime classes by name, schemas, operators."""

    classes: Mapping[str, Mapping[str, str]]
    schemas: Schemas
    operators: Operators
    releases: Mapping[tuple[str, int], list[str]] = field(default_factory=dict)  # what is not known of each, by file and line


def demands_in(source: Manifests, item: Marked, around: Around) -> Iterator[Demand]:
    """Yield every image that one object names, and its gaps."""
    namespace = item.text_at("metadata", "namespace") or source.namespace
    name = item.text_at("metadata", "name") or item.text_at("metadata", "generateName")
    owner = f"{item.text_at('kind')} {f'{namespace}/' if namespace else ''}{name}"
    bound = ((spec, binding_of(spec, around.classes)) for spec in pod_specs(item))
    pods = [demand for spec, binding in bound for demand in _Pod(source, owner, spec, binding).demands()]
    yield from pods
    yield from _self_installed(source, pods)
    group, kind = group_of(item), item.text_at("kind")
    row, qualified = row_of(group, kind), f"{kind}.{group}" if group else kind
    if not any(demand.text == AUTO for demand in pods):
        yield from _injected(source, owner, item, qualified)
    if row is not None and row.runs is Runs.SOURCE:
        names = tuple(f"{path}: {shown(text)}" for path, text in fetched(item, row))
        hidden = HiddenImages(DemandGap.SOURCE, source.name, qualified, names=names)
        yield from _hinted(source, owner, qualified, tuple(hint for hint in hints_in(item) if hint.field.count(".") == 1))
        unknown = around.releases.get((source.name, item.line))
        if unknown != []:
            yield from _gap(source, owner, item, hidden, tuple(unknown or ()))
        return
    hints = data_hints(item) if not group and kind in _HOLD_DATA else _with_defaults(item, group, kind, around.schemas)
    demands = _hinted(source, owner, qualified, tuple(hints))
    yield from demands
    built = built_images(item, group, kind, around.operators) if row is None else None
    if built is not None:
        yield from (_built(source, owner, one) for one in built.images)
        if built.missing:
            yield from _gap(source, owner, item, HiddenImages(DemandGap.KIND, source.name, qualified), built.missing)
    elif row is None:
        is_named = any(demand.reference is not None and not demand.is_possible for demand in (*pods, *demands))
        yield from _gap(source, owner, item, HiddenImages(DemandGap.KIND, source.name, qualified), is_named=is_named)


def _with_defaults(item: Marked, group: str, kind: str, schemas: Schemas) -> Iterator[Hint]:
    """Yield the hints of an object, then those from the defaults of its schema."""
    own = tuple(hints_in(item))
    yield from own
    if schemas.defines(group, kind) and (filled := schemas.filled(item, group, kind)) is not item:
        known = {(hint.field, hint.text) for hint in own}
        for hint in hints_in(filled):
            if (hint.field, hint.text) not in known:
                yield replace(hint, mechanism=Mechanism.SCHEMA)


def hints_of_other(source: Manifests, document: Marked, around: Around) -> Iterator[Demand]:
    """Yield every value that looks like an image, or names a chart, in a document that is not a Kubernetes object."""
    yield from _hinted(source, source.name, "", tuple(hints_in(document, pods_are_read=False)))
    for at, path, text in _charts(document):
        unknown = around.releases.get((source.name, at.line))
        if unknown == []:
            continue
        location, rendered = source.located(at.line, at.column)
        why = f"{path} names the chart {shown(text)}, whose images are unknown: render it, and name it under `workloads`"
        why = unknown[0] if unknown else why
        hidden = HiddenImages(DemandGap.SOURCE, source.name, field=path, names=(text,))
        yield Demand(source.kind, source.name, "", location, source.everywhere, unbounded=why, hidden=hidden, rendered=rendered)


def _charts(document: Marked) -> Iterator[tuple[Marked, str, str]]:
    """Yield every text under a key `chart`, as in Fleet, Helmfile and others."""
    waiting = [(document, "")]
    while waiting:
        here, path = waiting.pop()
        for key, value in here.items():
            inner = f"{path}.{key}".lstrip(".")
            if key == "chart" and value.text:
                yield value, inner, value.text
            waiting.append((value, inner))
        waiting.extend((value, f"{path}[{number}]") for number, value in enumerate(here.list))


def _built(source: Manifests, owner: str, one: Built) -> Demand:
    """Return the demand for an image that an operator builds."""
    location, rendered = source.located(one.at.line, one.at.column)
    return Demand(
        source.kind,
        f"{owner} (image of its operator)",
        one.text,
        location,
        tuple(pool.name for pool in source.pools if one.os in ("", pool.platform.os)),
        one.reference,
        os=one.os,
        certainty=one.certainty,
        mechanism=Mechanism.OPERATOR,
        field=one.field,
        rendered=rendered,
    )


def _self_installed(source: Manifests, pods: Iterable[Demand]) -> Iterator[Demand]:
    """Yield a gap for each container that installs further workloads from its own image, unless a list has them."""
    for pod in pods:
        found = installer_of(pod.reference) if pod.reference is not None else None
        if found is not None and found[0] not in source.listed_kinds:
            hidden = HiddenImages(DemandGap.KIND, source.name, found[0])
            yield replace(pod, text="", reference=None, unbounded=f"{pod.who}: {found[1]}", hidden=hidden)


def _injected(source: Manifests, owner: str, item: Marked, kind: str) -> Iterator[Demand]:
    """Yield the proxies that service meshes add to pods, unless a list has them."""
    for one in injections(item) if kind not in source.listed_kinds else ():
        location, rendered = source.located(one.at.line, one.at.column)
        why = f"{one.mesh} adds a proxy to pods of {owner} ({one.field}), and its injector is not in the workloads"
        hidden = HiddenImages(DemandGap.INJECTED, source.name, kind, one.field, (one.mesh,))
        yield Demand(source.kind, owner, "", location, source.everywhere, unbounded=why, hidden=hidden, rendered=rendered)


def _gap(
    source: Manifests,
    owner: str,
    item: Marked,
    hidden: HiddenImages,
    missing: tuple[str, ...] = (),
    *,
    is_named: bool = False,
) -> Iterator[Demand]:
    """Yield the gap of an object, unless a list of the plan has the images of its kind.

    `missing` are unknown facts that its operator's images depend on. `is_named`: the object names images, but its controller
    may run others.
    """
    if hidden.kind in source.listed_kinds:
        return
    location, rendered = source.located(item.line, item.column)
    if hidden.gap is DemandGap.SOURCE and missing:
        why = ". ".join(missing[:_SHOWN])
    elif hidden.gap is DemandGap.SOURCE:
        why = f"the controller of {owner} fetches a chart or manifests ({', '.join(hidden.names) or 'not named'})"
        why += ", whose images are unknown"
    elif missing:
        why = f"some images that an operator runs for {owner} are unknown: {'; '.join(missing[:_SHOWN])}"
    else:
        others = "other images than those that it names" if is_named else "images that no manifest names"
        why = f"{owner} has an unknown kind: its controller may run {others}"
    yield Demand(source.kind, owner, "", location, source.everywhere, unbounded=why, hidden=hidden, rendered=rendered)


def _hinted(source: Manifests, owner: str, kind: str, hints: tuple[Hint, ...]) -> list[Demand]:
    """Return the demands of an object's hints. References of one field to one repository are alternatives."""
    versions: dict[tuple[str, str], set[Reference]] = {}
    for hint in hints:
        if hint.reference is not None:
            versions.setdefault((hint.field, hint.reference.repository), set()).add(hint.reference)
    found = []
    for hint in hints:
        location, rendered = source.located(hint.at.line, hint.at.column)
        made = Demand(
            source.kind,
            f"{owner} {hint.field}",
            hint.text,
            location,
            source.everywhere,
            hint.reference,
            certainty=hint.certainty,
            mechanism=hint.mechanism,
            field=hint.field,
            rendered=rendered,
        )
        if hint.reference is None:
            why = f"{owner} {hint.field} looks like an image, but is not a whole reference: {shown(hint.text)}"
            made = replace(made, unbounded=why, hidden=HiddenImages(DemandGap.VALUE, source.name, kind, hint.field))
        elif len(versions[hint.field, hint.reference.repository]) > 1:
            made = replace(made, choice=f"{source.name} {owner} {hint.field} {hint.reference.repository}")
        found.append(made)
    return found


@dataclass(frozen=True, slots=True)
class _Pod:
    """One pod template of an object."""

    source: Manifests
    owner: str
    spec: Marked
    binding: Binding

    def demands(self) -> Iterator[Demand]:
        for container in containers_of(self.spec):
            who = f"container {container.text_at('name')}"
            if (image := container.get("image")) is not None:
                yield self._demand(image, who, host_process=is_host_process(self.spec, container))
            for name, value in related_images(container):
                found = self._demand(value, f"{who} variable {name}")
                yield replace(found, mechanism=Mechanism.VARIABLE, field=f"env[{name}]")
        for name, image in volume_images(self.spec):
            yield self._demand(image, f"volume {name}")

    def _demand(self, at: Marked, who: str, *, host_process: bool = False) -> Demand:
        reference, error = _parsed(at.text)
        network = self.spec.get("hostNetwork")
        location, rendered = self.source.located(at.line, at.column)
        made = Demand(
            kind=self.source.kind,
            who=f"{self.owner} {who}",
            text=at.text,
            location=location,
            pools=self.binding.pools(self.source.pools),
            reference=reference,
            error=error,
            os="windows" if host_process else self.binding.os,
            host_process=host_process,
            host_network=network is not None and network.value is True,
            rendered=rendered,
        )
        if at.text != AUTO:
            return made
        why = f"{self.owner} {who} has the image {AUTO}, which Istio's injector replaces: list the proxy image"
        return replace(made, reference=None, unbounded=why, hidden=HiddenImages(DemandGap.VALUE, self.source.name, field=who))


def _parsed(text: str) -> tuple[Reference | None, str]:
    if not text.strip():
        return None, "the image is empty"
    if problem := text_problem(text):
        return None, problem
    try:
        return parse_reference(text), ""
    except InvalidReference as error:
        return None, f"{shown(text)} is not an image reference: {error}"
