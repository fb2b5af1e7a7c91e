"""The starter plan that `auditor init` writes. It loads unchanged, and shows every part commented out."""

from __future__ import annotations

from auditor.own_files import text_in


def starter_plan() -> str:
    """Return the text of the starter plan."""
    return text_in("auditor.plan", "starter.yaml")
