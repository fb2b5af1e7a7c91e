"""The formats of reports: the built-in ones and those of plug-ins. Each is loaded on first use.

An entry point of the group `auditor.reports` is named as its format. It points to a module, or any object, with a function
`render(report) -> str`. The optional attribute `SUFFIX` is the usual ending of a file name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import reports
from auditor.errors import AuditorError, UsageError
from auditor.plan.spelling import as_hint, nearest
from auditor.plugins import REPORTS, loaded, points
from auditor.text import shown
from reports.style import PLAIN, Style

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from auditor.report import Report

_HINT = "Fix or uninstall it, or choose another format."


class Renderer(Protocol):
    """The object of a plug-in for a format: a module, or any object with this function."""

    def render(self, report: Report) -> str:
        """Return the whole report as text. The report must not be changed."""


@dataclass(frozen=True, slots=True)
class Ours:
    """A built-in format, or the variant of one."""

    format: reports.Format
    variant: str = ""

    @property
    def name(self) -> str:
        """The name that `--format` takes."""
        return self.format.name

    @property
    def suffix(self) -> str:
        """The usual ending of its file names."""
        return self.format.suffix

    @property
    def joins(self) -> bool:
        """Whether several reports in a row can be read as one."""
        return self.format.joins

    def write(self, report: Report, style: Style = PLAIN) -> str:
        """Return the whole report, which ends with a line break."""
        return "".join(self.pieces(report, style))

    def pieces(self, report: Report, style: Style = PLAIN) -> Iterable[str]:
        """Return the text of `write` in pieces, which are rendered one by one if the format supports it."""
        return reports.pieces(report, self.variant or self.name, style)


@dataclass(frozen=True, slots=True)
class Added:
    """A format of a plug-in, loaded and validated."""

    point: EntryPoint
    plugin: Renderer
    suffix: str
    joins: ClassVar[bool] = False

    @property
    def name(self) -> str:
        """The name of the entry point."""
        return self.point.name

    def write(self, report: Report, style: Style = PLAIN) -> str:  # noqa: ARG002 - same signature as `Ours`
        """Return the whole report, which ends with a line break. Raises UsageError if the plug-in fails or returns no text."""
        try:
            text: object = self.plugin.render(report)
        except (Exception, SystemExit) as error:  # the exit code of a plug-in must not become a verdict
            raise UsageError(f"{_said(self.point)} fails: {type(error).__name__}: {error}", _HINT) from error
        if not isinstance(text, str):
            raise UsageError(f"{_said(self.point)} returns {type(text).__name__} instead of text", _HINT)
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise UsageError(f"{_said(self.point)} returns text that cannot be written: {error.reason}", _HINT) from error
        return text if text.endswith("\n") else f"{text}\n"

    def pieces(self, report: Report, style: Style = PLAIN) -> Iterable[str]:
        """Return the text of `write` as one piece, so that a plug-in that fails does so before anything is written."""
        return (self.write(report, style),)


Form = Ours | Added


def names() -> tuple[str, ...]:
    """Return the name of every format, the built-in ones first. Loads no format."""
    return tuple(dict.fromkeys((*reports.format_names(), *(point.name for point in points(REPORTS)))))


def form_named(name: str) -> Form:
    """Return the format `name`. Raises UsageError if it does not exist, is ambiguous, or belongs to a broken plug-in."""
    plugins = _plugins()
    if name in plugins:
        return _added(plugins[name])
    if name == reports.FULL_TEXT:
        return Ours(reports.format_named(name), name)
    if name not in reports.format_names():
        hint = as_hint(nearest(name, names()) or f"write one of {', '.join(names())}")
        raise UsageError(f"--format {name}: there is no such format", hint)
    return Ours(reports.format_named(name))


def _plugins() -> dict[str, EntryPoint]:
    """Return the plug-ins by the name of their format. Raises UsageError for a name that is taken, even if it is not used."""
    found: dict[str, EntryPoint] = {}
    for point in points(REPORTS):
        if point.name in reports.format_names():
            raise UsageError(f"{_said(point)} has the name of a built-in format", "Rename or uninstall it.")
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
        raise UsageError(f"{_said(point)} has a SUFFIX that cannot end a file name: {shown(suffix)}", "Write it as '.txt'.")
    return Added(point, plugin, suffix)
