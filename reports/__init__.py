"""How a report is shown: one pure `render(report) -> str` per format, and the one table of formats.

A renderer reads a report and nothing else: no clock, no environment, no exit code; it drops nothing that was judged.
The renderers are imported when they are first used, so that listing the formats costs nothing.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.report import Report


@dataclass(frozen=True, slots=True)
class Format:
    """One way to show a report. `suffix` is the usual file name ending; `module` holds its `render`.

    `joins`: several reports one after the other can be read as one. `streams`: its module has `pieces` too, which yields
    the text row by row.
    """

    name: str
    summary: str
    suffix: str
    module: str
    colours: bool = False
    joins: bool = False
    streams: bool = False


FORMATS: tuple[Format, ...] = (
    Format("text", "for a person at a terminal", ".txt", "reports.text", colours=True, joins=True),
    Format("lines", "one line for each finding, for editors and commit hooks", ".lines.txt", "reports.lines", joins=True),
    Format("json", "for programs: the stable contract, version 1", ".json", "reports.json_v1", streams=True),
    Format("html", "one self-contained file to read, filter, print and keep", ".html", "reports.html"),
    Format("egress", "hosts that would be dialled outside, for a firewall team", ".hosts.txt", "reports.egress"),
    Format("sarif", "SARIF 2.1.0, for code scanning and editors", ".sarif", "reports.sarif"),
    Format("junit", "JUnit XML, for pipelines that count tests", ".junit.xml", "reports.junit"),
    Format("github", "annotations for GitHub Actions", ".github.txt", "reports.github", joins=True),
    Format("gitlab", "GitLab's code quality report", ".codequality.json", "reports.gitlab"),
    Format("markdown", "a comment for a pull request, within GitHub's limit", ".md", "reports.markdown"),
    Format("csv", "the image matrix, for a spreadsheet", ".csv", "reports.csv_matrix"),
)
_BY_NAME = {row.name: row for row in FORMATS}


def format_names() -> tuple[str, ...]:
    """The names that `format_named` knows, in the order to offer them."""
    return tuple(_BY_NAME)


def format_named(name: str) -> Format:
    """The format of that name. Raises KeyError: the command line refuses unknown names with a list of the known ones."""
    return _BY_NAME[name]


def render(report: Report, format: str, *, colour: bool = False) -> str:
    """The whole report in one format, ending with a newline. `colour` matters only where the format has colours.

    Raises KeyError for a format that `format_names` does not list.
    """
    return "".join(pieces(report, format, colour=colour))


def pieces(report: Report, format: str, *, colour: bool = False) -> Iterable[str]:
    """The text of `render` in pieces: of a format that renders row by row, the whole text is never in memory.

    Raises KeyError as `render` does.
    """
    chosen = format_named(format)
    module = importlib.import_module(chosen.module)
    if chosen.streams:
        made: Iterable[str] = module.pieces(report)
        return made
    return (module.render(report, colour=colour) if chosen.colours else module.render(report),)
