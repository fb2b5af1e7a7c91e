"""Audit several plans in one run. They share the evidence of the run, and an invalid plan does not stop the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from auditor.errors import AuditorError, UsageError
from auditor.pipeline import cache
from auditor.pipeline.audit import audit
from auditor.pipeline.callbacks import SILENT, Callbacks
from auditor.pipeline.inputs import load
from auditor.pipeline.settings import Settings
from auditor.report import Report


def audit_each(
    inputs: Sequence[Path], platforms: Sequence[str], settings: Settings, callbacks: Callbacks = SILENT
) -> Iterator[tuple[Path, Report | AuditorError]]:
    """Audit the inputs one by one. Yield each with its report, or with the error that prevented it.

    Raises UsageError for settings that fit only one plan, and Interrupted if a signal ends the run.
    """
    if settings.evidence is not None or settings.baseline is not None:
        raise UsageError("--evidence and --baseline are for one plan", "Give evidence files instead of plans, or one plan.")
    return _each(inputs, platforms, settings, callbacks, cache.path_for_all(inputs))


def _each(
    inputs: Sequence[Path], platforms: Sequence[str], settings: Settings, callbacks: Callbacks, shared: Path
) -> Iterator[tuple[Path, Report | AuditorError]]:
    for path in inputs:
        try:
            yield path, audit(load([path], platforms), settings, callbacks, shared)
        except AuditorError as error:
            yield path, error
