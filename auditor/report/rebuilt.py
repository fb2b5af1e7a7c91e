"""A report from the JSON that `--format json` wrote. The JSON may have been edited: what cannot be read is left out.

Messages are whole, because the JSON does not divide them into parts.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Iterator
from typing import Any, TypeVar

from auditor.check import Area, Fact, Finding, Remedy, RemedyKind, Rule, Severity, Undetermined
from auditor.errors import Location
from auditor.evidence.causes import Cause, Fault
from auditor.evidence.kinds import Kind
from auditor.report.first_step import FirstStep, When
from auditor.report.model import (
    BaselineUsed,
    CheckRow,
    Counts,
    JudgedFinding,
    Report,
    ScopeRow,
    ScopeStatus,
    Status,
    Verdict,
    Waived,
)
from auditor.report.report_reader import Document, dicts, part, subject, text
from auditor.report.rows import (
    AgeRow,
    CalendarRow,
    Cell,
    CellStatus,
    EgressRow,
    EvidenceBasis,
    EvidenceOrigin,
    HostRow,
    ImageRow,
    StorageItem,
    StorageStage,
    Timing,
    TrustRow,
    TrustStep,
)
from auditor.site.calendar.calendar_entries import CalendarKind, DateBasis, DateStanding, Renewal
from auditor.site.trust.prospect import Prospect

MOST_TEXTS = 10_000
_NO_DAY = datetime.date.min
Member = TypeVar("Member", bound=enum.Enum)


def report_from(document: Document) -> Report:
    """Return the report of a JSON document."""
    plan, counts = part(document, "plan"), part(document, "summary")
    return Report(
        tool_version=text(part(document, "tool"), "version"),
        plan_name=text(plan, "name"),
        plan_path=text(plan, "path"),
        plan_sha256=text(plan, "sha256"),
        audited_at=_day(document, "audited_at"),
        horizon=_day(document, "horizon"),
        verdict=_member(Verdict, document, "verdict", Verdict.UNDETERMINED),
        exit_code=_number(document, "exit_code"),
        counts=Counts(
            error=_number(counts, "error"),
            warning=_number(counts, "warning"),
            info=_number(counts, "info"),
            undetermined=_number(counts, "undetermined"),
            waived=_number(counts, "waived"),
            examined=_number(counts, "examined"),
            baselined=_number(counts, "baselined"),
        ),
        checks=tuple(map(_check, dicts(document.get("checks")))),
        findings=tuple(map(_finding, dicts(document.get("findings")))),
        undetermined=tuple(map(_undetermined, dicts(document.get("undetermined")))),
        images=tuple(map(_image, dicts(document.get("images")))),
        egress=tuple(map(_egress, dicts(document.get("egress")))),
        storage=dict(_stages(document)),
        trust=tuple(map(_trust, dicts(document.get("trust")))),
        fail_on=_member(Severity, document, "fail_on", Severity.ERROR),
        baseline=_baseline(part(document, "baseline")),
        fix_command=text(part(document, "fix"), "command"),
        basis=_basis(part(document, "evidence_basis")),
        scope=tuple(_scope(document)),
        hosts=tuple(map(_host, dicts(document.get("unanswered_hosts")))),
        calendar=tuple(map(_ending, dicts(document.get("calendar")))),
        first_steps=tuple(map(_step, dicts(document.get("first_steps")))),
    )


def _check(item: Document) -> CheckRow:
    severity = _member(Severity, item, "severity", Severity.ERROR)
    rule = Rule(text(item, "id"), text(item, "title"), text(item, "family"), severity, "")
    status = _member(Status, item, "status", Status.UNDETERMINED)
    return CheckRow(rule, severity, status, _number(item, "examined"), text(item, "reason"))


def _finding(item: Document) -> JudgedFinding:
    severity = _member(Severity, item, "severity", Severity.ERROR)
    waived = part(item, "waived")
    kind = text(item, "remedy_kind")
    finding = Finding(
        subject(item),
        text(item, "message"),
        check=text(item, "check"),
        severity=severity,
        facts=_facts(item),
        location=_location(item),
        remedies=tuple(map(_remedy, dicts(item.get("remedies")))),
        fold=(text(item, "fold"),),
        remedy_kind=RemedyKind(kind) if kind in {*RemedyKind} else None,
    )
    accepted = Waived(text(waived, "owner"), text(waived, "reason"), _day(waived, "expires")) if waived else None
    return JudgedFinding(finding, severity, accepted, item.get("baselined") is True, item.get("fixable") is True)


def _undetermined(item: Document) -> Undetermined:
    faults = ((text(one, "host"), _member(Cause, one, "cause", Cause.UNKNOWN)) for one in dicts(item.get("hosts")))
    return Undetermined(
        check=text(item, "check"),
        subject=subject(item),
        kind=_member(Kind, item, "kind", Kind.UNSUPPORTED),
        detail=text(item, "detail"),
        faults=tuple(Fault(host, cause, "") for host, cause in faults),
        facts=_facts(item),
        location=_location(item),
        fold=(text(item, "fold"),),
    )


def _image(item: Document) -> ImageRow:
    return ImageRow(
        text(item, "reference"), text(item, "digest"), _texts(item, "why"), tuple(map(_cell, dicts(item.get("platforms"))))
    )


def _cell(item: Document) -> Cell:
    size = item.get("bytes")
    return Cell(
        platform=text(item, "platform"),
        pool=text(item, "pool"),
        status=_member(CellStatus, item, "status", CellStatus.UNDETERMINED),
        digest=text(item, "digest"),
        os_version=text(item, "os_version"),
        bytes=size if isinstance(size, int) else None,
        foreign_layers=_number(item, "foreign_layers"),
        detail=text(item, "detail"),
        place=text(item, "place"),
        checks=_texts(item, "checks"),
        is_accepted=item.get("accepted") is True,
    )


def _egress(item: Document) -> EgressRow:
    who, why, end = text(item, "who"), text(item, "why"), text(item, "when_blocked")
    return EgressRow(text(item, "host"), _number(item, "port"), text(item, "scheme"), who, why, end, text(item, "check"))


def _stages(document: Document) -> Iterator[tuple[str, StorageStage]]:
    for name, item in part(document, "storage").items():
        if isinstance(item, dict):
            capacity, high = item.get("capacity"), item.get("high")
            yield (
                str(name),
                StorageStage(
                    stage=str(name),
                    bytes=_number(item, "bytes"),
                    capacity=capacity if isinstance(capacity, int) else None,
                    provenance=text(item, "provenance"),
                    items=tuple(StorageItem(text(one, "name"), _number(one, "bytes")) for one in dicts(item.get("items"))),
                    low=_number(item, "low"),
                    high=high if isinstance(high, int) else None,
                    estimated=_number(item, "estimated"),
                ),
            )


def _trust(item: Document) -> TrustRow:
    return TrustRow(
        endpoint=text(item, "endpoint"),
        pool=text(item, "pool"),
        client=text(item, "client"),
        verdict=_member(Prospect, item, "verdict", Prospect.UNDETERMINED),
        path=_texts(item, "path"),
        dials=_texts(item, "dials"),
        symptom=text(item, "symptom"),
        os=text(item, "os"),
        steps=tuple(map(_certificate, dicts(item.get("steps")))),
    )


def _certificate(item: Document) -> TrustStep:
    return TrustStep(
        name=text(item, "name"),
        origin=text(item, "origin"),
        key=text(item, "key"),
        until=text(item, "until"),
        sha1=text(item, "sha1"),
        flaws=_texts(item, "flaws"),
        is_gap=item.get("gap") is True,
    )


def _baseline(item: Document) -> BaselineUsed | None:
    return BaselineUsed(text(item, "plan"), _day(item, "audited_at"), _number(item, "findings")) if item else None


def _scope(document: Document) -> Iterator[ScopeRow]:
    for item in dicts(document.get("scope")):
        if text(item, "area") in {*Area}:
            yield ScopeRow(
                area=Area(text(item, "area")),
                status=_member(ScopeStatus, item, "status", ScopeStatus.UNDETERMINED),
                examined=_number(item, "examined"),
                hint=text(item, "hint"),
                undetermined=_number(item, "undetermined"),
                missing=_texts(item, "missing"),
                errors=_number(item, "errors"),
                warnings=_number(item, "warnings"),
                is_required=item.get("required") is True,
            )


def _host(item: Document) -> HostRow:
    return HostRow(
        host=text(item, "host"),
        cause=text(item, "cause"),
        what=text(item, "summary"),
        detail=text(item, "detail"),
        undetermined=_number(item, "undetermined"),
        images=_number(item, "images"),
        subjects=(),
        remedy=_remedy(part(item, "remedy")),
    )


def _basis(item: Document) -> EvidenceBasis:
    """Return the origin and the dates of the evidence. A report without valid dates has no evidence."""
    try:
        ages = tuple(
            AgeRow(
                what=text(one, "what"),
                oldest=datetime.datetime.fromisoformat(text(one, "oldest")),
                newest=datetime.datetime.fromisoformat(text(one, "newest")),
                days=_number(one, "days"),
                can_change=one.get("can_change") is True,
                is_stale=one.get("stale") is True,
            )
            for one in dicts(item.get("ages"))
        )
    except ValueError:
        ages = ()
    if len({row.newest.tzinfo is None for row in ages}) > 1:
        ages = ()
    origin = _member(EvidenceOrigin, item, "origin", EvidenceOrigin.NONE)
    timing = _member(Timing, item, "timing", Timing.NO_EVIDENCE) if ages else Timing.NO_EVIDENCE
    sealed = item.get("sealed")
    return EvidenceBasis(origin, text(item, "sha256"), sealed if isinstance(sealed, bool) else None, timing=timing, ages=ages)


def _ending(item: Document) -> CalendarRow:
    return CalendarRow(
        kind=_member(CalendarKind, item, "kind", next(iter(CalendarKind))),
        name=text(item, "name"),
        ends=_day(item, "ends"),
        days=_number(item, "days"),
        standing=_member(DateStanding, item, "standing", next(iter(DateStanding))),
        renewal=_member(Renewal, item, "renewal", next(iter(Renewal))),
        basis=_member(DateBasis, item, "basis", next(iter(DateBasis))),
        detail=text(item, "detail"),
    )


def _step(item: Document) -> FirstStep:
    severity = text(item, "severity")
    return FirstStep(
        title=text(item, "title"),
        action=text(item, "action"),
        commands=_texts(item, "commands") or ("auditor show steps",),
        when=_member(When, item, "when", When.ANY_TIME),
        severity=Severity(severity) if severity in {*Severity} else None,
        reason=text(item, "reason"),
        checks=_texts(item, "checks"),
        pools=_texts(item, "pools"),
        error=_number(item, "error"),
        warning=_number(item, "warning"),
        info=_number(item, "info"),
        undetermined=_number(item, "undetermined"),
        fixable=_number(item, "fixable"),
        subjects=_texts(item, "subjects"),
        subject_count=_number(item, "subject_count"),
        location=_location(item),
        fingerprints=_texts(item, "fingerprints"),
    )


def _remedy(item: Document) -> Remedy:
    return Remedy(text(item, "kind"), text(item, "text"), _texts(item, "commands"))


def _location(item: Document) -> Location | None:
    at = part(item, "location")
    return Location(text(at, "file"), _number(at, "line"), _number(at, "column")) if text(at, "file") else None


def _facts(item: Document) -> dict[str, Fact]:
    """Return the facts whose values are plain or lists of texts."""
    found: dict[str, Fact] = {}
    for name, value in part(item, "facts").items():
        if isinstance(value, str | int | float):
            found[str(name)] = value
        elif isinstance(value, list):
            found[str(name)] = tuple(one for one in value[:MOST_TEXTS] if isinstance(one, str))
    return found


def _texts(item: Document, key: str) -> tuple[str, ...]:
    value: Any = item.get(key)
    return tuple(one for one in value[:MOST_TEXTS] if isinstance(one, str)) if isinstance(value, list) else ()


def _number(item: Document, key: str) -> int:
    """Return the whole number, or 0."""
    value = item.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _day(item: Document, key: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text(item, key))
    except ValueError:
        return _NO_DAY


def _member(kind: type[Member], item: Document, key: str, default: Member) -> Member:
    found = text(item, key)
    return next((one for one in kind if one.value == found), default)
