"""The sites on which properties of all checks are tested: every example of every check, and the example plant-7."""

from __future__ import annotations

import datetime
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from auditor.evidence.model import Evidence, Place
from auditor.evidence.places import noted_places
from auditor.needs.model import Needs
from auditor.needs.resolve import resolve_needs
from auditor.pipeline.inputs import plan_in
from auditor.pipeline.site_building import opened
from auditor.plan.model import Plan
from auditor.site import Site
from auditor.testing import site_of
from auditor.testing.example_values import day

ROOT = Path(__file__).parent.parent
TODAY = datetime.date(2026, 11, 23)
_OPEN = ExitStack()  # evidence files stay open to the end of the tests


@dataclass(frozen=True)
class Examined:
    """What a site is made of; `made` gives one with other evidence, without the views that were computed before."""

    name: str
    plan: Plan
    needs: Needs
    evidence: Evidence
    places: frozenset[Place]
    today: datetime.date

    def made(self, evidence: Evidence | None = None) -> Site:
        """A site of it."""
        return Site(self.plan, self.needs, evidence or self.evidence, self.places)


@cache
def examples() -> tuple[Examined, ...]:
    """Every example of every check."""
    found = []
    for path in sorted((ROOT / "checks" / "examples").glob("*.yaml")):
        for form in yaml.safe_load(path.read_text(encoding="utf-8")):
            site = site_of(form)
            name = f"{path.stem}: {form['name']}"
            found.append(Examined(name, site.plan, site.needs, site.evidence, site.places, day(form.get("today", TODAY))))
    return tuple(found)


@cache
def plant_7() -> Examined:
    """The example with every kind of evidence, from its evidence file alone."""
    path = ROOT / "examples" / "plant-7" / "plant-7.evidence"
    plan = plan_in(path)
    store = _OPEN.enter_context(opened(path))
    return Examined("plant-7", plan, resolve_needs(plan), store, noted_places(store), TODAY)
