"""Remedies of small sites, as the command makes them."""

from __future__ import annotations

import copy
import datetime
from typing import Any

import yaml

from auditor.check import Finding
from auditor.engine import evaluate
from auditor.fix.fix_files import Joins, Written
from auditor.fix.remedies import remedies
from auditor.fix.reported import of_finding
from auditor.site import Site
from auditor.testing import site_from, site_of
from checks import CATALOGUE

TODAY = datetime.date(2026, 11, 23)


def written(site: Site | str) -> dict[str, Written]:
    """What is written for a site, or for the form of one, by path."""
    made = site_from(site) if isinstance(site, str) else site
    results = evaluate(made, CATALOGUE, TODAY).results
    found = tuple(of_finding(finding) for result in results for finding in result.findings)
    return {file.path: file for file in remedies(made, found, (), "0.0", TODAY)}


def checks_of(file: Written) -> set[str]:
    """The checks whose findings a file fixes."""
    return {finding.check for finding in file.resolves}


def after(form: dict[str, Any], files: dict[str, Written]) -> dict[str, Any]:
    """The form with every written file at its place, and named by the plan where it was not: what a user does by hand."""
    changed = copy.deepcopy(form)
    plan = yaml.safe_load(changed["plan"])
    for file in files.values():
        if not file.place:
            continue
        changed.setdefault("files", {})[file.place] = file.text
        if file.joins in {Joins.CONFIG, Joins.TRUST}:
            named = plan["pools"][file.pools[0]].setdefault(file.joins.value, [])
            if not any(file.place == name or file.place.startswith(f"{name}/") for name in named):
                named.append(file.place)
    lists = [file for file in files.values() if file.joins is Joins.LIST]
    if lists := [file for file in lists if "-pinned" in file.path] or lists:
        plan["images"] = [{"list": file.place, "pools": [*file.pools]} for file in lists]
    changed["plan"] = yaml.safe_dump(plan, sort_keys=False)
    return changed


def found(form: dict[str, Any]) -> dict[str, Finding]:
    """The findings of a site, by fingerprint."""
    results = evaluate(site_of(form), CATALOGUE, TODAY).results
    return {finding.fingerprint: finding for result in results for finding in result.findings}


def assert_circle(form: dict[str, Any], *, again: bool = True) -> dict[str, Written]:
    """What is written resolves every finding that a configuration file claims, and a second run writes no such file."""
    files = written(site_of(form))
    claims = {finding.fingerprint for file in files.values() if file.place for finding in file.resolves}
    assert claims
    later = after(form, files)
    assert not claims & found(later).keys()
    if again:
        assert not [path for path, file in written(site_of(later)).items() if file.place or path.startswith("nodes/")]
    return files
