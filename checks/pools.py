"""What checks over pools share."""

from __future__ import annotations

from auditor.check import Subject
from auditor.plan.model import Pool


def pool_subject(pool: Pool) -> Subject:
    """The pool as a subject."""
    return Subject("pool", pool.name, str(pool.platform), pool.name)
