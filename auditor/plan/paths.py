"""How the files of a plan are named: in evidence, in findings and in the plan's own values."""

from __future__ import annotations

import posixpath


def normal(path: str) -> str:
    """A path as evidence and findings name it: `/` between parts, no `.` parts."""
    return posixpath.normpath(path.replace("\\", "/"))
