"""Report formats: one pure `render(report) -> str` per format, and the table of formats.

A renderer reads only the report, no clock and no environment. It omits no outcome.
Renderers are imported on first use, so that listing the formats stays cheap.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.style import PLAIN, Style

if TYPE_CHECKING:
    from auditor.report import Report


@dataclass(frozen=True, slots=True)
class Format:
    """One output format. `suffix` is the usual file name suffix; `module` contains its `render`.

    `joins`: several reports can be concatenated. `streams`: the module also has `pieces`, which yields the text row by row.
    `is_drawn`: its `render` takes a style.
    """

    name: str
    summary: str
    suffix: str
    module: str
    is_drawn: bool = False
    joins: bool = False
    streams: bool = False


FORMATS: tuple[Format, ...] = (
    Format(
        "text",
        "one screen for a terminal; text=full prints everything",
        ".txt",
        "reports.text.screen",
        is_drawn=True,
        joins=True,
    ),
    Format("lines", "one line for each finding, for editors and commit hooks", ".lines.txt", "reports.lines", joins=True),
    Format("json", "for programs: the stable contract, version 1", ".json", "reports.json_v1", streams=True),
    Format("html", "one self-contained file to read, filter, print and keep", ".html", "reports.html"),
    Format("egress", "external hosts that the site would connect to, for a firewall team", ".hosts.txt", "reports.egress"),
    Format("sarif", "SARIF 2.1.0, for code scanning and editors", ".sarif", "reports.sarif"),
    Format("junit", "JUnit XML, for pipelines that count tests", ".junit.xml", "reports.junit"),
    Format("github", "annotations for GitHub Actions", ".github.txt", "reports.github", joins=True),
    Format("gitlab", "GitLab's code quality report", ".codequality.json", "reports.gitlab"),
    Format("markdown", "a comment for a pull request, within GitHub's limit", ".md", "reports.markdown"),
    Format("oscal", "OSCAL 1.1.3 assessment results, for compliance tools", ".oscal.json", "reports.oscal"),
    Format("cyclonedx", "the needed images as a CycloneDX 1.6 BOM", ".cdx.json", "reports.cyclonedx"),
    Format("csv", "the image matrix, for a spreadsheet", ".csv", "reports.csv_matrix"),
)
FULL_TEXT = "text=full"  # a variant, not a format of its own: `--format text=full`, and what a file gets
_BY_NAME = {row.name: row for row in FORMATS}
_VARIANTS = {FULL_TEXT: Format("text", "everything", ".txt", "reports.text.full", is_drawn=True, joins=True)}


def format_names() -> tuple[str, ...]:
    """Return the names that `format_named` accepts, in display order."""
    return tuple(_BY_NAME)


def format_named(name: str) -> Format:
    """Return the format called `name`, or a variant such as `text=full`. Raises KeyError for an unknown name."""
    return _VARIANTS[name] if name in _VARIANTS else _BY_NAME[name]


def render(report: Report, format: str, style: Style = PLAIN) -> str:
    """Return the report in one format, with a final newline. `style` has an effect only if the format is drawn.

    Raises KeyError for a format that `format_names` does not list.
    """
    return "".join(pieces(report, format, style))


def pieces(report: Report, format: str, style: Style = PLAIN) -> Iterable[str]:
    """Yield the text of `render` in pieces. A format that streams never holds the whole text in memory.

    Raises KeyError as `render` does.
    """
    chosen = format_named(format)
    module = importlib.import_module(chosen.module)
    if chosen.streams:
        made: Iterable[str] = module.pieces(report)
        return made
    return (module.render(report, style) if chosen.is_drawn else module.render(report),)
