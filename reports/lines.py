"""One line for each finding, in the form of compiler messages, for editors, commit hooks and grep."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.report import Report
from reports import hosts
from reports.cleaning import clean
from reports.headline import headline, meaning
from reports.summary import hidden, shown
from reports.wording import asked, lines_of, shortened


def render(report: Report) -> str:
    """`file:line:column: severity: text [check]`, worst first; then undetermined outcomes, and a last line with the verdict.

    A line without a location in the user's files starts with the plan's name or, for image lists, their name.
    """
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    plan = clean(report.plan_name) or clean(report.plan_path)
    for line in lines_of(shown(report), folded=True):
        fix = f" Fix: {line.fix}" if line.fix else ""
        yield f"{line.place or plan}: {line.severity.value}: {line.text}{fix} [{line.check}]"
    for row in report.hosts:
        yield f"{plan}: undetermined: {shortened(hosts.told(row))} [{hosts.UNANSWERED}]"
    for question in asked(hosts.ungrouped(report)):
        yield f"{plan}: undetermined: {question.text} [{question.checks}]"
    yield f"{plan}: {headline(report)}. {' '.join(filter(None, (meaning(report), hidden(report))))}"
