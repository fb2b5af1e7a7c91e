"""Where a connected audit keeps its evidence, so that the next one asks only what has changed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from auditor.errors import UsageError, strerror
from auditor.plan.bare_lists import PLAN_OF_LISTS
from auditor.plan.model import Plan


def folder() -> Path:
    """`$AUDITOR_CACHE`, else `airgap-auditor` under the user's cache folder."""
    if chosen := os.environ.get("AUDITOR_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "airgap-auditor"


def _key(plan: Plan) -> str:
    """What tells plans apart: their absolute path; for bare lists, that of each list, and the platforms."""
    if plan.path != PLAN_OF_LISTS:
        return str(Path(plan.path).absolute())
    lists = sorted(str(Path(source.list).absolute()) for source in plan.images)
    return "\n".join([*lists, *sorted(str(pool.platform) for pool in plan.pools)])


def path_for(plan: Plan) -> Path:
    """The evidence file for a plan, so that two plans never share tags of one moment."""
    return _file(_key(plan))


def path_for_all(inputs: Iterable[Path]) -> Path:
    """The evidence file that several plans share, which are audited one after the other."""
    return _file("\n".join(sorted(str(path.absolute()) for path in inputs)))


def _file(key: str) -> Path:
    name = hashlib.sha256(key.encode(errors="surrogateescape")).hexdigest()[:16]
    try:
        folder().mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"{folder()}: cannot write: {strerror(error)}", "Set AUDITOR_CACHE to a folder that can be written."
        ) from error
    return folder() / f"{name}.evidence"
