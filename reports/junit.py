"""JUnit XML, for pipelines that count tests: a suite per family, a test case per check and subject.

A finding at or above the threshold is a failure. Below it, the case passes and its output states the finding. Waived and
baselined findings are skipped with the reason, and so is a check that does not apply. An undetermined outcome is an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from auditor.report import CheckRow, JudgedFinding, Report, ScopeRow, Status
from auditor.text import many
from reports import basis, hosts
from reports.cleaning import clean
from reports.headline import headline, meaning, status
from reports.summary import baselined, shown, since, waived
from reports.wording import FilePosition, WordedFindings, asked, counted, lines_of

_KINDS = {"failures": "failure", "errors": "error", "skipped": "skipped"}
UNKNOWN_FAMILY = "other"
SCOPE = "scope"  # suite with one test case per area


@dataclass(frozen=True, slots=True)
class Case:
    """One test case. `outcome`: passed, failure, error or skipped; `message` gives the reason, `body` the details."""

    check: str
    name: str
    outcome: str
    message: str = ""
    body: str = ""
    place: FilePosition | None = None


def render(report: Report) -> str:
    """Return the report as a `testsuites` document."""
    families = {row.rule.id: clean(row.rule.family) or UNKNOWN_FAMILY for row in report.checks}
    suites: dict[str, list[Case]] = {family: [] for family in families.values()}
    for case in _cases(report):
        suites.setdefault(families.get(case.check, UNKNOWN_FAMILY), []).append(case)
    if report.scope:
        suites[SCOPE] = [*suites.get(SCOPE, ()), *map(_of_area, report.scope)]
    every = [case for cases in suites.values() for case in cases]
    counts = {name: count for name, count in _counts(every).items() if name != "skipped"}  # the schema has it for suites only
    root = ET.Element("testsuites", {"name": f"airgap-auditor {clean(report.plan_name)}", **counts})
    for family, cases in suites.items():
        root.append(_suite(family, cases, report))
    ET.indent(root, " ")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _cases(report: Report) -> Iterator[Case]:
    yield from (_of_row(row) for row in report.checks if row.status in {Status.PASSED, Status.NOT_APPLICABLE})
    for line in lines_of(shown(report)):
        fails = line.severity.at_least(report.fail_on)
        yield _of_line(line, "failure" if fails else "passed", f"{line.severity.value}: {line.text}")
    for item, waiver in waived(report):
        reason = f"waived by {waiver.owner} until {waiver.expires.isoformat()}: {waiver.reason}"
        yield from _set_apart([item], clean(reason))
    yield from _set_apart(baselined(report), f"baselined: already in {clean(since(report)) or 'the baseline'}")
    for one in hosts.waiting(report):
        text = f"undetermined: {hosts.told(one.host)}"
        yield Case(one.row.check, clean(f"{one.host.host}: {many(one.count, 'subject')}"), "error", text)
    for question in asked(hosts.ungrouped(report), by_check=True):
        about = question.first.subject if len(question.groups) == 1 else counted(question.groups)
        yield Case(question.first.check, clean(str(about)), "error", f"undetermined: {question.text}")


def _of_area(row: ScopeRow) -> Case:
    """Return the case of an area. It is skipped if the area was not examined; for a required area, the policy adds an error."""
    if row.is_examined:
        return Case(row.area.value, f"{row.area.label}: {row.examined:,} examined", "passed")
    return Case(row.area.value, row.area.label, "skipped", f"{status(row)}: {clean(row.hint)}")


def _of_row(row: CheckRow) -> Case:
    """Return the case of a check without findings: it passed or did not apply."""
    title = clean(row.rule.title or row.rule.id)
    if row.status is Status.PASSED:
        return Case(row.rule.id, f"{clean(row.rule.holds) or f'No finding: {title}'}: {row.examined:,} examined", "passed")
    return Case(row.rule.id, title, "skipped", f"not applicable: {clean(row.reason)}")


def _set_apart(findings: Iterable[JudgedFinding], reason: str) -> Iterator[Case]:
    yield from (_of_line(line, "skipped", reason) for line in lines_of(findings))


def _of_line(line: WordedFindings, outcome: str, message: str) -> Case:
    place = line.place
    body = [f"{line.severity.value}: {line.text}", f"at {place}" if place else "", f"Fix: {line.fix}" if line.fix else ""]
    body += [f"$ {command}" for command in line.commands]
    told = "\n".join(part for part in body if part)
    return Case(line.check, line.subject, outcome, message, told, place)


def _counts(cases: Iterable[Case]) -> dict[str, str]:
    outcomes = [case.outcome for case in cases]
    return {"tests": str(len(outcomes)), **{name: str(outcomes.count(kind)) for name, kind in _KINDS.items()}}


def _suite(family: str, cases: Iterable[Case], report: Report) -> ET.Element:
    suite = ET.Element("testsuite", {"name": family, **_counts(cases)})
    properties = ET.SubElement(suite, "properties")
    said = clean(f"{headline(report)}. {meaning(report)}")
    known = {"audited_at": report.audited_at.isoformat(), "verdict": report.verdict.value, "headline": said}
    if used := basis.summary_line(report):
        known |= {"evidence": used}
    if facts := basis.facts_line(report):
        known |= {"facts": clean(facts)}
    for name, value in known.items():
        ET.SubElement(properties, "property", {"name": name, "value": value})
    suite.extend(_element(family, case) for case in cases)
    return suite


def _element(family: str, case: Case) -> ET.Element:
    at = {"file": case.place.file, "line": str(case.place.line or 1)} if case.place else {}
    element = ET.Element(
        "testcase", {"classname": f"{family}.{clean(case.check)}", "name": case.name or clean(case.check), **at}
    )
    match case.outcome:
        case "passed" if case.body:
            ET.SubElement(element, "system-out").text = case.body
        case "failure" | "error":
            ET.SubElement(element, case.outcome, {"type": clean(case.check), "message": case.message}).text = case.body
        case "skipped":
            # Readers drop the text of a skipped case and keep its reason, so the finding is in an output element.
            ET.SubElement(element, "skipped", {"message": case.message})
            if case.body:
                ET.SubElement(element, "system-out").text = case.body
        case _:
            pass
    return element
