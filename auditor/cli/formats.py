"""The formats of reports: ours, and those that other packages add, each loaded when it is asked for.

An entry point of the group `auditor.reports` has the name of its format, and names a module, or anything else, with
`render(report) -> str`, as our own renderers are. `SUFFIX`, the usual ending of a file name, is optional.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import Any, ClassVar, Protocol

import reports
from auditor.errors import AuditorError, UsageError
from auditor.plan.spelling import as_hint, nearest
from auditor.plugins import REPORTS, loaded, points
from auditor.report import Report
from auditor.text import shown

_HINT = "Mend or uninstall it, or choose another format."


class Renderer(Protocol):
    """What a plug-in brings for a format: a module, or anything else with this function."""

    def render(self, report: Report) -> str:
        """The whole report as text. It reads nothing but the report, which does not change."""


@dataclass(frozen=True, slots=True)
class Ours:
    """A format that the auditor brings."""

    format: reports.Format

    @property
    def name(self) -> str:
        """As it is asked for."""
        return self.format.name

    @property
    def suffix(self) -> str:
        """The usual ending of its files."""
        return self.format.suffix

    @property
    def joins(self) -> bool:
        """Whether several reports one after the other can be read as one."""
        return self.format.joins

    def write(self, report: Report, *, colour: bool = False) -> str:
        """The whole report, ending with a line break."""
        return reports.render(report, self.name, colour=colour)

    def pieces(self, report: Report, *, colour: bool = False) -> Iterable[str]:
        """The text of `write`, in pieces that are made one by one where the format allows it."""
        return reports.pieces(report, self.name, colour=colour)


@dataclass(frozen=True, slots=True)
class Added:
    """A format of a plug-in, which is loaded and has what it needs."""

    point: EntryPoint
    plugin: Renderer
    suffix: str
    joins: ClassVar[bool] = False

    @property
    def name(self) -> str:
        """As the entry point names it."""
        return self.point.name

    def write(self, report: Report, *, colour: bool = False) -> str:  # noqa: ARG002 - as our own; none has colours
        """The whole report, ending with a line break. Raises UsageError when the plug-in fails, or returns no text."""
        try:
            text: object = self.plugin.render(report)
        except (Exception, SystemExit) as error:  # an exit code that a plug-in chose would stand for a verdict
            raise UsageError(f"{_said(self.point)} fails: {type(error).__name__}: {error}", _HINT) from error
        if not isinstance(text, str):
            raise UsageError(f"{_said(self.point)} returns no text, but {type(text).__name__}", _HINT)
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise UsageError(f"{_said(self.point)} returns text that cannot be written: {error.reason}", _HINT) from error
        return text if text.endswith("\n") else f"{text}\n"

    def pieces(self, report: Report, *, colour: bool = False) -> Iterable[str]:
        """The text of `write` as one piece: a plug-in that fails does so before anything is written."""
        return (self.write(report, colour=colour),)


Form = Ours | Added


def names() -> tuple[str, ...]:
    """Every name to offer, ours first. Nothing is loaded for it."""
    return tuple(dict.fromkeys((*reports.format_names(), *(point.name for point in points(REPORTS)))))


def form_named(name: str) -> Form:
    """The format of that name. Raises UsageError when there is none, when two have one name, or when a plug-in is broken."""
    plugins = _plugins()
    if name in plugins:
        return _added(plugins[name])
    if name not in reports.format_names():
        hint = as_hint(nearest(name, names()) or f"write one of {', '.join(names())}")
        raise UsageError(f"--format {name}: there is no such format", hint)
    return Ours(reports.format_named(name))


def _plugins() -> dict[str, EntryPoint]:
    """The plug-ins by the name of their format. A name that is taken is an error whatever was asked for: it gets no better."""
    found: dict[str, EntryPoint] = {}
    for point in points(REPORTS):
        if point.name in reports.format_names():
            raise UsageError(f"{_said(point)} has the name of a format that the auditor has itself", "Rename or uninstall it.")
        if point.name in found:
            raise UsageError(
                f"{_said(point)} has the name of another one ({found[point.name].value})", "Rename or uninstall one of them."
            )
        found[point.name] = point
    return found


def _said(point: EntryPoint) -> str:
    return f"the plug-in report {point.name} ({point.value})"


def _added(point: EntryPoint) -> Added:
    try:
        plugin: Any = loaded(point)
    except AuditorError as error:
        raise UsageError(error.summary, _HINT) from error
    suffix = getattr(plugin, "SUFFIX", f".{point.name}")
    if not callable(getattr(plugin, "render", None)):
        raise UsageError(f"{_said(point)} has no function `render`", _HINT)
    if not (isinstance(suffix, str) and suffix.startswith(".") and suffix.isprintable() and not set(suffix) & set("/\\:")):
        raise UsageError(f"{_said(point)} has a SUFFIX that ends no file name: {shown(suffix)}", "Write it as '.txt'.")
    return Added(point, plugin, suffix)
