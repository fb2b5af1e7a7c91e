"""From what a command was given to the site that checks look at: with evidence as it is, or gathered just now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from auditor.cli import cache
from auditor.cli.gathering import gather
from auditor.cli.inputs import Given, opened
from auditor.cli.options import places_of
from auditor.cli.saying import note
from auditor.evidence.model import Place, Verify
from auditor.evidence.overlay import Overlaid, Unanswered
from auditor.evidence.places import noted_places
from auditor.evidence.store import Store
from auditor.plan.model import Needs, Plan
from auditor.plan.needs import resolve_needs
from auditor.site import Site


def _gathered(
    given: Given, needs: Needs, places: frozenset[Place], path: Path, *, offline: bool, jobs: int, verify: Verify
) -> tuple[Path | None, Unanswered]:
    """Where the evidence lies, and what got no answer just now: the cache at `path`, brought up to date unless offline."""
    if offline:
        return cache.to_read(path), {}
    done = gather(given.plan, needs, cache.to_write(path), places, jobs, verify)
    if done.unanswered:
        note(
            f"auditor: {len(done.unanswered)} questions got no answer today, although an earlier run saw one: "
            "undetermined. --offline judges what was seen."
        )
    return path, done.unanswered


def _looked_at(store: Store, via: list[Place] | None, plan: Plan, *, is_fresh: bool) -> frozenset[Place]:
    """The places that the site is judged on: those named; else those that the evidence was collected for."""
    noted = noted_places(store)
    return places_of(via, plan) if via or is_fresh or not noted else noted


@contextmanager
def sited(
    given: Given,
    evidence: Path | None,
    via: list[Place] | None,
    *,
    offline: bool,
    jobs: int,
    shared: Path | None = None,
    verify: Verify = Verify.SIZE,
) -> Iterator[Site]:
    """The site, as long as its evidence is open: that which was given, else the cache of the plan, or one that is shared."""
    needs = resolve_needs(given.plan)
    unanswered: Unanswered = {}
    source = evidence or given.evidence
    if source is None:
        path = shared or cache.path_for(given.plan)
        places = places_of(via, given.plan)
        source, unanswered = _gathered(given, needs, places, path, offline=offline, jobs=jobs, verify=verify)
    with opened(source) as store:
        is_fresh = evidence is None and given.evidence is None
        places = _looked_at(store, via, given.plan, is_fresh=is_fresh)
        yield Site(given.plan, needs, Overlaid(store, unanswered) if unanswered else store, places, verify)
