"""Annotations for GitHub Actions: workflow commands that mark the lines of a pull request.

GitHub shows ten annotations of each level per step. The worst come first. Those beyond the limit follow as plain lines of the
log, so nothing is lost and no annotation displaces a worse one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auditor.check import Severity
from auditor.report import Report
from auditor.text import many
from reports import basis, hosts
from reports.cleaning import clean
from reports.headline import headline, meaning
from reports.summary import hidden, shown
from reports.wording import FilePosition, asked, lines_of, shortened

MOST = 10
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
Annotation = tuple[str, str, FilePosition | None, str]  # level, title, location, message


def render(report: Report) -> str:
    """Return one command or log line for each entry, and a last line with the verdict."""
    return "\n".join(_lines(report)) + "\n"


def refusal(problems: Sequence[tuple[FilePosition | None, str]]) -> str:
    """Return the errors of an unreadable plan as commands that mark its lines. Such a plan has no report."""
    commands = (_command("error", "the plan cannot be read", place, clean(text)) for place, text in problems[:MOST])
    return "".join(f"{command}\n" for command in commands)


def _lines(report: Report) -> Iterator[str]:
    used_up = dict.fromkeys(("error", "warning", "notice"), 0)
    rest = []
    for annotation in _annotations(report):
        level = annotation[0]
        if used_up[level] < MOST:
            used_up[level] += 1
            yield _command(*annotation)
        else:
            rest.append(annotation)
    if rest:
        yield f"{many(len(rest), 'more annotation')} beyond GitHub's limit:"
    yield from (_logged(*annotation) for annotation in rest)
    if left := hidden(report):
        yield _harmless(left)
    if used := basis.summary_line(report):
        yield _harmless(used)
    yield _harmless(f"{headline(report)}. {meaning(report)} Plan {clean(report.plan_name)}.")


def _annotations(report: Report) -> Iterator[Annotation]:
    """Yield the findings that count, then undetermined outcomes as warnings, because no fault is proven."""
    for line in lines_of(shown(report), folded=True):
        fix = f" Fix: {line.fix}" if line.fix else ""
        yield LEVELS[line.severity], line.check, line.place, f"{line.text}{fix}"
    for row in report.hosts:
        yield "warning", f"undetermined: {clean(row.host)}", None, shortened(hosts.told(row))
    for question in asked(hosts.ungrouped(report)):
        yield "warning", f"undetermined: {question.checks}", None, question.text


def _command(level: str, title: str, place: FilePosition | None, message: str) -> str:
    properties = {"title": title}
    if place is not None:
        properties = {"file": place.file, **_position(place), **properties}
    joined = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{level} {joined}::{_data(message)}"


def _position(place: FilePosition) -> dict[str, str]:
    return {name: str(number) for name, number in (("line", place.line), ("col", place.column)) if number}


def _data(text: str) -> str:
    """Escaped as the runner reads the message of a command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Escape the value of a property for the runner, including the characters that end a property."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _logged(level: str, title: str, place: FilePosition | None, message: str) -> str:
    return _harmless(f"{level} {title}{f' at {place}' if place else ''}: {message}")


def _harmless(line: str) -> str:
    """Return a log line that the runner does not take for a command. Its old command form counts anywhere in a line."""
    return line.replace("##[", "# #[")
