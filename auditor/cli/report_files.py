"""JSON reports as inputs of a command: of `fix`, as a baseline, and to compare two."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from auditor.errors import UsageError, strerror
from auditor.policy import Baseline, baseline_of
from auditor.report.reading import VERSION, is_report

MAX_REPORT = 512 * 1024 * 1024
_HINT = "Reports are written by `auditor audit PLAN --format json=FILE`."


def report_in(path: Path) -> dict[str, Any] | None:
    """The JSON report in a file; None for anything else, a plan in JSON too. Raises UsageError for one of another version."""
    if path.suffix.lower() != ".json" or not path.is_file():
        return None
    document = _json(path)
    if not isinstance(document, dict) or not is_report(document):
        return None
    if document.get("version") != VERSION:
        raise UsageError(f"{path}: it is no JSON report of version {VERSION}", _HINT)
    return document


def read_report(path: Path) -> dict[str, Any]:
    """The JSON report of version 1 in a file, whatever it is called. Raises UsageError."""
    if path.exists() and not path.is_file():  # opening a named pipe would wait for a writer
        raise UsageError(f"{path}: it is {'a folder' if path.is_dir() else 'no regular file'}", _HINT)
    document = _json(path)
    if not isinstance(document, dict) or not is_report(document) or document.get("version") != VERSION:
        raise UsageError(f"{path}: it is no JSON report of version {VERSION}", _HINT)
    return document


def read_baseline(path: Path) -> Baseline:
    """The baseline in a file. Raises UsageError."""
    try:
        return baseline_of(read_report(path))
    except ValueError as error:
        raise UsageError(f"{path}: it cannot be a baseline: {error}", _HINT) from error


def _json(path: Path) -> object:
    """What a file holds as JSON; None where it holds something else. Raises UsageError when it cannot be read."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_REPORT + 1)
    except OSError as error:
        raise UsageError(f"{path}: {strerror(error)}", _HINT) from error
    if len(data) > MAX_REPORT:
        raise UsageError(f"{path}: it is larger than {MAX_REPORT // 1024**2} MiB", _HINT)
    try:
        document: object = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return document
