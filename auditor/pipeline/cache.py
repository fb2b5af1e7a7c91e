"""The cache: the evidence of connected audits, kept per plan, so that the next audit requests only what can have changed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from auditor.errors import UsageError, strerror
from auditor.plan.model import PLAN_OF_LISTS, ImageSource, Plan

_HINT = "Set AUDITOR_CACHE to a writable folder."


def cache_folder() -> Path:
    """Return `$AUDITOR_CACHE`, or `airgap-auditor` in the user's cache folder. Creates nothing. Raises UsageError."""
    if chosen := os.environ.get("AUDITOR_CACHE"):
        return Path(chosen)
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "airgap-auditor"
    except RuntimeError as error:  # a user id without a name and without HOME, which is common in containers
        raise UsageError("the home folder of this user is unknown", _HINT) from error


def _key(plan: Plan) -> str:
    """Return what identifies a plan: its absolute path; for bare lists, the path of each list with its platforms."""
    if plan.path != PLAN_OF_LISTS:
        return str(Path(plan.path).absolute())
    lists = sorted(_list_key(source, plan) for source in plan.images)
    return "\n".join([*lists, *sorted(str(pool.platform) for pool in plan.pools)])


def _list_key(source: ImageSource, plan: Plan) -> str:
    path = str(Path(source.list).absolute())
    return path if len(source.pools) == len(plan.pools) else f"{path}={','.join(sorted(source.pools))}"


def path_for(plan: Plan) -> Path:
    """Return the evidence file of a plan. Two plans never share one, because each records its tags at its own time."""
    return _file(_key(plan))


def path_for_all(inputs: Iterable[Path]) -> Path:
    """Return the evidence file that the plans of one fleet share."""
    return _file("\n".join(sorted(str(path.absolute()) for path in inputs)))


def to_write(path: Path) -> Path:
    """Create the folder of `path` and return `path`. Raises UsageError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{path.parent}: cannot write: {strerror(error)}", _HINT) from error
    return path


def to_read(path: Path) -> Path | None:
    """Return `path`, or None if it does not exist. Creates nothing: the disk may be read-only. Raises UsageError."""
    try:
        return path if path.exists() else None
    except OSError as error:
        raise UsageError(f"{path}: {strerror(error)}", "Set AUDITOR_CACHE to a readable folder.") from error


def _file(key: str) -> Path:
    name = hashlib.sha256(key.encode(errors="surrogateescape")).hexdigest()[:16]
    return cache_folder() / f"{name}.evidence"
