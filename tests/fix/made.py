"""Remedies of small sites, as the command makes them."""

from __future__ import annotations

import datetime

from auditor.engine import evaluate
from auditor.fix.remedies import remedies
from auditor.fix.reported import of_finding
from auditor.fix.written import Written
from auditor.site import Site
from checks import CATALOGUE
from tests.world import site_from

TODAY = datetime.date(2026, 11, 23)


def written(site: Site | str) -> dict[str, Written]:
    """What is written for a site, or for the form of one, by path."""
    made = site_from(site) if isinstance(site, str) else site
    results = evaluate(made, CATALOGUE, TODAY).results
    found = tuple(of_finding(finding) for result in results for finding in result.findings)
    return {file.path: file for file in remedies(made, found, (), "0.0", TODAY)}


def checks_of(file: Written) -> set[str]:
    """The checks whose findings a file mends."""
    return {finding.check for finding in file.mends}
