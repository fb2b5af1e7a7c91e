"""Where a connected audit keeps its evidence, so that the next one asks only what has changed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from auditor.errors import UsageError, strerror
from auditor.plan.model import PLAN_OF_LISTS, ImageSource, Plan

_HINT = "Set AUDITOR_CACHE to a folder that can be written."


def folder() -> Path:
    """`$AUDITOR_CACHE`, else `airgap-auditor` under the user's cache folder. Nothing is made. Raises UsageError."""
    if chosen := os.environ.get("AUDITOR_CACHE"):
        return Path(chosen)
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "airgap-auditor"
    except RuntimeError as error:  # a user id without a name and without HOME, as containers have them
        raise UsageError("nobody knows where this user's home is", _HINT) from error


def _key(plan: Plan) -> str:
    """What tells plans apart: their absolute path; for bare lists, that of each list with its platforms."""
    if plan.path != PLAN_OF_LISTS:
        return str(Path(plan.path).absolute())
    lists = sorted(_list_key(source, plan) for source in plan.images)
    return "\n".join([*lists, *sorted(str(pool.platform) for pool in plan.pools)])


def _list_key(source: ImageSource, plan: Plan) -> str:
    path = str(Path(source.list).absolute())
    return path if len(source.pools) == len(plan.pools) else f"{path}={','.join(sorted(source.pools))}"


def path_for(plan: Plan) -> Path:
    """The evidence file for a plan, so that two plans never share tags of one moment."""
    return _file(_key(plan))


def path_for_all(inputs: Iterable[Path]) -> Path:
    """The evidence file that several plans share, which are audited one after the other."""
    return _file("\n".join(sorted(str(path.absolute()) for path in inputs)))


def to_write(path: Path) -> Path:
    """The same path, its folder made. Raises UsageError when that cannot be done."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{path.parent}: cannot write: {strerror(error)}", _HINT) from error
    return path


def to_read(path: Path) -> Path | None:
    """The same path, None where nothing was kept there. It makes nothing: the disk may be read-only. Raises UsageError."""
    try:
        return path if path.exists() else None
    except OSError as error:
        raise UsageError(f"{path}: {strerror(error)}", "Set AUDITOR_CACHE to a folder that can be read.") from error


def _file(key: str) -> Path:
    name = hashlib.sha256(key.encode(errors="surrogateescape")).hexdigest()[:16]
    return folder() / f"{name}.evidence"
