"""Audit several plans in one run. They share the evidence of the run, and an invalid plan does not stop the others."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from auditor.errors import AuditorError, UsageError
from auditor.pipeline import cache
from auditor.pipeline.audit import audit
from auditor.pipeline.callbacks import SILENT, Callbacks
from auditor.pipeline.inputs import is_evidence, load
from auditor.pipeline.settings import Settings
from auditor.pipeline.site_building import OpenEvidence, Shared, opened, sha256_of
from auditor.report import Report

_CLEAN_EVERY = 20  # sites


def refuse_single(inputs: Sequence[Path], settings: Settings) -> None:
    """Raise UsageError for settings that fit only one plan."""
    if settings.baseline is not None:
        raise UsageError("--baseline is for one plan", "Audit one plan, or leave `--baseline` out.")
    carried = [path for path in inputs if settings.evidence is not None and path.exists() and is_evidence(path)]
    if carried:
        hint = "Give plans, or leave `--evidence` out."
        raise UsageError(f"{carried[0]}: it is evidence, and --evidence names another file", hint)


class Fleet:
    """The plans of one run. They share the cache, and the evidence file of `settings`, which is opened and verified once."""

    def __init__(
        self, inputs: Sequence[Path], platforms: Sequence[str], settings: Settings, callbacks: Callbacks = SILENT
    ) -> None:
        """Open the evidence file, if any. Raises EvidenceError and UsageError."""
        self._platforms, self._settings, self._callbacks = platforms, settings, callbacks
        self._stack = ExitStack()
        self._audited = 0
        evidence = None
        if settings.evidence is not None:
            evidence = OpenEvidence(self._stack.enter_context(opened(settings.evidence)), sha256_of(settings.evidence))
        self._shared = Shared(cache.path_for_all(inputs), evidence)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the evidence file."""
        self._stack.close()

    def audit(self, path: Path) -> Report | AuditorError:
        """Return the report of one input, or the error that prevented it. Raises Interrupted if a signal ends the run."""
        self._audited += 1
        if self._audited % _CLEAN_EVERY == 0:
            gc.collect()  # the command line switches the collector off, and a site has cycles
        try:
            return audit(load([path], self._platforms), self._settings, self._callbacks, self._shared)
        except AuditorError as error:
            return error
