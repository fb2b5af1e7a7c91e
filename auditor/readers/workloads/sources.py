"""The external sources of the plan's charts and manifests: charts that are not included, repositories, Git.

auditor/facts/chart_sources.yaml lists the fields and objects that name them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.errors import Location
from auditor.facts import Fact, table
from auditor.located import Marked
from auditor.plan.model import Plan, Workload
from auditor.plan.plan_paths import is_inside, normal, shown_path
from auditor.readers.demands import Demand
from auditor.readers.workloads import Manifests, items_of, sources_of
from auditor.readers.workloads.chart_dependencies import UnreadableChart, missing_dependencies
from auditor.readers.workloads.manifests import is_object
from auditor.readers.workloads.pod_kinds import group_of, values_at
from auditor.readers.workloads.rendered import NOT_RENDERED, failure_name, rendered_name


class ChartSourceField(Fact, frozen=True, kw_only=True):
    """A field that names a source of charts or manifests."""

    group: str
    kind: str
    path: str
    what: str
    who: str
    when_blocked: str
    unless: str = ""
    inside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChartSource:
    """One such source as written: `url` may be any text. `owner` is the object or chart that names it."""

    url: str
    owner: str
    what: str
    location: Location
    field: ChartSourceField


@dataclass(frozen=True, slots=True)
class UnknownSources:
    """A chart or file with unknown sources. `missing`: it is missing, or not rendered."""

    owner: str
    why: str
    location: Location
    missing: bool = False


def chart_sources(plan: Plan) -> Iterator[ChartSource | UnknownSources]:
    """Yield every external source of the plan's workloads, in the order of the plan."""
    for number, workload in enumerate(plan.workloads):
        if not workload.observed:
            yield from _of_chart(plan, number, workload) if workload.chart else _of_manifests(plan, number, workload)


def _fields() -> tuple[ChartSourceField, ...]:
    return table("chart_sources", ChartSourceField)


def _left_out(plan: Plan, name: str) -> Iterator[UnknownSources]:
    for path, reason in plan.left_out.items():
        if is_inside(path, name) or is_inside(name, path):
            why = f"{path} is missing: {reason}"
            yield UnknownSources(path, why, Location(shown_path(plan.path, path)), missing=True)


def _of_manifests(plan: Plan, number: int, workload: Workload) -> Iterator[ChartSource | UnknownSources]:
    yield from _left_out(plan, normal(workload.manifests))
    yield from _in_files(plan, number, workload)


def _of_chart(plan: Plan, number: int, workload: Workload) -> Iterator[ChartSource | UnknownSources]:
    name = normal(workload.chart)
    yield from _left_out(plan, name)
    (field,) = (field for field in _fields() if not field.group)
    missing = False
    try:
        for place, dependency in missing_dependencies(plan, name):
            missing = True
            url, chart = dependency.text_at("repository"), dependency.text_at("name")
            at = dependency.get("repository") or dependency
            yield ChartSource(url, name, f"the chart {chart}", Location(place, at.line, at.column), field)
    except UnreadableChart as error:
        yield UnknownSources(name, str(error), error.location)
        return
    if rendered_name(number, workload) in plan.files:
        yield from _in_files(plan, number, workload)
    elif not missing:
        reason = plan.files.get(failure_name(number, workload), NOT_RENDERED).decode("utf-8", "replace")
        yield UnknownSources(name, f"the content of the chart is unknown: {reason}", workload.location, missing=True)


def _in_files(plan: Plan, number: int, workload: Workload) -> Iterator[ChartSource | UnknownSources]:
    groups = {field.group.encode() for field in _fields() if field.group}
    for source, data in sources_of(plan, number, workload):
        if not any(group in data for group in groups):
            continue
        for item in items_of(source, data):
            if isinstance(item, Demand):
                yield UnknownSources(source.name, item.error, item.location)
            elif is_object(item):
                yield from _in_object(source, item)


def _in_object(source: Manifests, item: Marked) -> Iterator[ChartSource]:
    group, kind = group_of(item), item.text_at("kind")
    owner = "/".join(part for part in (item.text_at("metadata", "namespace"), item.text_at("metadata", "name")) if part)
    for field in _fields():
        if not group or (field.group, field.kind) != (group, kind) or (field.unless and item.text_at(*field.unless.split("."))):
            continue
        for found in values_at(item, field.path):
            if "://" not in found.text and not found.text.startswith("git@"):
                continue  # the name of a chart, in the repository that another field names
            if not found.text.startswith(field.inside):
                yield ChartSource(found.text, f"{kind} {owner}", field.what, source.place(found), field)
