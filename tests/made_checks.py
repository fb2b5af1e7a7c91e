"""Invented checks and outcomes for tests of the engine and the policy."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator

from auditor.check import Check, Finding, Fine, Outcome, Run, Severity, Subject, Undetermined, define
from auditor.engine import CheckResult, Outcomes
from auditor.evidence.model import Kind
from auditor.site import Requirement, Site
from auditor.testing import site_from

TODAY = datetime.date(2026, 11, 23)
SITE = """
plan: |
  version: 1
  name: plant-7
  pools: {control: {platform: linux/amd64}}
  images: [{ref: "registry.example.com/shop/web:4.2"}]
observed:
  registry.example.com/shop/web:4.2: {platforms: [linux/amd64]}
"""


def small_site() -> Site:
    """A site with one image for one Linux pool, in order."""
    return site_from(SITE)


def finding(
    check: str = "made-up", id: str = "busybox", severity: Severity = Severity.ERROR, pool: str = "", case: str = ""
) -> Finding:
    """A finding about one image."""
    return Finding(Subject("image", id, pool=pool), f"{id} is wrong", case, check=check, severity=severity)


def unknown(check: str = "made-up", id: str = "busybox") -> Undetermined:
    """An undetermined outcome about one image."""
    return Undetermined(Subject("image", id), Kind.UNREACHABLE, "no answer", check=check)


def saying(*outcomes: Outcome) -> Run:
    """A check function that always says the same."""

    def run(_site: Site, _today: datetime.date) -> Iterator[Outcome]:
        yield from outcomes

    return run


def made_check(
    run: Run, id: str = "made-up", severity: Severity = Severity.ERROR, requires: tuple[Requirement, ...] = ()
) -> Check:
    """A check around a function."""
    return define(run, id=id, title=f"About {id}", family="images", severity=severity, requires=requires)


def result(outcomes: Iterable[Outcome], id: str = "made-up") -> CheckResult:
    """What a check would have said."""
    listed = tuple(outcomes)
    findings = tuple(item for item in listed if isinstance(item, Finding))
    undetermined = tuple(item for item in listed if isinstance(item, Undetermined))
    fine = sum(item.count for item in listed if isinstance(item, Fine))
    return CheckResult(made_check(saying(), id), findings, undetermined, fine + len({item.subject for item in findings}))


def outcomes_of(*results: CheckResult, site: Site | None = None) -> Outcomes:
    """The outcomes of a run."""
    return Outcomes(site or small_site(), results)
