"""What `auditor verify` prints: the signature, the report, and each file that is not as signed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from auditor.custody.comparison import FileDifference, FilesCompared, FileState
from auditor.custody.statement import Statement
from auditor.pipeline.custody.medium import MediumVerified
from auditor.pipeline.custody.verify import Verified
from auditor.text import clean, format_size, many

SHOWN = 200
_ROLES = ("report", "evidence", "transfer")
_WORDS = {
    FileState.CHANGED: "changed",
    FileState.MISSING: "missing",
    FileState.ADDITIONAL: "additional",
    FileState.OTHER_KIND: "not a file",
    FileState.UNREADABLE: "not readable",
}


def verified_text(verified: Verified) -> str:
    """Return the result for a terminal. The last line is the conclusion."""
    lines = []
    if verified.fault:
        lines.append(f"signature: NOT VALID. {clean(verified.fault)}")
    else:
        lines.append(f"signature: valid. Key: {verified.key.name}, from {clean(verified.key.source)}")
    if verified.statement is not None and not verified.fault:
        lines += _about(verified.statement)
        for role in _ROLES:
            lines += _part(role, verified)
        if verified.mismatch:
            lines.append(clean(verified.mismatch))
    lines.append(_conclusion(verified))
    return "\n".join(lines)


def _about(statement: Statement) -> Iterator[str]:
    about = statement.about
    plan, tool, counts = (_mapping(about.get(key)) for key in ("plan", "tool", "summary"))
    found = ", ".join(many(counts[key], key) for key in ("error", "warning") if isinstance(counts.get(key), int))
    verdict = str(about.get("verdict")).replace("-", " ").upper()
    yield (
        f"statement: plan {clean(str(plan.get('name')))} is {clean(verdict)}{' with ' if found else ''}{found}, "
        f"audited on {clean(str(about.get('audited_at')))} by auditor {clean(str(tool.get('version')))}"
    )


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _part(role: str, verified: Verified) -> Iterator[str]:
    statement, results = verified.statement, verified.results or {}
    files = statement.of(role) if statement is not None else ()
    if role not in results:
        yield f"{role}: not checked (--skip {role})"
        return
    result = results[role]
    if not result.expected and not result.differences:
        yield f"{role}: none is signed"
        return
    name = clean(files[0].name) if role != "transfer" and files else many(result.expected, "file")
    yield f"{role}: {name}, {format_size(result.bytes)} read: {outcome(result)}"
    yield from differences_text(result)


def outcome(result: FilesCompared) -> str:
    """Return the number of differences by kind, or `unchanged`."""
    if result.is_proven:
        return "unchanged"
    return ", ".join(f"{result.count(state):,} {word}" for state, word in _WORDS.items() if result.count(state))


def differences_text(result: FilesCompared) -> Iterator[str]:
    """Yield one line for each difference, at most `SHOWN`."""
    for one in result.differences[:SHOWN]:
        yield f"  {_WORDS[one.state]:<12}  {clean(one.name)}{': ' if one.detail else ''}{clean(one.detail)}"
    if len(result.differences) > SHOWN:
        yield f"  and {len(result.differences) - SHOWN:,} more; `--format json` lists all"


def _conclusion(verified: Verified) -> str:
    if verified.is_refuted:
        return "NOT VERIFIED"
    if not verified.is_proven:
        return "UNDETERMINED: not every file could be read."
    return "VERIFIED: everything that was checked is as it was signed."


def medium_text(found: MediumVerified) -> str:
    """Return the result for a medium. The last line is the conclusion."""
    lines = []
    if found.signature is None:
        lines.append(f"list: {found.listed.path}, not signed: it detects damage, but not an exchange of files and list.")
    elif found.signature.fault:
        lines.append(f"list: {found.listed.path}, NOT SIGNED. {clean(found.signature.fault)}")
    else:
        lines.append(f"list: {found.listed.path}, signed. Key: {found.signature.key.name}")
    result = found.compared
    again = f", {many(result.resumed, 'file')} not read again after an earlier run" if result.resumed else ""
    lines.append(f"medium: {many(result.expected, 'file')}, {format_size(result.bytes)} read{again}: {outcome(result)}")
    lines += differences_text(result)
    if found.is_refuted:
        lines.append("NOT VERIFIED")
    elif not found.is_proven:
        lines.append("UNDETERMINED: not every file could be read.")
    else:
        lines.append("VERIFIED: the medium has exactly the files of the list.")
    return "\n".join(lines)


def medium_json(found: MediumVerified) -> str:
    """Return the result for a medium as JSON."""
    signed = found.signature
    signature = {"valid": not signed.fault, "key": signed.key.name, "fault": signed.fault or None} if signed else None
    document = {
        "version": 1,
        "result": result_word(found.is_refuted, found.is_proven),
        "list": {"path": str(found.listed.path), "sha256": found.listed.sha256, "signature": signature},
        "files": {**compared_json(found.compared), "resumed": found.compared.resumed},
    }
    return json.dumps(document, indent=2)


def verified_json(verified: Verified) -> str:
    """Return the result as JSON."""
    statement = verified.statement
    document = {
        "version": 1,
        "result": result_word(verified.is_refuted, verified.is_proven),
        "signature": {"valid": not verified.fault, "key": verified.key.name, "fault": verified.fault or None},
        "report": dict(statement.about) if statement is not None else None,
        "mismatch": verified.mismatch or None,
        "files": {role: compared_json(result) for role, result in (verified.results or {}).items()},
    }
    return json.dumps(document, indent=2)


def result_word(is_refuted: bool, is_proven: bool) -> str:
    """Return `verified`, `not-verified` or `undetermined`."""
    return "not-verified" if is_refuted else "verified" if is_proven else "undetermined"


def compared_json(result: FilesCompared) -> dict[str, Any]:
    """Return the result for a set of files as JSON values."""
    return {
        "expected": result.expected,
        "bytes_read": result.bytes,
        "differences": [_difference_json(one) for one in result.differences],
    }


def _difference_json(one: FileDifference) -> dict[str, str | None]:
    return {"name": one.name, "state": one.state.value, "detail": one.detail or None}
