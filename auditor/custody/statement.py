"""The statement that is signed: an in-toto Statement v1 about a report, its evidence and the files of a transfer.

Source: in-toto/attestation v1.1.2, spec/v1/statement.md. docs/signing.md describes the predicate.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from auditor.custody.envelope import json_object
from auditor.custody.file_names import fault_of

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "urn:airgap-auditor:audit:v1"
MAX_SUBJECTS: Final = 250_000
_SHA256: Final = re.compile(r"[0-9a-f]{64}")

REPORT: Final = "report"
EVIDENCE: Final = "evidence"
TRANSFER: Final = "transfer"
_ROLES: Final = (REPORT, EVIDENCE, TRANSFER)


@dataclass(frozen=True, slots=True)
class SignedFile:
    """One file: its name in the statement, its role, its size in bytes and its SHA-256 in hexadecimal digits."""

    name: str
    role: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement. `about` is the part of the predicate that describes the report. `links` maps symbolic links to targets."""

    subjects: tuple[SignedFile, ...]
    about: Mapping[str, Any]
    tool_version: str
    links: Mapping[str, str] = field(default_factory=dict)

    def of(self, role: str) -> tuple[SignedFile, ...]:
        """Return the subjects with this role."""
        return tuple(subject for subject in self.subjects if subject.role == role)

    @property
    def roots(self) -> tuple[str, ...]:
        """The first parts of the names of transferred files and links: a folder, or a file of its own."""
        names = [*(subject.name for subject in self.of(TRANSFER)), *self.links]
        return tuple(dict.fromkeys(name.partition("/")[0] for name in names))


def to_payload(statement: Statement) -> bytes:
    """Return the statement as JSON. The same statement always gives the same bytes."""
    subjects = [
        {
            "name": subject.name,
            "digest": {"sha256": subject.sha256},
            "annotations": {"role": subject.role, "size": subject.size},
        }
        for subject in statement.subjects
    ]
    predicate = {
        "tool": {"name": "airgap-auditor", "version": statement.tool_version},
        "report": dict(statement.about),
        "links": [{"name": name, "target": target} for name, target in sorted(statement.links.items())],
    }
    form = {"_type": STATEMENT_TYPE, "subject": subjects, "predicateType": PREDICATE_TYPE, "predicate": predicate}
    return json.dumps(form, separators=(",", ":"), ensure_ascii=True).encode()


def from_payload(payload: bytes) -> Statement:
    """Parse a verified payload. Raises ValueError with the reason if it is not a statement of this program."""
    document = json_object(payload)
    if document.get("_type") != STATEMENT_TYPE:
        raise ValueError("it is not an in-toto Statement v1")
    if document.get("predicateType") != PREDICATE_TYPE:
        raise ValueError(f"its predicate type is {str(document.get('predicateType'))[:80]!r}, not {PREDICATE_TYPE}")
    predicate = _object(document.get("predicate"), "its predicate")
    links = dict(_links(predicate.get("links", [])))
    subjects = tuple(_subjects(document.get("subject")))
    names = [*(subject.name for subject in subjects), *links]
    if len(set(names)) != len(names):
        raise ValueError("two of its files have the same name")
    if sum(subject.role == REPORT for subject in subjects) != 1 or sum(subject.role == EVIDENCE for subject in subjects) > 1:
        raise ValueError("it does not name exactly one report and at most one evidence file")
    tool = _object(predicate.get("tool"), "its tool")
    return Statement(subjects, _object(predicate.get("report"), "its report"), str(tool.get("version", "")), links)


def about_report(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a statement says about a JSON report: fields of the report under the same names."""
    basis = report.get("evidence_basis")
    return {
        "version": report.get("version"),
        "tool": report.get("tool"),
        "plan": report.get("plan"),
        "audited_at": report.get("audited_at"),
        "horizon": report.get("horizon"),
        "verdict": report.get("verdict"),
        "exit_code": report.get("exit_code"),
        "works_offline_until": report.get("works_offline_until"),
        "summary": report.get("summary"),
        "evidence_sha256": basis.get("sha256") if isinstance(basis, dict) else None,
    }


def sorted_subjects(subjects: Iterable[SignedFile]) -> tuple[SignedFile, ...]:
    """Return the subjects in the order of the statement: report, evidence, then the transfer by name."""
    return tuple(sorted(subjects, key=lambda subject: (_ROLES.index(subject.role), subject.name)))


def _subjects(rows: object) -> Iterator[SignedFile]:
    if not isinstance(rows, list) or not rows:
        raise ValueError("it names no files")
    if len(rows) > MAX_SUBJECTS:
        raise ValueError(f"it names more than {MAX_SUBJECTS:,} files")
    for row in rows:
        form = _object(row, "a file")
        notes = _object(form.get("annotations"), "the annotations of a file")
        name, role, size = form.get("name"), notes.get("role"), notes.get("size")
        sha256 = _object(form.get("digest"), "the digest of a file").get("sha256")
        if not isinstance(name, str) or (why := fault_of(name)):
            raise ValueError(f"the file name {str(name)[:80]!r} is invalid: {why if isinstance(name, str) else 'not text'}")
        if role != TRANSFER and "/" in name:
            raise ValueError(f"the file name {name[:80]!r} names a folder, but it is the {str(role)[:20]}")
        if role not in _ROLES or not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise ValueError(f"the role or the size of {name[:80]!r} is invalid")
        if not isinstance(sha256, str) or _SHA256.fullmatch(sha256) is None:
            raise ValueError(f"{name[:80]!r} has no SHA-256")
        yield SignedFile(name, role, size, sha256)


def _links(rows: object) -> Iterator[tuple[str, str]]:
    if not isinstance(rows, list) or len(rows) > MAX_SUBJECTS:
        raise ValueError("its links are not a list")
    for row in rows:
        form = _object(row, "a link")
        name, target = form.get("name"), form.get("target")
        if not isinstance(name, str) or not isinstance(target, str) or fault_of(name):
            raise ValueError(f"the link {str(name)[:80]!r} is invalid")
        yield name, target


def _object(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} is missing, or not a JSON object")  # noqa: TRY004 - a value of a document
    return value
