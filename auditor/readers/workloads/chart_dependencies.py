"""The dependencies of a Helm chart that are not included in it, for a chart in a folder or in an archive."""

from __future__ import annotations

import io
import re
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from auditor.errors import Location
from auditor.located import Marked, NotStructured, load_marked
from auditor.plan.model import Plan
from auditor.plan.plan_paths import shown_path

_MAX_UNPACKED = 64 * 1024 * 1024
_MAX_MEMBERS = 10_000
_MAX_CHARTS = 200  # in the folder charts
DECLARING = ("Chart.yaml", "requirements.yaml")  # the second one belongs to charts for Helm 2
_HERE = "file://"
_VERSION = re.compile(r"-v?\d")


class UnreadableChart(Exception):
    """An unreadable chart, with reason and location."""

    def __init__(self, why: str, location: Location) -> None:
        super().__init__(why)
        self.location = location


def missing_dependencies(plan: Plan, name: str) -> Iterator[tuple[str, Marked]]:
    """Yield every dependency from a repository that is not in the chart's folder `charts`, with the file that names it.

    Raises UnreadableChart.
    """
    place = shown_path(plan.path, name)
    packed = plan.files.get(name)
    inner = unpacked(packed, Location(place), ChartByteLimit()) if packed is not None else _folder(plan.files, name)
    declared = [
        (where, dependency)
        for file in DECLARING
        if file in inner
        for where in [place if packed is not None else f"{place}/{file}"]
        for dependency in _dependencies(where, inner[file])
    ]
    beside = _beside(inner, Location(place)) if declared else set()
    yield from ((where, dependency) for where, dependency in declared if dependency.text_at("name") not in beside)


def _dependencies(file: str, data: bytes) -> list[Marked]:
    """Return the dependencies that come from a repository. Raises UnreadableChart."""
    try:
        documents = load_marked(data)
    except NotStructured as error:
        raise UnreadableChart(str(error), Location(file, error.line, error.column)) from error
    found = documents[0].get("dependencies") if documents else None
    repositories = ((one, one.text_at("repository")) for one in (found.list if found is not None else ()))
    return [one for one, repository in repositories if repository and not repository.startswith(_HERE)]


def _folder(files: Mapping[str, bytes], name: str) -> dict[str, bytes]:
    """Return the files of a chart in a folder, by their path in it."""
    return {path.removeprefix(f"{name}/"): data for path, data in files.items() if path.startswith(f"{name}/")}


def _beside(inner: Mapping[str, bytes], location: Location) -> set[str]:
    """Return the charts in the folder `charts`, each a folder or an archive. Helm skips `_name` and `.name`.

    Raises UnreadableChart.
    """
    parts = ((path.split("/")[1:], data) for path, data in inner.items() if path.startswith("charts/"))
    ours = [(rest, data) for rest, data in parts if not rest[0].startswith(("_", ".")) and is_chart(rest)]
    if len(ours) > _MAX_CHARTS:
        raise UnreadableChart(f"more than {_MAX_CHARTS} charts in its folder charts", location)
    allowance = ChartByteLimit()
    return {name for rest, data in ours for name in _names(rest, data, allowance)}


def _names(parts: list[str], data: bytes, allowance: ChartByteLimit) -> set[str]:
    """Return the chart of an entry of `charts`, by the name inside it, or by its own name if that is unreadable."""
    own, *inside = parts
    if inside:
        return {_name_in(data) or own}
    try:
        return {_name_in(unpacked(data, Location(own), allowance)["Chart.yaml"])}
    except (UnreadableChart, KeyError):
        name = own.removesuffix(".tgz")
        version = _VERSION.search(name)
        return {name, name[: version.start()] if version else name}


def is_chart(parts: list[str]) -> bool:
    """Return whether a path below `charts` identifies a chart: its Chart.yaml, or its archive."""
    return parts[1:] == ["Chart.yaml"] or (len(parts) == 1 and parts[0].endswith(".tgz"))


def _name_in(data: bytes) -> str:
    """Return the name in a Chart.yaml, or an empty string if it is unknown."""
    try:
        documents = load_marked(data)
    except NotStructured:
        return ""
    return documents[0].text_at("name") if documents else ""


@dataclass
class ChartByteLimit:
    """The number of bytes to which a chart and the charts in it may unpack, in total."""

    left: int = _MAX_UNPACKED


def unpacked(packed: bytes, location: Location, allowance: ChartByteLimit) -> dict[str, bytes]:
    """Return the relevant files of a packed chart, by their path below its top folder: YAML, and archives of other charts.

    Raises UnreadableChart.
    """
    inflater = zlib.decompressobj(31)
    try:
        plain = inflater.decompress(packed, max(allowance.left, 1))
        allowance.left -= len(plain)
        if inflater.unconsumed_tail:
            raise UnreadableChart(f"it unpacks to more than {_MAX_UNPACKED:,} bytes", location)
        with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as archive:
            return dict(_members(archive, location))
    except (zlib.error, tarfile.TarError, EOFError, ValueError) as error:
        raise UnreadableChart(f"it is not a packed chart: {error}", location) from error


def _members(archive: tarfile.TarFile, location: Location) -> Iterator[tuple[str, bytes]]:
    for number, member in enumerate(archive):
        if number >= _MAX_MEMBERS:
            raise UnreadableChart(f"more than {_MAX_MEMBERS:,} entries", location)
        path = member.name.removeprefix("./").partition("/")[2]
        if member.isfile() and not member.issparse() and path:
            file = archive.extractfile(member) if path.endswith((".yaml", ".tgz")) else None
            yield path, file.read() if file is not None else b""
