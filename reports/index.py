"""The index of several sites: a table for a terminal, and a page with links to the reports."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from tabulate import tabulate

from auditor.report import Report, Verdict
from auditor.text import in_brackets, short
from reports.cleaning import clean
from reports.headline import title
from reports.html import render_index
from reports.html.shapes import verdict_word

_LONGEST = 200


@dataclass(frozen=True, slots=True)
class IndexedSite:
    """One site: its plan, its exit code, and its report with the written files, or the reason for a missing report."""

    plan: str
    exit_code: int
    report: Report | None = None
    files: tuple[Path, ...] = ()
    problem: str = ""

    @property
    def name(self) -> str:
        """The site's name in the plan."""
        return (self.report.plan_name if self.report is not None else "") or self.plan

    @property
    def verdict(self) -> str:
        """The verdict in a few words. `ready` alone means that everything was examined."""
        if self.report is None:
            return "not audited"
        is_partial = self.report.verdict is Verdict.READY and self.report.works_offline_until is None
        return title(self.report).lower() if is_partial else self.report.verdict.value

    @property
    def tone(self) -> str:
        """The word that selects the colour of the verdict."""
        return verdict_word(self.report) if self.report is not None else self.verdict

    @property
    def counts(self) -> tuple[int | str, ...]:
        """Examined areas, errors, warnings, undetermined, waived; empty for a site without a report."""
        if self.report is None:
            return ("", "", "", "", "")
        counts, scope = self.report.counts, self.report.scope
        areas = f"{sum(row.is_examined for row in scope)} of {len(scope)}"
        return (areas, counts.error, counts.warning, counts.undetermined, counts.waived)

    @property
    def why(self) -> str:
        """The first error in its plan and the number of further errors, or that nothing was examined."""
        lines = self.problem.splitlines()
        if self.report is not None and not self.report.counts.examined:
            return "nothing was examined"
        return short(clean(lines[0]), _LONGEST) + in_brackets(len(lines)) if lines else ""


HEADERS = ("Site", "Verdict", "Areas examined", "Errors", "Warnings", "Undetermined", "Waived", "")


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
    return render_index(rows, HEADERS[2:7])
