"""What a shell offers for the word that is being typed."""

from __future__ import annotations

from auditor.cli.formats import names
from auditor.cli.selection import catalogue, rules
from auditor.plan.areas import REQUIRABLE


def check_ids(incomplete: str) -> list[str]:
    """The checks whose ids begin so."""
    return sorted(check.id for check in catalogue() if check.id.startswith(incomplete))


def page_ids(incomplete: str) -> list[str]:
    """The checks and rules with a page whose ids begin so."""
    return sorted(rule.id for rule in rules(catalogue()) if rule.id.startswith(incomplete))


def format_names(incomplete: str) -> list[str]:
    """The formats whose names begin so."""
    return sorted(name for name in names() if name.startswith(incomplete))


def area_names(incomplete: str) -> list[str]:
    """The areas of the scope that begin so, in the order of the report."""
    return [name for name in REQUIRABLE if name.startswith(incomplete)]
