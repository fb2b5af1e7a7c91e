"""Releases that a GitOps controller installs: the chart that each names, its values, and the plan's own copy of that chart.

A copy is a chart folder or archive that the plan names under `workloads`, with the name that the release asks for and a version
that satisfies it. The collector renders it with the release's values.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from auditor.errors import Location
from auditor.located import NotStructured, load_marked
from auditor.plan.kubernetes_names import release_from
from auditor.plan.model import Plan, Workload
from auditor.plan.plan_paths import normal
from auditor.readers.workloads.chart_dependencies import ChartByteLimit, UnreadableChart, unpacked
from auditor.readers.workloads.chart_versions import precedence, satisfies
from auditor.readers.workloads.rendered import RELEASE
from auditor.text import listed

CHART = "Chart.yaml"
_OCI = "oci://"
_NO_COPY = "the plan has no copy of it"
_SHOWN = 3
_ARCHIVE = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]{0,200}?)-(v?[0-9][A-Za-z0-9_.+-]{0,100})\.tgz")
_STATIC = "%{KUBERNETES_API}%"

Folders = Callable[[str], str]  # the plan's manifest folder for a path in a repository, or an empty string


@dataclass(frozen=True, slots=True)
class GitOpsRelease:
    """A chart that a controller installs, as one object or file of a tool states it.

    `file` and `line` give its location in the manifests, `place` its location for users. `repository` is the URL of a
    repository, or `oci://host/path` without the chart's name; empty if unknown. `path` is the folder of a chart or of
    manifests in a Git repository; `is_chart`: it must be a chart. `url` is that of a packed chart.
    `values` are YAML documents; the last one wins. `doubts` name values or changes that the input does not contain. `settles`
    has the file and the line of other objects that only this release uses.
    """

    file: str
    line: int
    place: Location
    owner: str
    chart: str
    version: str = ""
    repository: str = ""
    name: str = ""
    namespace: str = ""
    path: str = ""
    is_chart: bool = False
    url: str = ""
    values: tuple[bytes, ...] = field(default=(), repr=False)
    doubts: tuple[str, ...] = ()
    settles: tuple[tuple[str, int], ...] = ()

    @property
    def is_oci(self) -> bool:
        """Whether the chart is in an OCI registry."""
        return self.repository.startswith(_OCI)

    @property
    def said(self) -> str:
        """The chart or folder, its version and its origin as short text."""
        if not (self.path or self.chart):
            return "a chart that it does not name"
        name = f"the folder {self.path}" if self.path and not self.is_chart else f"the chart {self.path or self.chart}"
        version = f" {self.version}" if self.version else ""
        return f"{name}{version} from {self.repository}" if self.repository else f"{name}{version}"

    @property
    def pull_command(self) -> str:
        """The command that downloads the chart on the connected side; empty if its origin is not a chart repository."""
        if not (self.repository or self.url) or self.path or not self.chart:
            return ""
        if self.url:
            return shlex.join(["helm", "pull", self.url])
        words = ["helm", "pull"]
        words += [f"{self.repository.rstrip('/')}/{self.chart}"] if self.is_oci else [self.chart, "--repo", self.repository]
        return shlex.join([*words, "--version", self.version] if self.version else words)


def of_archive(release: GitOpsRelease, text: str) -> GitOpsRelease | None:
    """Return the release with the chart, version and URL of a packed chart `…/name-1.2.3.tgz`, or None for other text."""
    folder, _, file = text.rpartition("/")
    found = _ARCHIVE.fullmatch(file)
    if found is None or "://" not in text:
        return None
    is_static = _STATIC in text  # K3s and RKE2 serve it from the server's own folder
    url, repository = ("", "") if is_static else (text, folder)
    return replace(release, chart=found[1], version=found[2], repository=repository, url=url)


@dataclass(frozen=True, slots=True)
class LocalChart:
    """A chart that the plan has: the number of its workload, its path, and what its Chart.yaml states."""

    number: int
    path: str
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Installed:
    """A release and the plan's copy of its chart, or its folder of manifests in the plan.

    `why_not`: why both are missing. `number` counts the releases of one object.
    """

    release: GitOpsRelease
    copy: LocalChart | None = None
    folder: str = ""
    why_not: str = ""
    number: int = 0

    @property
    def key(self) -> str:
        """The part of a file name that identifies the release. It does not depend on values, because evidence blanks them."""
        release = self.release
        parts = (release.file, release.owner, str(self.number), release.name, release.namespace, release.chart)
        return hashlib.sha256("\x00".join(parts).encode()).hexdigest()[:16]

    @property
    def rendered_name(self) -> str:
        """The path of the rendering, inside the chart's folder."""
        return f"{self.copy.path if self.copy else ''}/{RELEASE}{self.key}.yaml"

    @property
    def failure_name(self) -> str:
        """The path of the file with the reason for a missing rendering."""
        return f"{self.copy.path if self.copy else ''}/{RELEASE}{self.key}.txt"

    @property
    def values_files(self) -> dict[str, bytes]:
        """The values of the release as files for helm, in the order in which they apply."""
        return {f".auditor-values-{self.key}-{number}.yaml": data for number, data in enumerate(self.release.values)}

    def workload(self) -> Workload:
        """Return the chart with the values, name and namespace of the release."""
        release = self.release
        chart = self.copy.path if self.copy else ""
        name = release.name or release_from(release.chart.rpartition("/")[2])
        return Workload(
            release.place, chart=chart, values=tuple(self.values_files), namespace=release.namespace, release=release_from(name)
        )


