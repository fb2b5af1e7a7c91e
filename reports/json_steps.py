"""One step of *do this first* in the JSON report."""

from __future__ import annotations

from auditor.report import FirstStep
from reports.ascii_json import Json


def step_json(step: FirstStep) -> Json:
    """Return one row of the section `first_steps`."""
    at = step.location
    return {
        "title": step.title,
        "action": step.action,
        "reason": step.reason or None,
        "commands": step.commands,
        "when": step.when.value,
        "severity": step.severity.value if step.severity is not None else None,
        "checks": step.checks,
        "pools": step.pools,
        "error": step.error,
        "warning": step.warning,
        "info": step.info,
        "undetermined": step.undetermined,
        "fixable": step.fixable,
        "subjects": step.subjects,
        "subject_count": step.subject_count,
        "location": None if at is None else {"file": at.file, "line": at.line or None, "column": at.column or None},
        "fingerprints": step.fingerprints,
    }
