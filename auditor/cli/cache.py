"""Where a connected audit keeps its evidence, so that the next one asks only what has changed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from auditor.errors import UsageError
from auditor.plan.model import Plan


def folder() -> Path:
    """`$AUDITOR_CACHE`, else `airgap-auditor` under the user's cache folder."""
    if chosen := os.environ.get("AUDITOR_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "airgap-auditor"


def path_for(plan: Plan) -> Path:
    """The evidence file for a plan, by its absolute path, so that two plans never share tags of one moment."""
    key = hashlib.sha256(str(Path(plan.path).absolute()).encode()).hexdigest()[:16]
    try:
        folder().mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder()}: {error.strerror}", "Set AUDITOR_CACHE to a folder that can be written.") from error
    return folder() / f"{key}.evidence"
