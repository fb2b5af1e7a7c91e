"""The sections `trust` and `trust_files` of the JSON report. `auditor chain --format json` writes a part of it."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.report import RootListRow, TrustFileRow, TrustRow
from reports.ascii_json import Json


def trust_json(rows: Iterable[TrustRow]) -> list[Json]:
    """Return the section `trust`, or a part of it."""
    return [
        {
            "endpoint": row.endpoint,
            "pool": row.pool,
            "client": row.client,
            "verdict": row.verdict,
            "path": row.path,
            "dials": row.dials,
            "symptom": row.symptom or None,
            "os": row.os,
            "confidence": row.confidence,
            "steps": [
                {
                    "name": step.name,
                    "origin": step.origin,
                    "key": step.key or None,
                    "until": step.until or None,
                    "sha1": step.sha1 or None,
                    "flaws": step.flaws,
                    "gap": step.is_gap,
                }
                for step in row.steps
            ],
            "reason": row.reason or None,
        }
        for row in rows
    ]


def trust_files_json(rows: Iterable[TrustFileRow]) -> list[Json]:
    """Return the section `trust_files`: the files of the trust that could not be used as a whole."""
    return [
        {
            "file": row.file,
            "pools": row.pools,
            "problem": row.problem,
            "hint": row.hint or None,
            "usable": row.usable,
            "reader": row.reader or None,
        }
        for row in rows
    ]


def root_lists_json(rows: Iterable[RootListRow]) -> list[Json]:
    """Return the section `root_lists`: the root programs that decide about public roots, with their dates."""
    return [
        {
            "name": row.name,
            "package": row.package,
            "date": row.day.isoformat() if row.day is not None else None,
            "age_days": row.days,
            "stale": row.is_stale,
        }
        for row in rows
    ]
