"""Read the releases that manifests hand to a GitOps controller: Flux, Argo CD, Fleet, helm-controller and Helmfile.

Formats: fluxcd/helm-controller api/v2, fluxcd/source-controller api/v1, argoproj/argo-cd pkg/apis/application/v1alpha1,
rancher/fleet pkg/apis/fleet.cattle.io/v1alpha1, k3s-io/helm-controller pkg/apis/helm.cattle.io/v1, helmfile pkg/state.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import replace

from auditor.located import Marked
from auditor.readers.workloads.argo import applications
from auditor.readers.workloads.gitops_releases import GitOpsRelease, of_archive
from auditor.readers.workloads.release_files import fleet_releases, helmfile_releases
from auditor.readers.workloads.release_values import Draft, Objects, as_values, configured, is_templated, set_values

NEEDLES = (
    b"helm.toolkit.fluxcd.io/",
    b"kustomize.toolkit.fluxcd.io/",
    b"source.toolkit.fluxcd.io/",
    b"helm.cattle.io/",
    b"argoproj.io/",
    b"fleet.cattle.io/",
)
FILES = ("fleet.yaml", "fleet.yml")
_FLUX = "helm.toolkit.fluxcd.io/"
_KUSTOMIZE = "kustomize.toolkit.fluxcd.io/"
_K3S = "helm.cattle.io/"
_FLEET = "fleet.cattle.io/"
_ARGO = "argoproj.io/"


def is_release_file(name: str) -> bool:
    """Return whether a file that is not a Kubernetes object may name charts, by its name: fleet.yaml, helmfile.yaml."""
    base = posixpath.basename(name)
    return base in FILES or base.startswith("helmfile") or "/helmfile.d/" in f"/{name}"


def releases_of(objects: Objects) -> Iterator[GitOpsRelease]:
    """Yield every release that the objects and files state, in their order."""
    for draft in objects.drafts:
        api, kind = draft.item.text_at("apiVersion"), draft.item.text_at("kind")
        if api.startswith(_FLUX) and kind == "HelmRelease":
            yield from _flux(draft, objects)
        elif api.startswith(_KUSTOMIZE) and kind == "Kustomization":
            yield from _kustomization(draft, objects)
        elif api.startswith(_FLEET) and kind == "GitRepo":
            yield from _git_repo(draft)
        elif api.startswith(_K3S) and kind == "HelmChart":
            yield from _helm_controller(draft, objects)
        elif api.startswith(_ARGO) and kind in {"Application", "ApplicationSet"}:
            yield from applications(draft, objects)
        elif api.startswith(_FLEET) and kind in {"Bundle", "HelmOp"}:
            yield from fleet_releases(draft, objects, draft.item.get("spec") or draft.item)
        elif not kind and posixpath.basename(draft.file) in FILES:
            yield from fleet_releases(draft, objects, draft.item)
        elif not kind and is_release_file(draft.file):
            yield from helmfile_releases(draft, objects)


def _flux(draft: Draft, objects: Objects) -> Iterator[GitOpsRelease]:
    spec = draft.item.get("spec")
    if spec is None:
        return
    namespace, name = draft.namespace, draft.item.text_at("metadata", "name")
    target = spec.text_at("targetNamespace")
    release = spec.text_at("releaseName") or (f"{target}-{name}" if target else name)
    found = _flux_chart(draft, spec, objects)
    values, doubts = configured(spec, namespace, objects)
    if (own := spec.get("values")) is not None:
        values.append(as_values(own))
        doubts += is_templated(own)
    if spec.get("postRenderers") is not None:
        doubts.append("its postRenderers may change images")
    if (inner := spec.get("chart", "spec", "valuesFiles")) is not None and inner.list:
        doubts.append("spec.chart.spec.valuesFiles selects other values from the chart")
    yield replace(found, name=release, namespace=target or namespace, values=tuple(values), doubts=(*found.doubts, *doubts))


def _flux_chart(draft: Draft, spec: Marked, objects: Objects) -> GitOpsRelease:
    """Return the chart of a HelmRelease: named in it, or by an object of source-controller."""
    made = draft.release("")
    template, reference = spec.get("chart", "spec"), spec.get("chartRef")
    settles: list[tuple[str, int]] = []
    if template is None and reference is not None:
        space = reference.text_at("namespace") or draft.namespace
        other = objects.named(reference.text_at("kind"), space, reference.text_at("name"))
        if other is None:
            return replace(
                made, chart=reference.text_at("name"), doubts=("the object of its chartRef is not in the manifests",)
            )
        settles.append((other.file, other.item.line))
        if other.item.text_at("kind") == "OCIRepository":
            url = other.item.text_at("spec", "url").rstrip("/")
            where, _, chart = url.rpartition("/")
            tags = (other.item.text_at("spec", "ref", key) for key in ("semver", "tag"))
            version = next(filter(None, tags), "")
            return replace(made, chart=chart, version=version, repository=where, settles=tuple(settles))
        template = other.item.get("spec")
    if template is None:
        return made
    source = template.get("sourceRef")
    chart, repository, path = template.text_at("chart"), "", ""
    if source is not None:
        space = source.text_at("namespace") or draft.namespace
        other = objects.named(source.text_at("kind"), space, source.text_at("name"))
        repository = other.item.text_at("spec", "url") if other is not None else ""
        if source.text_at("kind") != "HelmRepository":
            path = chart
            settles += [(other.file, other.item.line)] if other is not None else []
    return replace(
        made,
        chart=chart,
        version=template.text_at("version"),
        repository=repository,
        path=path,
        is_chart=True,
        settles=tuple(settles),
    )


def _kustomization(draft: Draft, objects: Objects) -> Iterator[GitOpsRelease]:
    """Yield the folder that kustomize-controller applies."""
    spec = draft.item.get("spec")
    if spec is None:
        return
    changing = ("images", "patches", "patchesJson6902", "patchesStrategicMerge", "components", "postBuild")
    doubts = [f"spec.{key} may change images" for key in changing if spec.get(key) is not None]
    source = spec.get("sourceRef")
    other = None
    if source is not None:
        space = source.text_at("namespace") or draft.namespace
        other = objects.named(source.text_at("kind"), space, source.text_at("name"))
    yield replace(
        draft.release(""),
        path=spec.text_at("path") or ".",
        repository=other.item.text_at("spec", "url") if other is not None else "",
        doubts=tuple(doubts),
        settles=((other.file, other.item.line),) if other is not None else (),
    )


def _git_repo(draft: Draft) -> Iterator[GitOpsRelease]:
    """Yield the folders that Fleet applies; without `paths`, the root."""
    spec = draft.item.get("spec")
    if spec is None:
        return
    paths = spec.get("paths")
    for path in [one.text for one in paths.list] if paths is not None and paths.list else ["."]:
        yield replace(draft.release(""), path=path, repository=spec.text_at("repo"), version=spec.text_at("revision"))


def _helm_controller(draft: Draft, objects: Objects) -> Iterator[GitOpsRelease]:
    spec = draft.item.get("spec")
    if spec is None or spec.text_at("chartContent"):
        return
    name = draft.item.text_at("metadata", "name")
    chart, version, repository = spec.text_at("chart"), spec.text_at("version"), spec.text_at("repo")
    if chart.startswith("oci://"):
        repository, _, chart = chart.rpartition("/")
    made = replace(draft.release(chart), version=version, repository=repository)
    made = of_archive(made, chart) or made
    values, doubts, settles = [], [], []
    for owner in filter(None, (draft, objects.named("HelmChartConfig", draft.namespace, name))):
        text = owner.item.text_at("spec", "valuesContent")
        if text:
            values.append(text.encode())
        if owner.item.get("spec", "valuesSecrets") is not None:
            doubts.append("its valuesSecrets are not read")
        if owner is not draft:
            settles.append((owner.file, owner.item.line))
    if (more := spec.get("set")) is not None:
        values.append(set_values((key, value) for key, value in more.items()))
    yield replace(
        made,
        name=name,
        namespace=spec.text_at("targetNamespace") or draft.namespace,
        values=tuple(values),
        doubts=tuple(doubts),
        settles=tuple(settles),
    )
