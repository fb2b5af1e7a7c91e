"""The JSON contract: shape, schema and golden file, and every report is valid JSON."""

from __future__ import annotations

import dataclasses
import json
import math
import re
import tracemalloc
from typing import Any

from hypothesis import given, settings
from jsonschema import Draft202012Validator

from auditor.check import Area, Finding, Severity, Subject
from auditor.evidence.causes import Cause
from auditor.evidence.model import Kind
from auditor.report import JudgedFinding, Report, ScopeStatus, Status, Timing, Verdict
from reports import render
from reports.json_v1 import mapping, pieces, report_schema
from tests.conftest import Golden
from tests.reports.sample import ready_report, sample_report, undetermined_report
from tests.reports.strategies import reports

SCHEMA = report_schema()
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)

# DESIGN 5.3, to the letter; then what was added since.
TOP = "version tool plan audited_at horizon verdict exit_code summary checks findings undetermined images egress storage trust"
LATER = (
    "fail_on baseline evidence works_offline_until scope fix evidence_basis unanswered_hosts facts calendar first_steps "
    "declared trust_files root_lists"
)
KEYS = {
    "tool": "name version",
    "plan": "name path sha256",
    "summary": "error warning info undetermined waived examined baselined",
    "checks": "id family title severity status examined reason holds controls",
    "findings": "check severity subject message facts location remedies fingerprint waived baselined fixable fold cause "
    "symptom remedy_kind",
    "undetermined": "check subject kind detail facts location hosts fold",
    "images": "reference digest why platforms",
    "egress": "host port scheme who why when_blocked check",
    "scope": "area title status examined undetermined missing errors warnings required hint",
    "evidence": "what place seen absent failed oldest newest",
    "trust": "endpoint pool client verdict path dials symptom os confidence steps reason",
    "first_steps": "title action reason commands when severity checks pools error warning info undetermined fixable subjects "
    "subject_count location fingerprints",
    "calendar": "kind name ends days standing renewal basis detail",
    "root_lists": "name package date age_days stale",
}


def read(report: Report) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(render(report, "json"))
    return shown


def test_keys_are_those_of_the_contract() -> None:
    shown = read(sample_report())
    assert list(shown) == f"{TOP} {LATER}".split()
    for name, keys in KEYS.items():
        rows = shown[name] if isinstance(shown[name], list) else [shown[name]]
        assert rows
        for row in rows:
            assert list(row) == keys.split(), name
    finding = shown["findings"][0]
    assert list(finding["subject"]) == ["kind", "id", "platform", "pool", "client"]
    assert list(finding["location"]) == ["file", "line", "column"]
    assert list(finding["remedies"][0]) == ["kind", "text", "commands"]
    cell = shown["images"][0]["platforms"][0]
    assert list(cell)[:7] == ["platform", "pool", "status", "digest", "os_version", "bytes", "foreign_layers"]
    assert list(shown["storage"]["registry"])[:4] == ["bytes", "capacity", "provenance", "items"]


def test_unknown_value_is_null() -> None:
    shown = read(ready_report())
    assert shown["plan"] == {"name": "", "path": None, "sha256": None}
    findings = {row["subject"]["id"]: row for row in read(sample_report())["findings"]}
    web = findings["registry.example.com/shop/web:4.2"]
    assert web["subject"]["platform"] is None
    assert web["subject"]["pool"] is None
    assert web["waived"] is None
    assert findings["mcr.microsoft.com/oss/kubernetes/pause:3.10"]["location"] is None
    assert findings["ghcr.io/corp/agent:nightly"]["location"]["column"] is None
    waived = [row["waived"] for row in findings.values() if row["waived"]]
    assert waived == [{"owner": "platform team", "reason": "rotation is planned for March", "expires": "2027-03-31"}]


def test_json_equals_the_golden_file(golden: Golden) -> None:
    golden("reports/sample.json", render(sample_report(), "json"))


def test_each_row_is_on_a_separate_line() -> None:
    shown = render(sample_report(), "json")
    rows = [json.loads(line.rstrip(",")) for line in shown.splitlines() if line.startswith('  {"check"')]
    assert len(rows) == len(sample_report().findings) + len(sample_report().undetermined)


def test_reports_conform_to_the_schema_and_the_schema_is_valid() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    for report in (sample_report(), ready_report(), undetermined_report()):
        VALIDATOR.validate(read(report))


def test_numbers_that_json_does_not_support_become_text() -> None:
    finding = Finding(
        Subject("line", "a"), "m", facts={"ratio": math.nan, "limit": math.inf, "half": 0.5}, check="x", severity=Severity.INFO
    )
    report = dataclasses.replace(ready_report(), findings=(JudgedFinding(finding, Severity.INFO),))
    assert read(report)["findings"][0]["facts"] == {"ratio": "nan", "limit": "inf", "half": 0.5}


def objects(schema: object) -> list[dict[str, Any]]:
    match schema:
        case dict():
            own = [schema] if "properties" in schema and schema.get("type") == "object" else []
            return own + [found for value in schema.values() for found in objects(value)]
        case list():
            return [found for value in schema for found in objects(value)]
        case _:
            return []


def test_every_documented_property_is_required_and_others_are_allowed() -> None:
    found = objects(SCHEMA)
    assert len(found) > 12
    for schema in found:
        assert schema["required"] == list(schema["properties"])
        assert "additionalProperties" not in schema
        assert all("description" in item or "$ref" in item for item in schema["properties"].values())


def test_schema_lists_every_closed_set() -> None:
    definitions = SCHEMA["$defs"]
    assert SCHEMA["properties"]["verdict"]["enum"] == [*Verdict]
    assert definitions["check"]["properties"]["status"]["enum"] == [*Status]
    assert definitions["check"]["properties"]["severity"]["enum"] == [*Severity]
    assert definitions["undetermined"]["properties"]["kind"]["enum"] == [*Kind]
    assert definitions["scope"]["properties"]["area"]["enum"] == [*Area]
    assert definitions["scope"]["properties"]["status"]["enum"] == [*ScopeStatus]
    assert definitions["unanswered_host"]["properties"]["cause"]["enum"] == [*(cause for cause in Cause if cause), None]
    assert definitions["evidence_basis"]["properties"]["timing"]["enum"] == [*Timing]


@settings(max_examples=60, deadline=None)
@given(reports)
def test_any_report_round_trips_in_ascii(report: Report) -> None:
    shown = render(report, "json")
    assert shown.isascii()
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", shown)
    back = json.loads(shown, parse_constant=refuse)
    assert back == mapping(report)
    VALIDATOR.validate(back)


def refuse(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


@given(reports)
@settings(max_examples=25, deadline=None)
def test_pieces_text_and_mapping_are_equal(report: Report) -> None:
    assert "".join(pieces(report)) == render(report, "json")
    assert json.loads(render(report, "json")) == mapping(report)


def test_long_report_is_written_row_by_row() -> None:
    report = sample_report()
    long = dataclasses.replace(report, findings=report.findings * 2_000, images=report.images * 2_000)
    tracemalloc.start()
    try:
        size = 0
        for piece in pieces(long):
            size += len(piece)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size > 10_000_000
    assert peak < 2_000_000  # bytes; the whole text and its values took ten times the text
