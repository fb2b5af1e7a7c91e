"""SARIF 2.1.0, for code scanning and editors: one rule per check with its page, one result per outcome.

A finding is a result of kind `fail`. An undetermined outcome is a result of kind `open`, SARIF's term for too little
information to decide. A failed check is also a tool notification. Waivers are suppressions, and the baseline is
`baselineState`. Rules have no `helpUri`, because the pages are not published: the rule's help contains the whole page.
"""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Mapping

from auditor.check import Finding, Kind, Severity, Subject, Undetermined
from auditor.report import CheckRow, JudgedFinding, Report, ScopeRow
from reports import basis, hosts
from reports.ascii_json import Json, plain, written
from reports.cleaning import clean
from reports.folding import who_of
from reports.headline import headline, meaning, status, unexamined
from reports.wording import Asked, FilePosition, asked, place_asked, place_of, places_of

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "airgapAuditor/v1"
# GitHub identifies results by this fingerprint alone. Without it, findings on one line would count as one.
GITHUB_FINGERPRINT = "primaryLocationLineHash"
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def render(report: Report) -> str:
    """Return the report as a SARIF log with one run, in ASCII."""
    return f'{{"$schema": {json.dumps(SCHEMA)}, "version": "2.1.0", "runs": [\n{written(plain(_run(report)))}\n]}}\n'


def _run(report: Report) -> Json:
    rules = {row.rule.id: _rule(row) for row in report.checks}
    for check in (*(item.finding.check for item in report.findings), *(row.check for row in report.undetermined)):
        rules.setdefault(check, _described(check, check, check))
    index = {check: number for number, check in enumerate(rules)}
    places = places_of(report)
    bugs = [row for row in report.undetermined if row.kind is Kind.BUG]
    return {
        "tool": {"driver": {"name": "airgap-auditor", "version": clean(report.tool_version), "rules": list(rules.values())}},
        "invocations": [
            {
                "executionSuccessful": not bugs,
                "exitCode": report.exit_code,
                "toolExecutionNotifications": [
                    *(_notification(row, index) for row in bugs),
                    *({"level": "warning", "message": {"text": hosts.told(row)}} for row in report.hosts),
                ],
                "toolConfigurationNotifications": [_not_examined(row) for row in unexamined(report)],
            }
        ],
        "results": [
            *(_result(item, index, report) for item in report.findings if item.severity.at_least(report.show)),
            *(_question(one, index, places, report.input_path) for one in asked(report.undetermined)),
        ],
        "columnKind": "unicodeCodePoints",
        "properties": {
            "plan": clean(report.plan_name),
            "auditedAt": report.audited_at.isoformat(),
            "horizon": report.horizon.isoformat(),
            "verdict": report.verdict.value,
            "headline": clean(f"{headline(report)}. {meaning(report)}"),
            "scope": [
                {"area": row.area.value, "status": row.status.value, "examined": row.examined, "hint": clean(row.hint)}
                for row in report.scope
            ],
            "evidenceSha256": report.basis.sha256,
            "facts": basis.facts_line(report),
            "evidenceAge": list(basis.age_lines(report)),
            "evidenceDates": basis.timing_line(report),
        },
    }


def _rule(row: CheckRow) -> Json:
    rule = row.rule
    page = "\n".join(clean(line) for line in rule.page.split("\n")).strip()
    title = clean(rule.title) or rule.id or "no title"
    return {
        **_described(rule.id, title, page or title),
        "defaultConfiguration": {"level": LEVELS[row.severity]},
        "properties": {
            "tags": [clean(rule.family)],
            "status": row.status.value,
            "examined": row.examined,
            "reason": clean(row.reason),
        },
    }


def _described(check: str, title: str, page: str) -> Json:
    return {
        "id": check,
        "name": "".join(word.capitalize() for word in check.split("-")),
        "shortDescription": {"text": title},
        "fullDescription": {"text": title},
        "help": {"text": page, "markdown": page},
    }


def _result(item: JudgedFinding, index: Mapping[str, int], report: Report) -> Json:
    finding, waived = item.finding, item.waived
    fix = "".join(f" {remedy.text}" for remedy in finding.remedies[:1])
    made = _about(finding.check, finding.subject, f"{finding.message}{fix}", finding.fingerprint, index)
    made |= {"kind": "fail", "level": LEVELS[item.severity]}
    made["locations"] = [_location(place_of(finding) or FilePosition(report.input_path), finding.subject)]
    made["suppressions"] = []
    if waived is not None:
        until = f"{waived.owner}, until {waived.expires.isoformat()}: {waived.reason}"
        made["suppressions"] = [{"kind": "external", "status": "accepted", "justification": clean(until)}]
    if report.baseline is not None:
        made["baselineState"] = "unchanged" if item.baselined else "new"
    made["properties"] = {"facts": dict(finding.facts), "remedies": _remedies(finding), "client": who_of(finding)[0]}
    return made


def _remedies(finding: Finding) -> list[Json]:
    return [{"kind": way.kind, "text": way.text, "commands": way.commands} for way in finding.remedies]


def _question(one: Asked, index: Mapping[str, int], places: Mapping[str, FilePosition], plan: str) -> Json:
    """Return the result for one reason. Its rule is the first of the checks that the text names."""
    row = one.first
    made = _about(row.check, row.subject, f"Undetermined: {one.text}", one.fingerprint, index)
    return {
        **made,
        "kind": "open",
        "level": "none",
        "locations": [_location(place_asked(one, places, plan), row.subject)],
        "suppressions": [],
    }


def _about(check: str, subject: Subject, text: str, fingerprint: str, index: Mapping[str, int]) -> Json:
    said = text if subject.id in text else f"{subject}: {text}"
    return {
        "ruleId": check,
        "ruleIndex": index[check],
        "message": {"text": clean(said) or check or "no message"},
        "partialFingerprints": {FINGERPRINT: fingerprint, GITHUB_FINGERPRINT: fingerprint},
    }


def _notification(row: Undetermined, index: Mapping[str, int]) -> Json:
    return {
        "level": "error",
        "message": {"text": clean(row.detail) or row.kind.value},
        "associatedRule": {"id": row.check, "index": index[row.check]},
    }


def _not_examined(row: ScopeRow) -> Json:
    said = f"Not examined: {row.area.label} ({status(row)}). {clean(row.hint)}".strip()
    return {"level": "note", "message": {"text": said}, "descriptor": {"id": f"scope/{row.area.value}"}}


def _location(place: FilePosition, subject: Subject) -> Json:
    """Return the location of a result. Code scanning requires a file and a line, so line 1 stands for a whole file."""
    made: Json = {"logicalLocations": [{"fullyQualifiedName": clean(str(subject)), "kind": clean(subject.kind)}]}
    if place.file:
        region = {"startLine": place.line or 1, **({"startColumn": place.column} if place.column else {})}
        made["physicalLocation"] = {"artifactLocation": {"uri": uri(place.file)}, "region": region}
    return made


def uri(file: str) -> str:
    """Return a file name as a URI reference: relative names unchanged, absolute names with a scheme, backslashes converted."""
    name = file.replace("\\", "/").encode("utf-8", "replace")
    quoted = urllib.parse.quote(name, safe="/-._~")
    return f"file:///{quoted.lstrip('/')}" if name.startswith(b"/") else quoted.removeprefix("./")
