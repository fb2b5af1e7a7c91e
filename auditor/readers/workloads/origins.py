"""Map a line of `helm template` output to the chart's own files: the template, its line, and the values that it uses.

Helm writes `# Source: chart/templates/x.yaml` above each document. The line in the template is found by its key. It is unknown
if several lines match.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property

from auditor.errors import Location
from auditor.located import Marked, NotStructured, load_marked
from auditor.plan.model import Plan, Workload
from auditor.plan.plan_paths import normal, shown_path
from auditor.readers.demands import Rendered
from auditor.redaction import redact
from auditor.text import clean, short

_SOURCE = "# Source: "
_VALUE = re.compile(r"\.Values\.([A-Za-z_][\w.-]*+)")
_AROUND = 2  # lines before and after
_LONGEST = 160
_MOST_VALUES = 4


class Origins:
    """The origins of one rendered chart. `data` is the rendering."""

    def __init__(self, plan: Plan, workload: Workload, data: bytes) -> None:
        self._plan = plan
        self._workload = workload
        self._chart = normal(workload.chart)
        self._lines = data.decode("utf-8", "replace").split("\n")
        self._parsed: dict[str, Marked | None] = {}
        self._labels: dict[str, tuple[list[tuple[int, str, str]], list[tuple[int, str, str]]]] = {}

    @cached_property
    def _sources(self) -> tuple[list[int], list[str]]:
        """Return the lines of the comments, and the templates that they name."""
        marks = [(n, line.removeprefix(_SOURCE).strip()) for n, line in enumerate(self._lines, 1) if line.startswith(_SOURCE)]
        return [number for number, _ in marks], [name for _, name in marks]

    def of(self, line: int) -> tuple[Location, Rendered]:
        """Return the origin of line `line` of the rendering (from 1)."""
        starts, names = self._sources
        number = bisect_right(starts, line) - 1
        template = names[number] if number >= 0 else ""
        path = self._file(template)
        at = self._line_in(path, template, line)
        written = self._plan.files[path].split(b"\n")[at - 1].decode("utf-8", "replace") if at else ""
        shown = Location(shown_path(self._plan.path, path or self._chart), at)
        return shown, Rendered(template, tuple(self._values(template, written)), tuple(self._excerpt(line)))

    def _file(self, template: str) -> str:
        """Return the template among the plan's files, or an empty string if the chart, or the chart inside it, is packed."""
        path = normal(f"{self._chart}/{template.partition('/')[2]}")
        return path if template and path in self._plan.files else ""

    def _excerpt(self, line: int) -> list[str]:
        first = max(line - _AROUND, 1)
        shown = self._lines[first - 1 : line + _AROUND]
        return [f"{number}: {clean(short(redact(text), _LONGEST))}" for number, text in enumerate(shown, first) if text.strip()]

    def _line_in(self, path: str, template: str, line: int) -> int:
        """Return the template line of output line `line`; 0 if it is not certain."""
        if not path or not 0 < line <= len(self._lines):
            return 0
        written, rendered = self._labelled(path, template)
        text, label = self._lines[line - 1].strip(), _label(self._lines[line - 1])
        for column, wanted in ((2, text), (1, label)):
            alike = [entry[0] for entry in written if entry[column] == wanted]
            here = [entry[0] for entry in rendered if entry[column] == wanted]
            if wanted and len(alike) == 1:
                return alike[0]
            if wanted and alike and len(alike) == len(here) and line in here:
                return alike[here.index(line)]
        return 0

    def _labelled(self, path: str, template: str) -> tuple[list[tuple[int, str, str]], list[tuple[int, str, str]]]:
        """Return number, label and text of each line of a template, and of each line rendered from it."""
        if template not in self._labels:
            text = self._plan.files[path].decode("utf-8", "replace")
            written = [(number, _label(line), line.strip()) for number, line in enumerate(text.split("\n"), 1)]
            starts, names = self._sources
            spans = zip(starts, [*starts[1:], len(self._lines) + 1], names, strict=True)
            lines = [number for start, end, name in spans if name == template for number in range(start, end)]
            rendered = [(number, _label(self._lines[number - 1]), self._lines[number - 1].strip()) for number in lines]
            self._labels[template] = written, rendered
        return self._labels[template]

    def _values(self, template: str, written: str) -> list[str]:
        """Return the keys of values that a template line names, each with the location that sets it."""
        parts = template.split("/")
        inner = [name for part, name in zip(parts[1::2], parts[2::2], strict=False) if part == "charts"]
        found = []
        for key in list(dict.fromkeys(match[1].rstrip(".") for match in _VALUE.finditer(written)))[:_MOST_VALUES]:
            place = self._set_at(key.split("."), inner)
            found.append(f"{key} ({place})" if place else key)
        return found

    def _set_at(self, keys: list[str], inner: list[str]) -> Location | None:
        """Return where a value is set: in the plan's values files, the last first, then in those of the charts."""
        inside = keys if keys[0] == "global" else [*inner, *keys]
        below = "".join(f"/charts/{name}" for name in inner)
        places = [(normal(name), inside) for name in reversed(self._workload.values)]
        places += [(f"{self._chart}/values.yaml", inside), (f"{self._chart}{below}/values.yaml", keys)]
        for path, wanted in places:
            document = self._document(path)
            found = document.get(*wanted) if document is not None else None
            if found is not None:
                return Location(shown_path(self._plan.path, path), found.line, found.column)
        return None

    def _document(self, path: str) -> Marked | None:
        if path not in self._parsed:
            try:
                documents = load_marked(self._plan.files.get(path, b""))
            except NotStructured:
                documents = []
            self._parsed[path] = documents[0] if documents else None
        return self._parsed[path]


def _label(line: str) -> str:
    """Return what identifies a line of YAML: its key, or the flag of an argument."""
    text = line.strip().removeprefix("- ").strip("\"'")
    ends = [at for at in (text.find(":"), text.find("=")) if at > 0]
    label = text[: min(ends)] if ends else ""
    return "" if label.startswith(("{{", "#")) else label
