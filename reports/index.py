"""The index of several sites: a table for a terminal, and a page with a column for each area and links to the reports."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from tabulate import tabulate

from auditor.check import Area
from auditor.report import Report, ScopeRow, ScopeStatus, Verdict
from auditor.text import in_brackets, many, short
from reports.cleaning import clean
from reports.headline import title
from reports.html import render_index
from reports.html.shapes import verdict_word

_LONGEST = 200
NOT_AUDITED = "not audited"
_STATUS = {
    ScopeStatus.EXAMINED: ("ready", "ok"),
    ScopeStatus.UNDETERMINED: ("undetermined", "?"),
    ScopeStatus.NOT_DECLARED: ("not-declared", "-"),
    ScopeStatus.SWITCHED_OFF: ("switched-off", "off"),
}


@dataclass(frozen=True, slots=True)
class IndexedArea:
    """One area of a site: the word that selects its colour, its short text, and what the site lacks there."""

    tone: str
    short: str
    lacks: str


@dataclass(frozen=True, slots=True)
class IndexedSite:
    """One site: its plan, its exit code, its verdict and counts with the written files, or the reason for a missing report.

    It does not hold the report, because a run may have thousands of them. `tone` selects the colour of the verdict. `counts`
    are examined areas, errors, warnings, undetermined and waived; empty for a site without a report.
    """

    plan: str
    exit_code: int
    name: str
    verdict: str
    tone: str
    counts: tuple[int | str, ...] = ("", "", "", "", "")
    areas: tuple[IndexedArea, ...] = ()
    files: tuple[Path, ...] = ()
    problem: str = ""

    @classmethod
    def failed(cls, plan: str, exit_code: int, problem: str) -> IndexedSite:
        """Return a site without a report."""
        return cls(plan, exit_code, plan, NOT_AUDITED, NOT_AUDITED, problem=problem)

    @classmethod
    def of(cls, plan: str, report: Report, files: tuple[Path, ...] = ()) -> IndexedSite:
        """Return the entry of a report. The verdict `ready` alone means that everything was examined."""
        is_partial = report.verdict is Verdict.READY and report.works_offline_until is None
        verdict = title(report).lower() if is_partial else report.verdict.value
        counts = report.counts
        examined = f"{sum(row.is_examined for row in report.scope)} of {len(report.scope)}"
        numbers = (examined, counts.error, counts.warning, counts.undetermined, counts.waived)
        areas = tuple(_area(row) for row in report.scope)
        problem = "" if counts.examined else "nothing was examined"
        name = report.plan_name or plan
        return cls(plan, report.exit_code, name, verdict, verdict_word(report), numbers, areas, files, problem)

    @property
    def why(self) -> str:
        """The first error in its plan and the number of further errors, or that nothing was examined."""
        lines = self.problem.splitlines()
        return short(clean(lines[0]), _LONGEST) + in_brackets(len(lines)) if lines else ""


def _area(row: ScopeRow) -> IndexedArea:
    """Return an area: its errors if it has any, else its status. What it lacks is in the order of what to do."""
    tone, text = _STATUS[row.status]
    lacks = [many(row.errors, "error")] if row.errors else []
    lacks += [many(row.undetermined, "undetermined", "undetermined")] if row.undetermined else []
    if row.status in {ScopeStatus.NOT_DECLARED, ScopeStatus.SWITCHED_OFF}:
        lacks.append(row.status.value.replace("-", " "))
    if row.errors:
        tone, text = "not-ready", str(row.errors)
    return IndexedArea(tone, text, f"{row.area.label}: {', '.join(lacks)}" if lacks else "")


HEADERS = ("Site", "Verdict", "Areas examined", "Errors", "Warnings", "Undetermined", "Waived", "")
AREAS = tuple((area.value, area.label) for area in Area)


def as_text(entries: tuple[IndexedSite, ...]) -> str:
    """Return the table for a terminal."""
    rows = [(clean(entry.name), entry.verdict, *entry.counts, entry.why) for entry in entries]
    return tabulate(rows, HEADERS, tablefmt="simple", disable_numparse=True) + "\n"


def page(entries: tuple[IndexedSite, ...], folder: Path) -> str:
    """Return the page in `folder`, with links to the reports in that folder."""
    rows = [
        (entry, [(file.suffix.lstrip("."), quote(file.name)) for file in entry.files if file.parent == folder])
        for entry in entries
    ]
    return render_index(rows, HEADERS[3:7], AREAS)
