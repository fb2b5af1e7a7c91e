"""Shell completion: the values that an option or argument can take."""

from __future__ import annotations

from auditor.formats import names
from auditor.pipeline.catalogue import catalogue, rules
from auditor.plan.areas import REQUIRABLE


def check_ids(incomplete: str) -> list[str]:
    """Return the ids of checks that start with `incomplete`."""
    return sorted(check.id for check in catalogue() if check.id.startswith(incomplete))


def page_ids(incomplete: str) -> list[str]:
    """Return the ids of checks and policy rules that start with `incomplete`."""
    return sorted(rule.id for rule in rules(catalogue()) if rule.id.startswith(incomplete))


def format_names(incomplete: str) -> list[str]:
    """Return the names of formats that start with `incomplete`."""
    return sorted(name for name in names() if name.startswith(incomplete))


def area_names(incomplete: str) -> list[str]:
    """Return the areas of the scope that start with `incomplete`, in the order of the report."""
    return [name for name in REQUIRABLE if name.startswith(incomplete)]
