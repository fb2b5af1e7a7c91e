"""OSCAL assessment results (1.1.3) in JSON.

Each check is an observation, with its status and the controls that it evidences. Each finding and each undetermined outcome is
a risk. Each control of NIST SP 800-53 that an applicable check evidences is a finding: `satisfied` only if all of these checks
passed. Controls of other frameworks are properties, because OSCAL names controls of one catalog. Ids are computed from the
content, so the same report always gives the same text.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator

from auditor.check import Finding, Remedy, Undetermined
from auditor.report import CheckRow, JudgedFinding, Report, Status
from auditor.text import many
from reports.ascii_json import Json, plain
from reports.cleaning import clean
from reports.headline import headline, meaning

OSCAL_VERSION = "1.1.3"
NIST = "nist-800-53-r5"
_SPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:airgap-auditor:oscal")
_NS = "https://airgap-auditor.invalid/ns/oscal"  # a name, not an address: some validators accept only URLs
_ENHANCED = re.compile(r"([A-Z]{2}-[0-9]{1,3})\(([0-9]{1,3})\)")
_RESULTS = {Status.PASSED: "pass", Status.FAILED: "fail", Status.UNDETERMINED: "other", Status.NOT_APPLICABLE: "other"}
_LIMIT = "The checks evidence a part of this control, not the whole control."


def render(report: Report) -> str:
    """Return the assessment results as ASCII JSON."""
    made = _Results(report)
    return json.dumps({"assessment-results": plain(made.document())}, indent=1) + "\n"


class _Results:
    def __init__(self, report: Report) -> None:
        self._report = report
        self._key = f"{report.plan_name} {report.plan_sha256} {report.basis.sha256} {report.audited_at} {report.tool_version}"
        self._at = f"{report.audited_at.isoformat()}T00:00:00Z"
        self._rows = {row.rule.id: row for row in report.checks}

    def _id(self, *parts: object) -> str:
        return str(uuid.uuid5(_SPACE, ascii([self._key, *map(str, parts)])))

    def document(self) -> Json:
        """Return the content of `assessment-results`."""
        plan = self._id("plan")
        return {
            "uuid": self._id("document"),
            "metadata": {
                "title": _line(f"Air-gap audit of {self._report.plan_name}"),
                "last-modified": self._at,
                "version": _line(self._report.tool_version),
                "oscal-version": OSCAL_VERSION,
                **self._props([("verdict", self._report.verdict.value), ("evidence-sha256", self._report.basis.sha256)]),
            },
            "import-ap": {"href": f"#{plan}", "remarks": "The plan of the auditor takes the place of an assessment plan."},
            "results": [self._result()],
            "back-matter": {
                "resources": [
                    {
                        "uuid": plan,
                        "title": _line(f"Plan {self._report.plan_name}"),
                        "description": _line(self._report.plan_path or "image lists, without a plan"),
                        **self._props([("sha256", self._report.plan_sha256)]),
                    }
                ]
            },
        }

    def _result(self) -> Json:
        risks = [*self._risks()]
        findings = [*self._findings()]
        controls = [{"control-id": oscal_id(control)} for control in self._controls()]
        selection: Json = {"include-controls": controls} if controls else {"description": "No check evidences a control."}
        return {
            "uuid": self._id("result"),
            "title": _line(headline(self._report)),
            "description": _line(meaning(self._report)),
            "start": self._at,
            **self._props([("verdict", self._report.verdict.value), ("horizon", self._report.horizon.isoformat())]),
            "reviewed-controls": {"control-selections": [selection]},
            "observations": [self._observation(row) for row in self._report.checks] or [self._nothing()],
            **({"risks": risks} if risks else {}),
            **({"findings": findings} if findings else {}),
        }

    def _nothing(self) -> Json:
        return {"uuid": self._id("nothing"), "description": "No check ran.", "methods": ["TEST"], "collected": self._at}

    def _observation(self, row: CheckRow) -> Json:
        controls = [("control", f"{one.framework} {one.id}") for one in row.rule.controls]
        facts = [("check", row.rule.id), ("status", row.status.value), ("severity", row.severity.value)]
        examined = f"{many(row.examined, 'subject')} examined"
        said = {Status.PASSED: row.rule.holds or "No finding", Status.FAILED: row.rule.title}.get(row.status, row.reason)
        return {
            "uuid": self._id("check", row.rule.id),
            "title": _line(row.rule.title),
            "description": _line(f"{row.status.value}: {said or row.rule.title}. {examined}."),
            **self._props([*facts, ("examined", str(row.examined)), *controls]),
            "methods": ["TEST"],
            "collected": self._at,
        }

    def _risks(self) -> Iterator[Json]:
        for number, item in enumerate(self._report.findings):
            yield self._risk_of_finding(number, item)
        for number, outcome in enumerate(self._report.undetermined):
            row = self._rows.get(outcome.check)
            title = f"Undetermined: {row.rule.title if row is not None else outcome.check}"
            yield self._risk(f"undetermined {number}", title, outcome, outcome.detail, "investigating", [])

    def _risk_of_finding(self, number: int, item: JudgedFinding) -> Json:
        finding = item.finding
        row = self._rows.get(finding.check)
        status = "open" if item.is_active else "deviation-approved"
        facts = [("severity", item.severity.value), ("fingerprint", finding.fingerprint)]
        if item.waived is not None:
            facts += [("waived-by", item.waived.owner), ("waived-until", item.waived.expires.isoformat())]
            facts += [("waived-because", item.waived.reason)]
        title = row.rule.title if row is not None else finding.check
        made = self._risk(f"finding {number}", title, finding, finding.message, status, facts)
        remedies = [self._remedy(number, place, remedy) for place, remedy in enumerate(finding.remedies)]
        return {**made, **({"remediations": remedies} if remedies else {})}

    def _risk(
        self, key: str, title: str, outcome: Finding | Undetermined, text: str, status: str, facts: list[tuple[str, str]]
    ) -> Json:
        places = [("location", str(outcome.location))] if outcome.location is not None else []
        made: Json = {
            "uuid": self._id("risk", key),
            "title": _line(title),
            "description": _line(text or title),
            "statement": _line(f"Subject: {outcome.subject}"),
            **self._props([("check", outcome.check), *facts, *places]),
            "status": status,
        }
        if outcome.check in self._rows:
            made["related-observations"] = [{"observation-uuid": self._id("check", outcome.check)}]
        return made

    def _remedy(self, finding: int, place: int, remedy: Remedy) -> Json:
        return {
            "uuid": self._id("remedy", finding, place),
            "lifecycle": "recommendation",
            "title": _line(f"Remedy: {remedy.kind}"),
            "description": _line(" ".join([remedy.text, *remedy.commands])),
        }

    def _controls(self) -> dict[str, list[CheckRow]]:
        """Return the applicable checks of each NIST control."""
        found: dict[str, list[CheckRow]] = {}
        for row in self._report.checks:
            for control in row.rule.controls:
                if control.framework == NIST and row.status is not Status.NOT_APPLICABLE:
                    found.setdefault(control.id, []).append(row)
        return dict(sorted(found.items()))

    def _findings(self) -> Iterator[Json]:
        for control, rows in self._controls().items():
            titles = [one.title for row in rows for one in row.rule.controls if (one.framework, one.id) == (NIST, control)]
            statuses = {row.status for row in rows}
            worst = next(one for one in (Status.FAILED, Status.UNDETERMINED, Status.PASSED) if one in statuses)
            said = ", ".join(f"{row.rule.id} {row.status.value}" for row in rows)
            yield {
                "uuid": self._id("control", control),
                "title": _line(f"{control} {titles[0]}"),
                "description": _line(f"{said}."),
                "target": {
                    "type": "statement-id",
                    "target-id": f"{oscal_id(control)}_smt",
                    "status": {
                        "state": "satisfied" if worst is Status.PASSED else "not-satisfied",
                        "reason": _RESULTS[worst],
                        "remarks": _LIMIT if worst is not Status.UNDETERMINED else f"Undetermined. {_LIMIT}",
                    },
                },
                "related-observations": [{"observation-uuid": self._id("check", row.rule.id)} for row in rows],
            }

    def _props(self, facts: list[tuple[str, str]]) -> Json:
        """Return `props`, or nothing if no value is known: OSCAL allows no empty list."""
        props = [{"name": name, "ns": _NS, "value": _line(value)} for name, value in facts if value.strip()]
        return {"props": props} if props else {}


def oscal_id(control: str) -> str:
    """Return the id of a control in NIST's OSCAL catalog: `sc-7.5` for SC-7(5)."""
    return _ENHANCED.sub(r"\1.\2", control).lower()


def _line(text: str) -> str:
    """Return text on one line without space at its ends, as OSCAL requires; a hyphen instead of an empty text."""
    return clean(text).strip() or "-"
