"""Differences between two reports: findings, undetermined outcomes, images, egress, areas and the verdict."""

from auditor.diff.compare import Difference, compare
from auditor.diff.rendering import as_json, as_text

__all__ = ["Difference", "as_json", "as_text", "compare"]
