"""The starter plan that `auditor init` writes: it loads as it is, and shows every part commented out."""

from __future__ import annotations

from importlib import resources


def starter_plan() -> str:
    """The text of the starter plan."""
    return resources.files("auditor.plan").joinpath("starter.yaml").read_text(encoding="utf-8")
