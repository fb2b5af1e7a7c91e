"""The releases in a plan's workloads, each with the plan's copy of its chart and its rendering."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import replace

from auditor.located import Marked
from auditor.oci.reference import InvalidReference, parse_reference
from auditor.plan.model import Plan
from auditor.plan.plan_paths import is_inside, normal, shown_path
from auditor.readers.demands import WantedChart
from auditor.readers.workloads.chart_versions import is_exact
from auditor.readers.workloads.gitops import NEEDLES, is_release_file, releases_of
from auditor.readers.workloads.gitops_releases import Installed, installed, local_charts
from auditor.readers.workloads.manifests import Manifests, is_object, items_of
from auditor.readers.workloads.origins import Origins
from auditor.readers.workloads.plan_files import sources_of
from auditor.readers.workloads.release_values import Draft, Objects
from auditor.readers.workloads.rendered import NOT_RENDERED
from auditor.text import listed

_SHOWN = 3

Files = list[tuple[Manifests, bytes, str]]


def plan_releases(plan: Plan) -> tuple[Installed, ...]:
    """Return every release in the manifests and renderings, with the plan's copy of its chart."""
    if not any(workload.manifests or workload.chart for workload in plan.workloads):
        return ()
    files: Files = []
    for number, workload in enumerate(plan.workloads):
        folder = normal(workload.manifests) if workload.manifests else ""
        files.extend((source, data, folder) for source, data in sources_of(plan, number, workload))
    drafts = tuple(draft for source, data, folder in files for draft in _drafts(source, data, folder))
    if not drafts:
        return ()

    def others(kind: str, name: str) -> Iterator[Marked]:
        for source, data, _ in files:
            if kind.encode() in data and name.encode() in data:
                yield from (
                    item for item in items_of(source, data) if isinstance(item, Marked) and item.text_at("kind") == kind
                )

    def file(path: str) -> bytes | None:
        return plan.files.get(posixpath.normpath(path))

    def folder_of(path: str) -> str:
        """Return the folder, below one that the plan names as manifests, if it has files."""
        for name in dict.fromkeys(folder for _, _, folder in files if folder):
            here = posixpath.normpath(posixpath.join(name, path))
            if is_inside(here, name) and any(is_inside(one, here) for one in plan.files):
                return here
        return ""

    return installed(releases_of(Objects(drafts, others, file)), local_charts(plan), folder_of)


def _drafts(source: Manifests, data: bytes, folder: str) -> Iterator[Draft]:
    is_named = source.origins is None and is_release_file(source.name)
    if not is_named and not any(needle in data for needle in NEEDLES):
        return
    for item in items_of(source, data):
        if isinstance(item, Marked) and (is_named or is_object(item)):
            yield Draft(source.name, source.place(item), item, source.namespace, folder)


def release_sources(plan: Plan, found: tuple[Installed, ...]) -> Iterator[tuple[Manifests, bytes]]:
    """Yield the rendering of each release, with the object that states the release."""
    for one in found:
        data = plan.files.get(one.rendered_name) if one.copy is not None else None
        if data is not None and one.copy is not None:
            workload = one.workload()
            origins, shown = Origins(plan, workload, data), shown_path(plan.path, one.copy.path)
            yield Manifests(shown, "chart", plan.pools, workload.namespace, one.copy.path, origins), data


def wanted_charts(found: tuple[Installed, ...]) -> tuple[WantedChart, ...]:
    """Return the charts that releases pull from OCI registries, each once per object."""
    return tuple(dict.fromkeys(_wanted_chart(one) for one in found if one.release.is_oci and not one.release.path))


def _wanted_chart(one: Installed) -> WantedChart:
    """Return the chart of one release. For a version range, use the version of the plan's copy, which is what a site pushes."""
    release = one.release
    made = WantedChart(release.owner, release.chart, release.version, release.repository, release.place)
    version = release.version if is_exact(release.version) else one.copy.version if one.copy is not None else ""
    if not version:
        why = f"{release.owner} wants {release.said}, and which version the controller takes is not known. "
        return replace(made, why_unknown=f"{why}State one exact version, or name a copy of the chart under `workloads`")
    text = f"{release.repository.removeprefix('oci://').rstrip('/')}/{release.chart}:{version.replace('+', '_')}"
    try:
        return replace(made, reference=parse_reference(text))
    except InvalidReference as error:
        return replace(made, why_unknown=f"{release.owner} names no valid reference of a chart: {text} ({error})")


def why_not_rendered(plan: Plan, one: Installed) -> str:
    """Return why the rendering of a release is missing although the plan has its chart; empty if it is not missing."""
    if one.copy is None or one.rendered_name in plan.files:
        return ""
    return plan.files.get(one.failure_name, NOT_RENDERED).decode("utf-8", "replace")


def open_releases(plan: Plan, found: tuple[Installed, ...]) -> dict[tuple[str, int], list[str]]:
    """Return what is unknown of each object that states a release, by file and line; an empty list if nothing is."""
    states: dict[tuple[str, int], list[str]] = {}
    for one in found:
        release = one.release
        for place in ((release.file, release.line), *release.settles):
            states.setdefault(place, []).extend(_unknown(plan, one))
    return {place: list(dict.fromkeys(reasons)) for place, reasons in states.items()}


def _unknown(plan: Plan, one: Installed) -> list[str]:
    release = one.release
    if one.copy is None and not one.folder:
        why = f"{release.owner} installs {release.said}, but {one.why_not}, so its images are unknown"
        return [f"{why}. {_advice(one)}"]
    if reason := why_not_rendered(plan, one):
        chart = one.copy.path if one.copy is not None else ""
        return [f"{release.owner} installs {release.said}, and {chart} could not be rendered with its values: {reason}"]
    if release.doubts:
        result = "so that helm may render other images" if one.copy is not None else "so that it may run other images"
        return [f"{release.owner} installs {release.said}, but {listed(list(release.doubts), _SHOWN)}, {result}"]
    return []


def _advice(one: Installed) -> str:
    """Return the advice for a chart or folder that the plan does not have."""
    release = one.release
    if command := release.pull_command:
        name = f"{release.chart}-{release.version}.tgz" if is_exact(release.version) else f"{release.chart}-VERSION.tgz"
        return f"Run `{command}` on the connected side, and name the archive under `workloads` as `chart: {name}`"
    if release.path:
        return "Check out that repository, and name the folder under `workloads` as `manifests` or `chart`"
    return "Name a copy of the chart under `workloads` as `chart`"


def with_final_releases(plan: Plan) -> Plan:
    """Return a plan from evidence in which no release is rendered again: evidence carries only part of some charts."""
    lacking = {
        one.failure_name: NOT_RENDERED
        for one in plan_releases(plan)
        if one.copy is not None and one.rendered_name not in plan.files and one.failure_name not in plan.files
    }
    return replace(plan, files={**plan.files, **lacking}) if lacking else plan
