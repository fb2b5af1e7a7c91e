"""Compare the trust table of a report with the outcomes of the trust checks."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Finding, Severity, Undetermined
from auditor.engine import evaluate
from auditor.site import Site
from auditor.site.trust.cases import Prospect, TrustCase
from auditor.site.trust.runtime import RUNTIMES
from checks import CATALOGUE

FAMILY = tuple(check for check in CATALOGUE if check.family == "trust")


def _names(finding: Finding, fact: str) -> tuple[str, ...]:
    found = finding.facts.get(fact, ())
    assert isinstance(found, tuple)
    return found


def concerns(finding: Finding, row: TrustCase) -> bool:
    """Whether a finding speaks of a row: by its subject, and by its facts where it is about several clients."""
    subject, who = finding.subject, f"{row.client} on {row.pool.name}"
    if subject.kind == "pool":
        hosts = {row.endpoint.name, row.endpoint.host}
        return subject.id == row.pool.name and row.client in RUNTIMES and bool(hosts & set(_names(finding, "hosts")))
    if subject.id != row.endpoint.name and not (
        subject.kind == "certificate" and subject.id.startswith(f"{row.endpoint.name}: ")
    ):
        return False
    if "refused_by" in finding.facts:
        return who in _names(finding, "refused_by")
    if subject.pool != row.pool.name:
        return False
    return subject.client == row.client or row.client in _names(finding, "clients")


def _is_asked(question: Undetermined, row: TrustCase) -> bool:
    subject = question.subject
    return (
        subject.id == row.endpoint.name
        and subject.pool in {"", row.pool.name}
        and subject.client in {"", row.client, row.client.lower()}
    )


def disagreements(site: Site, today: datetime.date) -> Iterator[str]:
    """Each row of the trust table that no outcome of a check stands for, or that an error contradicts."""
    results = evaluate(site, FAMILY, today).results
    errors = [one for result in results for one in result.findings if one.severity is Severity.ERROR]
    questions = [one for result in results for one in result.undetermined]
    for row in site.trust(today):
        name = f"{row.endpoint.name} {row.client} on {row.pool.name}: {row.prospect}"
        about = [error for error in errors if concerns(error, row)]
        if row.prospect is Prospect.FAILS and not about:
            yield f"{name}, and no error says so"
        elif row.prospect is Prospect.VERIFIES and about:
            yield f"{name}, beside {about[0].check}: {about[0].message}"
        elif row.prospect is Prospect.UNDETERMINED and not any(_is_asked(one, row) for one in questions):
            yield f"{name}, and no check is undetermined about it"
    for error in errors:
        rows = [row for row in site.trust(today) if concerns(error, row)]
        if error.subject.client and not any(row.prospect is Prospect.FAILS for row in rows):
            yield f"{error.check} of {error.subject}, and no row fails"
