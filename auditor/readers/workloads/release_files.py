"""Read the charts of fleet.yaml, of Fleet's bundles, and of helmfile.yaml.

Formats: rancher/fleet pkg/apis/fleet.cattle.io/v1alpha1 (BundleSpec, HelmOptions), helmfile pkg/state/state.go.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import replace

from auditor.located import Marked
from auditor.readers.workloads.gitops_releases import GitOpsRelease, of_archive
from auditor.readers.workloads.release_values import Draft, Objects, as_values, configured, is_templated, set_values

_OCI = "oci://"


def _items(value: Marked | None) -> list[Marked]:
    return value.list if value is not None else []


def _below(draft: Draft, path: str) -> str:
    """Return a path that is relative to the file of the document."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(draft.file), path))


def fleet_releases(draft: Draft, objects: Objects, spec: Marked) -> Iterator[GitOpsRelease]:
    """Yield the chart of a fleet.yaml or a bundle: with its values, and again for each cluster that changes them."""
    helm = spec.get("helm")
    if helm is None or not helm.text_at("chart"):
        return
    made = _fleet_chart(draft, helm)
    namespace = spec.text_at("namespace") or spec.text_at("defaultNamespace")
    name = helm.text_at("releaseName") or posixpath.basename(posixpath.dirname(draft.file)) or made.chart
    values, doubts = _fleet_values(draft, objects, helm, namespace)
    base = replace(made, name=name, namespace=namespace, values=tuple(values), doubts=tuple(doubts))
    if any(spec.get(key) is not None for key in ("kustomize", "overrideTargets")):
        base = replace(base, doubts=(*base.doubts, "its kustomize settings may change images"))
    yield base
    for target in (*_items(spec.get("targetCustomizations")), *_items(spec.get("targets"))):
        other = target.get("helm")
        if other is None:
            continue
        more, unknown = _fleet_values(draft, objects, other, namespace)
        version = other.text_at("version") or base.version
        yield replace(
            base,
            version=version,
            values=(*base.values, *more),
            doubts=(*base.doubts, *unknown),
        )


def _fleet_chart(draft: Draft, helm: Marked) -> GitOpsRelease:
    chart, repository = helm.text_at("chart"), helm.text_at("repo")
    at = helm.get("chart") if not draft.item.text_at("kind") else None
    line = at.line if at is not None else draft.item.line
    made = replace(draft.release(chart), line=line, version=helm.text_at("version"), repository=repository)
    if chart.startswith(_OCI):
        where, _, last = chart.rpartition("/")
        return replace(made, chart=last, repository=where)
    if not repository and (archive := of_archive(made, chart)) is not None:
        return archive
    if not repository and "://" not in chart:
        return replace(made, path=_below(draft, chart), is_chart=True)
    return made


def _fleet_values(draft: Draft, objects: Objects, helm: Marked, namespace: str) -> tuple[list[bytes], list[str]]:
    values: list[bytes] = []
    doubts: list[str] = []
    for file in _items(helm.get("valuesFiles")):
        data = objects.file(_below(draft, file.text))
        if data is None:
            doubts.append(f"its values file {file.text} is not among the manifests")
        else:
            values.append(data)
    more, unknown = configured(helm, namespace, objects)
    values += more
    doubts += unknown
    if (inline := helm.get("values")) is not None and inline.mapping:
        values.append(as_values(inline))
        doubts += is_templated(inline)
    return values, doubts


def helmfile_releases(draft: Draft, objects: Objects) -> Iterator[GitOpsRelease]:
    """Yield every release of a helmfile. Its templates are not executed."""
    repositories = {one.text_at("name"): one for one in _items(draft.item.get("repositories"))}
    for one in _items(draft.item.get("releases")):
        chart = one.get("chart")
        if chart is None or not chart.text:
            continue
        values: list[bytes] = []
        doubts: list[str] = []
        for value in _items(one.get("values")):
            if value.mapping:
                values.append(as_values(value))
                doubts += is_templated(value)
            elif (data := objects.file(_below(draft, value.text))) is not None and not value.text.endswith(".gotmpl"):
                values.append(data)
            else:
                doubts.append(f"its values file {value.text} is not among the manifests, or a template")
        pairs = [(pair.text_at("name"), pair.get("value")) for pair in _items(one.get("set"))]
        if pairs:
            values.append(set_values((name, value) for name, value in pairs if name and value is not None))
        if one.get("secrets") is not None:
            doubts.append("its secrets are not read")
        if "{{" in chart.text or "{{" in one.text_at("version"):
            doubts.append("a template fills in the chart or its version")
        yield replace(
            _helmfile_chart(draft, chart, repositories),
            version=one.text_at("version"),
            name=one.text_at("name"),
            namespace=one.text_at("namespace"),
            values=tuple(values),
            doubts=tuple(doubts),
        )


def _helmfile_chart(draft: Draft, chart: Marked, repositories: dict[str, Marked]) -> GitOpsRelease:
    made = replace(draft.release(chart.text), line=chart.line)
    if chart.text.startswith(_OCI):
        where, _, last = chart.text.rpartition("/")
        return replace(made, chart=last, repository=where)
    alias, slash, name = chart.text.partition("/")
    found = repositories.get(alias) if slash else None
    if found is not None:
        url = found.text_at("url")
        is_oci = found.text_at("oci") == "true" and "://" not in url
        return replace(made, chart=name, repository=f"{_OCI}{url}" if is_oci else url)
    return replace(made, path=_below(draft, chart.text), is_chart=True)
