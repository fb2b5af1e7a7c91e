"""The JSON report, version 1: a contract that readers depend on. Fields are added, never renamed or removed.

A value that is unknown or does not apply is null, never an empty string and never line 0. Every key is always present.
Each row of a list is on its own line, so line-based tools can compare two reports.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from auditor.check import Finding, Remedy, Subject, Undetermined
from auditor.report import (
    CalendarRow,
    CheckRow,
    EgressRow,
    EvidenceRow,
    FactsBasis,
    HostRow,
    ImageRow,
    JudgedFinding,
    Report,
    ScopeRow,
    StorageStage,
    Waived,
)
from reports.ascii_json import Json, plain
from reports.ascii_json import pieces as in_pieces
from reports.json_basis import basis_json, declared_json
from reports.json_steps import step_json
from reports.json_trust import root_lists_json, trust_files_json, trust_json
from reports.summary import fixable

VERSION = 1
TOOL = "airgap-auditor"
SCHEMA = "report_v1.schema.json"


def report_schema() -> Json:
    """Return the JSON Schema (2020-12) for reports of version 1."""
    from importlib import resources  # noqa: PLC0415 - for `auditor schema`, and not for a report

    text = resources.files("reports").joinpath(SCHEMA).read_text(encoding="utf-8")
    schema: Json = json.loads(text)
    return schema


def render(report: Report) -> str:
    """Return the report as ASCII JSON text. Other characters are escaped, so they cannot control a terminal."""
    return "".join(pieces(report))


def pieces(report: Report) -> Iterator[str]:
    """Yield the text of `render` row by row, because the text is several times as large as the report in memory."""
    yield from in_pieces(_sections(report))
    yield "\n"


def mapping(report: Report) -> Json:
    """Return the report as dicts, lists, strings, numbers, booleans and None, with keys in the order of the contract."""
    return plain({key: list(value) if isinstance(value, Iterator) else value for key, value in _sections(report)})


def _sections(report: Report) -> Iterator[tuple[str, object]]:
    """Return each key of the report with its value. Long lists are iterators of rows."""
    until = report.works_offline_until
    yield "version", VERSION
    yield "tool", {"name": TOOL, "version": report.tool_version}
    yield "plan", {"name": report.plan_name, "path": report.plan_path or None, "sha256": report.plan_sha256 or None}
    yield "audited_at", report.audited_at.isoformat()
    yield "horizon", report.horizon.isoformat()
    yield "verdict", report.verdict.value
    yield "exit_code", report.exit_code
    yield "summary", _summary(report)
    yield "checks", [_check(row) for row in report.checks]
    yield "findings", map(_finding, report.findings)
    yield "undetermined", map(_undetermined, report.undetermined)
    yield "images", map(_image, report.images)
    yield "egress", map(_egress, report.egress)
    yield "storage", {name: _stage(stage) for name, stage in report.storage.items()}
    yield "trust", trust_json(report.trust)
    yield "fail_on", report.fail_on.value
    yield "baseline", _baseline(report)
    yield "evidence", [_evidence(row) for row in report.evidence]
    yield "works_offline_until", until.isoformat() if until is not None else None
    yield "scope", [scope_json(row) for row in report.scope]
    yield "fix", _fix(report)
    yield "evidence_basis", basis_json(report.basis)
    yield "unanswered_hosts", [_host(row) for row in report.hosts]
    yield "facts", _facts(report.facts)
    yield "calendar", [_ending(row) for row in report.calendar]
    yield "first_steps", map(step_json, report.first_steps)
    yield "declared", declared_json(report.declared)
    yield "trust_files", trust_files_json(report.trust_files)
    yield "root_lists", root_lists_json(report.root_lists)


def _facts(used: FactsBasis | None) -> Json | None:
    if used is None:
        return None
    return {"digest": used.digest, "as_of": used.as_of.isoformat(), "overlays": list(used.overlays)}


def _summary(report: Report) -> Json:
    counts = report.counts
    return {
        "error": counts.error,
        "warning": counts.warning,
        "info": counts.info,
        "undetermined": counts.undetermined,
        "waived": counts.waived,
        "examined": counts.examined,
        "baselined": counts.baselined,
    }


def _check(row: CheckRow) -> Json:
    return {
        "id": row.rule.id,
        "family": row.rule.family,
        "title": row.rule.title,
        "severity": row.severity.value,
        "status": row.status.value,
        "examined": row.examined,
        "reason": row.reason or None,
        "holds": row.rule.holds or None,
        "controls": [{"framework": one.framework, "id": one.id, "title": one.title} for one in row.rule.controls],
    }


def _subject(subject: Subject) -> Json:
    return {
        "kind": subject.kind,
        "id": subject.id,
        "platform": subject.platform or None,
        "pool": subject.pool or None,
        "client": subject.client or None,
    }


def _finding(item: JudgedFinding) -> Json:
    finding = item.finding
    return {
        "check": finding.check,
        "severity": item.severity.value,
        "subject": _subject(finding.subject),
        "message": finding.message,
        "facts": dict(finding.facts),
        "location": _location(finding),
        "remedies": [_remedy(remedy) for remedy in finding.remedies],
        "fingerprint": finding.fingerprint,
        "waived": _waived(item.waived),
        "baselined": item.baselined,
        "fixable": item.fixable,
        "fold": _fold(finding),
        "cause": finding.cause if len(finding.stated) > 1 else None,
        "symptom": finding.symptom or None,
        "remedy_kind": finding.remedy_kind.value if finding.remedy_kind is not None else None,
    }


def _fold(outcome: Finding | Undetermined) -> str:
    """Return the fold key as 16 hex digits."""
    return hashlib.sha256(repr(outcome.fold_key).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _location(at: Finding | Undetermined) -> Json | None:
    place = at.location
    if place is None:
        return None
    return {"file": place.file, "line": place.line or None, "column": place.column or None}


def _remedy(remedy: Remedy) -> Json:
    return {"kind": remedy.kind, "text": remedy.text, "commands": remedy.commands}


def _waived(waived: Waived | None) -> Json | None:
    if waived is None:
        return None
    return {"owner": waived.owner, "reason": waived.reason, "expires": waived.expires.isoformat()}


def _baseline(report: Report) -> Json | None:
    used = report.baseline
    if used is None:
        return None
    return {"plan": used.plan_name, "audited_at": used.audited_at.isoformat(), "findings": used.findings}


def _fix(report: Report) -> Json | None:
    if not report.fix_command:
        return None
    return {"command": report.fix_command, **{severity.value: fixed for severity, fixed, _ in fixable(report)}}


def _undetermined(row: Undetermined) -> Json:
    return {
        "check": row.check,
        "subject": _subject(row.subject),
        "kind": row.kind.value,
        "detail": row.detail,
        "facts": dict(row.facts),
        "location": _location(row),
        "hosts": [{"host": fault.host, "cause": fault.cause.value or None} for fault in row.faults],
        "fold": _fold(row),
    }


def _image(row: ImageRow) -> Json:
    return {
        "reference": row.reference,
        "digest": row.digest or None,
        "why": row.why,
        "platforms": [
            {
                "platform": cell.platform,
                "pool": cell.pool,
                "status": cell.status,
                "digest": cell.digest or None,
                "os_version": cell.os_version or None,
                "bytes": cell.bytes,
                "foreign_layers": cell.foreign_layers,
                "detail": cell.detail or None,
                "place": cell.place or None,
                "checks": cell.checks,
                "accepted": cell.is_accepted,
            }
            for cell in row.platforms
        ],
    }


def _egress(row: EgressRow) -> Json:
    return {
        "host": row.host,
        "port": row.port,
        "scheme": row.scheme,
        "who": row.who,
        "why": row.why,
        "when_blocked": row.when_blocked,
        "check": row.check or None,
    }


def _stage(stage: StorageStage) -> Json:
    return {
        "bytes": stage.bytes,
        "capacity": stage.capacity,
        "provenance": stage.provenance,
        "items": [{"name": item.name, "bytes": item.bytes} for item in stage.items],
        "low": stage.low,
        "high": stage.high,
        "estimated": stage.estimated,
    }


def scope_json(row: ScopeRow) -> Json:
    """Return one area of the section `scope`."""
    return {
        "area": row.area.value,
        "title": row.area.label,
        "status": row.status.value,
        "examined": row.examined,
        "undetermined": row.undetermined,
        "missing": row.missing,
        "errors": row.errors,
        "warnings": row.warnings,
        "required": row.is_required,
        "hint": row.hint or None,
    }


def _ending(row: CalendarRow) -> Json:
    return {
        "kind": row.kind.value,
        "name": row.name,
        "ends": row.ends.isoformat(),
        "days": row.days,
        "standing": row.standing.value,
        "renewal": row.renewal.value,
        "basis": row.basis.value,
        "detail": row.detail or None,
    }


def _evidence(row: EvidenceRow) -> Json:
    return {
        "what": row.what,
        "place": row.place,
        "seen": row.seen,
        "absent": row.absent,
        "failed": row.failed,
        "oldest": row.oldest,
        "newest": row.newest,
    }


def _host(row: HostRow) -> Json:
    return {
        "host": row.host,
        "cause": row.cause or None,
        "summary": row.what,
        "detail": row.detail,
        "undetermined": row.undetermined,
        "images": row.images,
        "remedy": _remedy(row.remedy),
    }
