"""What changed between two reports: findings, questions, images, egress and the verdict, with nothing but the reports."""

from auditor.diff.compare import Difference, compare
from auditor.diff.rendering import as_json, as_text

__all__ = ["Difference", "as_json", "as_text", "compare"]
