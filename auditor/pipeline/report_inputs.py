"""JSON reports as inputs: as a baseline, for `auditor fix`, and for the comparison of two reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from auditor.errors import UsageError, strerror
from auditor.policy import Baseline, baseline_of
from auditor.report.report_reader import VERSION, is_report

MAX_REPORT = 512 * 1024 * 1024
_HINT = "Reports are written by `auditor audit PLAN --format json=FILE`."


def report_in(path: Path) -> dict[str, Any] | None:
    """Return the JSON report in a `.json` file, or None for any other file, such as a plan in JSON.

    Raises UsageError for a report of another version.
    """
    if path.suffix.lower() != ".json" or not path.is_file():
        return None
    document = _parsed(_read(path))
    if not isinstance(document, dict) or not is_report(document):
        return None
    return _of_this_version(path, document)


def read_report(path: Path) -> dict[str, Any]:
    """Return the JSON report (version 1) in a file with any name. Raises UsageError."""
    return read_report_bytes(path)[0]


def read_report_bytes(path: Path) -> tuple[dict[str, Any], bytes]:
    """Return the JSON report (version 1) in a file, and the bytes that were parsed. Raises UsageError."""
    if path.exists() and not path.is_file():  # opening a named pipe would block until something writes to it
        raise UsageError(f"{path}: it is {'a folder' if path.is_dir() else 'not a regular file'}", _HINT)
    data = _read(path)
    document = _parsed(data)
    if not isinstance(document, dict) or not is_report(document):
        raise _no_report(path)
    return _of_this_version(path, document), data


def read_baseline(path: Path) -> Baseline:
    """Return the baseline that a JSON report makes. Raises UsageError."""
    try:
        return baseline_of(read_report(path))
    except ValueError as error:
        raise UsageError(f"{path}: it cannot be a baseline: {error}", _HINT) from error


def _of_this_version(path: Path, document: dict[str, Any]) -> dict[str, Any]:
    if document.get("version") != VERSION:
        raise _no_report(path)
    return document


def _no_report(path: Path) -> UsageError:
    return UsageError(f"{path}: it is not a JSON report of version {VERSION}", _HINT)


def _read(path: Path) -> bytes:
    """Return the content of a file. Raises UsageError if it cannot be read or is too large."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_REPORT + 1)
    except OSError as error:
        raise UsageError(f"{path}: {strerror(error)}", _HINT) from error
    if len(data) > MAX_REPORT:
        raise UsageError(f"{path}: it is larger than {MAX_REPORT // 1024**2} MiB", _HINT)
    return data


def _parsed(data: bytes) -> object:
    """Return a JSON document, or None if the bytes are not JSON."""
    try:
        document: object = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return document
