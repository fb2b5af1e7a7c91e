"""The lines of the user's files that the outcomes of a report point to, without secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.errors import Location
from auditor.plan.model import Plan
from auditor.redaction import redact_file
from auditor.report import Report
from auditor.report.excerpt import Excerpt
from auditor.text import FORBIDDEN

MOST_EXCERPTS = 2_000
MOST_BYTES = 4 * 1024 * 1024  # a larger file is not quoted
LONGEST = 300  # characters of a quoted line
_LEAD = 60  # characters before the fault that are kept
_REPLACEMENT = "\ufffd"


def excerpts_of(plan: Plan, report: Report) -> dict[Location, Excerpt]:
    """Return the lines that findings and undetermined outcomes point to, by location. Files without text have none."""
    folder = plan.path.removesuffix(plan.file) if plan.path.endswith(plan.file) else ""
    texts: dict[str, list[str]] = {}
    found: dict[Location, Excerpt] = {}
    for at, subject in _places(report):
        if at in found or len(found) >= MOST_EXCERPTS:
            continue
        name = at.file.removeprefix(folder)
        if name not in texts:
            texts[name] = _lines(plan.files, name)
        if at.line <= len(texts[name]):
            found[at] = excerpt_of(texts[name][at.line - 1], at.column, subject)
    return found


def _places(report: Report) -> Iterator[tuple[Location, str]]:
    for item in report.findings:
        if item.finding.location is not None and item.finding.location.line:
            yield item.finding.location, item.finding.subject.id
    for row in report.undetermined:
        if row.location is not None and row.location.line:
            yield row.location, row.subject.id


def _lines(files: Mapping[str, bytes], name: str) -> list[str]:
    """Return the lines of a text file without secrets. The numbers are those of the file; a binary file has no lines."""
    data = files.get(name, b"")
    if not data or len(data) > MOST_BYTES:
        return []
    clean = redact_file(data)
    if clean[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        text = clean.decode("utf-16", "replace")
    elif b"\x00" in clean:
        return []
    else:
        text = clean.decode("utf-8-sig", "replace")
    return [line.removesuffix("\r") for line in text.split("\n")]


def excerpt_of(line: str, column: int, subject: str) -> Excerpt:
    """Return a line as an excerpt: cut around the column, and marked from there to the end of the subject or of the word."""
    place = min(column, len(line) + 1)
    rest = line[place - 1 :] if place else ""
    words = rest.split(maxsplit=1)
    length = len(subject) if subject and rest.startswith(subject) else len(words[0]) if words and rest[:1].strip() else 1
    begin = max(0, place - 1 - _LEAD) if len(line) > LONGEST else 0
    text = FORBIDDEN.sub(_REPLACEMENT, line[begin : begin + LONGEST].replace("\t", " "))
    if begin:
        text = f"…{text[1:]}"
    if begin + LONGEST < len(line):
        text = f"{text[:-1]}…"
    return Excerpt(text, max(0, place - begin), max(1, min(length, LONGEST)))
