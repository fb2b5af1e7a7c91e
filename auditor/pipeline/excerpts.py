"""The lines of the user's files that the outcomes of a report point to, without secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice

from auditor.errors import Location
from auditor.plan.model import Plan
from auditor.plan.plan_paths import normal
from auditor.plan.secrets import redacted, redacted_list
from auditor.report import Report
from auditor.report.excerpt import Excerpt
from auditor.text import FORBIDDEN

MOST_EXCERPTS = 2_000
MOST_BYTES = 4 * 1024 * 1024  # a larger file is not quoted
LONGEST = 300  # characters of a quoted line
_LEAD = 60  # characters before the fault that are kept
_REPLACEMENT = "\ufffd"


def excerpts_of(plan: Plan, report: Report) -> dict[Location, Excerpt]:
    """Return the lines that findings and undetermined outcomes point to, by location. Files without text have none.

    A line is quoted as evidence would carry it: without secrets, and without values of workloads that name no image.
    """
    folder = plan.path.removesuffix(plan.file) if plan.path.endswith(plan.file) else ""
    places = dict(islice(dict(_places(report)).items(), MOST_EXCERPTS))
    named = {at.file.removeprefix(folder) for at in places}
    wanted = {name: plan.files[name] for name in named if 0 < len(plan.files.get(name, b"")) <= MOST_BYTES}
    clean = _carried(plan, wanted)
    texts = {name: (_lines(data), _lines(clean.get(name, b""))) for name, data in wanted.items()}
    found: dict[Location, Excerpt] = {}
    for at, subject in places.items():
        written, carried = texts.get(at.file.removeprefix(folder), ([], []))
        if len(written) == len(carried) and at.line <= len(carried):
            line, was = carried[at.line - 1], written[at.line - 1]
            found[at] = excerpt_of(line, _moved(at.column, was, line), subject)
    return found


def _carried(plan: Plan, files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """Return files as evidence would carry them. One that it would leave out is missing."""
    lists = {normal(source.list) for source in plan.images if source.list} | {plan.file}
    if not files.keys() - lists:
        return {name: redacted(data) if name == plan.file else redacted_list(data) for name, data in files.items()}
    from auditor.readers.carried import carried_files  # noqa: PLC0415 - it imports the readers of workloads

    return carried_files(replace(plan, files=files))[0]


def _moved(column: int, written: str, carried: str) -> int:
    """Return the column in the line without secrets; 0, which marks no column, if the fault itself is not in it."""
    if not column or written == carried or written[: column - 1] == carried[: column - 1]:
        return column
    rest = written[column - 1 :]
    return len(carried) - len(rest) + 1 if rest and carried.endswith(rest) else 0


def _places(report: Report) -> Iterator[tuple[Location, str]]:
    for item in report.findings:
        if item.finding.location is not None and item.finding.location.line:
            yield item.finding.location, item.finding.subject.id
    for row in report.undetermined:
        if row.location is not None and row.location.line:
            yield row.location, row.subject.id


def _lines(data: bytes) -> list[str]:
    """Return the lines of a text file; none for a binary file."""
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        text = data.decode("utf-16", "replace")
    elif b"\x00" in data or not data:
        return []
    else:
        text = data.decode("utf-8-sig", "replace")
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
