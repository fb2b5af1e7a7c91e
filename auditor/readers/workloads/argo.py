"""Read the charts of Argo CD's Applications and ApplicationSets. Format: argo-cd pkg/apis/application/v1alpha1/types.go."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import replace

from auditor.located import Marked
from auditor.readers.workloads.gitops_releases import GitOpsRelease
from auditor.readers.workloads.release_values import Draft, Objects, as_values, is_templated, set_values

_MOST_ELEMENTS = 500
_TEMPLATE = "{{"
_OWN = "values.yaml"  # helm always reads this file of a chart


def applications(draft: Draft, objects: Objects) -> Iterator[GitOpsRelease]:
    """Yield the charts of an Application, or of each Application that a list generator creates."""
    if draft.item.text_at("kind") == "Application":
        yield from _of_application(draft, objects, draft.item)
        return
    template = draft.item.get("spec", "template")
    if template is None:
        return
    rows = _elements(draft.item)
    for row in rows or [{}]:
        yield from _of_application(draft, objects, _filled(template, row))


def _elements(item: Marked) -> list[dict[str, str]]:
    """Return the parameters of the Applications if all generators are lists; else an empty list."""
    found = item.get("spec", "generators")
    generators = found.list if found is not None else []
    if not generators or any(set(one.mapping) != {"list"} for one in generators):
        return []
    rows: list[dict[str, str]] = []
    for one in generators:
        elements = one.get("list", "elements")
        listed = elements.list[:_MOST_ELEMENTS] if elements is not None else []
        rows.extend({key: value.text for key, value in _flat(element, "")} for element in listed)
    return rows


def _flat(value: Marked, path: str) -> Iterator[tuple[str, Marked]]:
    for key, inner in value.items():
        name = f"{path}.{key}" if path else key
        if inner.mapping:
            yield from _flat(inner, name)
        else:
            yield name, inner


def _filled(value: Marked, row: dict[str, str]) -> Marked:
    """Return a template with the parameters of one element: `{{name}}`, `{{ .name }}`."""
    if not row:
        return value
    if isinstance(value.value, dict):
        return Marked({key: _filled(inner, row) for key, inner in value.items()}, value.line, value.column)
    if isinstance(value.value, list):
        return Marked([_filled(inner, row) for inner in value.list], value.line, value.column)
    if not isinstance(value.value, str) or _TEMPLATE not in value.text:
        return value
    text = value.text
    for key, word in row.items():
        for form in (f"{{{{{key}}}}}", f"{{{{ {key} }}}}", f"{{{{.{key}}}}}", f"{{{{ .{key} }}}}"):
            text = text.replace(form, word)
    return Marked(text, value.line, value.column, text)


def _of_application(draft: Draft, objects: Objects, application: Marked) -> Iterator[GitOpsRelease]:
    spec = application.get("spec")
    if spec is None:
        return
    several = spec.get("sources")
    one = spec.get("source")
    sources = several.list if several is not None and several.list else [one] if one is not None else []
    references = {f"${name}": source for source in sources if (name := source.text_at("ref"))}
    for source in sources:
        if not source.text_at("chart"):
            yield from _of_git(draft, source, application)
            continue
        chart, repository = source.text_at("chart"), source.text_at("repoURL")
        if "://" not in repository:
            repository = f"oci://{repository}"  # Argo CD names OCI registries without a scheme
        values, doubts = _values(draft, source, references, objects)
        name = application.text_at("metadata", "name") or draft.item.text_at("metadata", "name")
        texts = (chart, repository, source.text_at("targetRevision"))
        if any(_TEMPLATE in text for text in texts):
            doubts.append("a generator fills in the chart or its version")
        where, slash, last = chart.rpartition("/")
        yield replace(
            draft.release(last),
            version=source.text_at("targetRevision"),
            repository=f"{repository.rstrip('/')}/{where}" if slash else repository,
            name=source.text_at("helm", "releaseName") or name,
            namespace=spec.text_at("destination", "namespace"),
            values=tuple(values),
            doubts=tuple(doubts),
        )


def _of_git(draft: Draft, source: Marked, application: Marked) -> Iterator[GitOpsRelease]:
    """Yield the folder that a source names; nothing if it only gives values files to another source."""
    path = source.text_at("path")
    if source.text_at("ref") and not path:
        return
    doubts = [f"its {key} settings may change images" for key in ("kustomize", "plugin") if source.get(key) is not None]
    doubts += ["its jsonnet is not executed"] if source.get("directory", "jsonnet") is not None else []
    doubts += ["a generator fills in the path"] if _TEMPLATE in path else []
    yield replace(
        draft.release(posixpath.basename(path)),
        path=path or ".",
        version=source.text_at("targetRevision"),
        repository=source.text_at("repoURL"),
        name=application.text_at("metadata", "name") or draft.item.text_at("metadata", "name"),
        namespace=application.text_at("spec", "destination", "namespace"),
        doubts=tuple(doubts),
    )


def _values(draft: Draft, source: Marked, references: dict[str, Marked], objects: Objects) -> tuple[list[bytes], list[str]]:
    """Return the values of one source, the last one wins: files, `values`, `valuesObject`, `parameters`."""
    helm = source.get("helm")
    if helm is None:
        return [], []
    values: list[bytes] = []
    doubts: list[str] = []
    files = helm.get("valueFiles")
    for file in files.list if files is not None else []:
        reference, slash, path = file.text.partition("/")
        data = objects.file(posixpath.join(draft.folder, path)) if slash and reference in references else None
        if data is not None:
            values.append(data)
        elif file.text != _OWN and helm.text_at("ignoreMissingValueFiles") != "true":
            doubts.append(f"its values file {file.text} is not among the manifests")
    if text := helm.text_at("values"):
        values.append(text.encode())
        if _TEMPLATE in text:
            doubts.append("a generator fills in its values")
    if (inline := helm.get("valuesObject")) is not None:
        values.append(as_values(inline))
        doubts += is_templated(inline)
    if (parameters := helm.get("parameters")) is not None:
        pairs = [(one.text_at("name"), one.get("value")) for one in parameters.list]
        values.append(set_values((name, value) for name, value in pairs if name and value is not None))
        doubts += is_templated(parameters)
    if helm.get("fileParameters") is not None:
        doubts.append("its fileParameters are not read")
    return values, doubts
