"""Audit several plans in one run. They share the evidence of the run, and an invalid plan does not stop the others."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from auditor.errors import AuditorError, UsageError
from auditor.pipeline import cache
from auditor.pipeline.audit import audit
from auditor.pipeline.callbacks import SILENT, Callbacks
from auditor.pipeline.inputs import is_evidence, load
from auditor.pipeline.settings import Settings
from auditor.pipeline.site_building import OpenEvidence, Shared, opened, sha256_of
from auditor.report import Report

_CLEAN_EVERY = 20  # sites


def audit_each(
    inputs: Sequence[Path], platforms: Sequence[str], settings: Settings, callbacks: Callbacks = SILENT
) -> Iterator[tuple[Path, Report | AuditorError]]:
    """Audit the inputs one by one. Yield each with its report, or with the error that prevented it.

    With `settings.evidence`, all inputs share that file, which is opened and verified once. Raises UsageError for settings
    that fit only one plan, EvidenceError for a file that cannot be used, and Interrupted if a signal ends the run.
    """
    if settings.baseline is not None:
        raise UsageError("--baseline is for one plan", "Audit one plan, or leave `--baseline` out.")
    carried = [path for path in inputs if settings.evidence is not None and path.exists() and is_evidence(path)]
    if carried:
        hint = "Give plans, or leave `--evidence` out."
        raise UsageError(f"{carried[0]}: it is evidence, and --evidence names another file", hint)
    return _each(inputs, platforms, settings, callbacks)


def _each(
    inputs: Sequence[Path], platforms: Sequence[str], settings: Settings, callbacks: Callbacks
) -> Iterator[tuple[Path, Report | AuditorError]]:
    with ExitStack() as stack:
        evidence = None
        if settings.evidence is not None:
            evidence = OpenEvidence(stack.enter_context(opened(settings.evidence)), sha256_of(settings.evidence))
        shared = Shared(cache.path_for_all(inputs), evidence)
        for number, path in enumerate(inputs, 1):
            try:
                yield path, audit(load([path], platforms), settings, callbacks, shared)
            except AuditorError as error:
                yield path, error
            if number % _CLEAN_EVERY == 0:
                gc.collect()  # the command line switches the collector off, and a site has cycles