def local_charts(plan: Plan) -> tuple[LocalChart, ...]:
    """Return the charts that the plan names, if their Chart.yaml is readable."""
    found = ((number, normal(workload.chart)) for number, workload in enumerate(plan.workloads) if workload.chart)
    made = (_local_chart(plan, number, path) for number, path in found)
    return tuple(chart for chart in made if chart is not None)


def _local_chart(plan: Plan, number: int, path: str) -> LocalChart | None:
    packed = plan.files.get(path)
    try:
        inner = unpacked(packed, Location(path), ChartByteLimit()) if packed is not None else {}
        data = inner.get(CHART, b"") if packed is not None else plan.files.get(f"{path}/{CHART}", b"")
        documents = load_marked(data)
    except (UnreadableChart, NotStructured):
        return None
    if not documents or not documents[0].text_at("name"):
        return None
    return LocalChart(number, path, documents[0].text_at("name"), documents[0].text_at("version"))


def installed(releases: Iterable[GitOpsRelease], charts: tuple[LocalChart, ...], folders: Folders) -> tuple[Installed, ...]:
    """Yield each release with the plan's copy of its chart."""
    counted: Counter[tuple[str, str]] = Counter()
    found = []
    for release in releases:
        owner = (release.file, release.owner)
        found.append(replace(_matched(release, charts, folders), number=counted[owner]))
        counted[owner] += 1
    repositories = {one.release.repository for one in found if one.folder}
    if len(repositories) > 1:  # the folder of the plan may be a copy of another one of them
        why = f"the plan's folder may be a copy of another repository: {listed(sorted(repositories), _SHOWN)} are named"
        found = [replace(one, folder="", why_not=why) if one.folder else one for one in found]
    return tuple(found)


def _matched(release: GitOpsRelease, charts: tuple[LocalChart, ...], folders: Folders) -> Installed:
    if release.path:
        path = posixpath.normpath(release.path.lstrip("/"))
        for chart in charts if path != "." else ():
            if f"/{chart.path}".endswith(f"/{path}"):
                return Installed(release, chart)
        folder = folders(path) if path != "." and not release.is_chart else ""
        return Installed(release, folder=folder, why_not="" if folder else _NO_COPY)
    name = release.chart.rpartition("/")[2]
    named = [chart for chart in charts if chart.name == name]
    fitting = [chart for chart in named if satisfies(release.version, chart.version)]
    if fitting:
        return Installed(release, max(fitting, key=lambda chart: precedence(chart.version)))  # as helm does
    if named:
        have = listed([f"{chart.version or 'no version'} ({chart.path})" for chart in named], _SHOWN)
        return Installed(release, why_not=f"the plan has another version of it: {have}")
    return Installed(release, why_not=_NO_COPY)


def only_for_releases(plan: Plan, found: tuple[Installed, ...]) -> Iterator[int]:
    """Yield the numbers of the workloads whose charts only serve releases: the plan gives no values, name or namespace."""
    used = {one.copy.number for one in found if one.copy is not None}
    for number in sorted(used):
        workload = plan.workloads[number]
        if not (workload.values or workload.release or workload.namespace):
            yield number
