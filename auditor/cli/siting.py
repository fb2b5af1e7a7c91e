"""From what a command was given to the site that checks look at: with evidence as it is, or gathered just now."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from auditor.cli import cache
from auditor.cli.gathering import gather
from auditor.cli.inputs import Given, opened
from auditor.cli.options import places_of
from auditor.cli.saying import note
from auditor.collectors.registry.retries import TIMEOUT
from auditor.errors import UsageError, strerror
from auditor.evidence.dated import Dated
from auditor.evidence.model import Place, Verify
from auditor.evidence.overlay import Overlaid, Unanswered
from auditor.evidence.places import noted_places
from auditor.evidence.store import Store
from auditor.needs.model import Needs
from auditor.needs.resolve import resolve_needs
from auditor.plan.model import Plan
from auditor.policy.evidence_age import Basis
from auditor.site import Site
from auditor.text import duration, many


@dataclass(frozen=True, slots=True)
class Asked:
    """How to ask hosts, if they are asked. `ca` (PEM or DER) is trusted for all registries that lists name.
    `timeout` (seconds) is how long a host may be silent."""

    offline: bool
    jobs: int | None
    verify: Verify = Verify.SIZE
    ca: bytes = b""
    timeout: float = TIMEOUT


def _gathered(given: Given, needs: Needs, places: frozenset[Place], path: Path, asked: Asked) -> tuple[Path | None, Unanswered]:
    """Where the evidence lies, and what got no answer just now: the cache at `path`, brought up to date unless offline."""
    if asked.offline:
        return cache.to_read(path), {}
    done = gather(given.plan, needs, cache.to_write(path), places, asked.jobs, asked.verify, asked.ca, asked.timeout)
    note(f"auditor: {many(done.requests, 'request')} in {duration(done.seconds)}")
    if done.unanswered:
        note(
            f"auditor: {len(done.unanswered)} requests failed that succeeded in an earlier run, so their checks are "
            "undetermined. Use --offline to evaluate the earlier evidence."
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
    asked: Asked,
    *,
    now: datetime.date,
    shared: Path | None = None,
) -> Iterator[tuple[Site, Basis]]:
    """The site and its evidence, as long as that is open: that which was given, else the cache of the plan, or a shared one."""
    needs = resolve_needs(given.plan)
    unanswered: Unanswered = {}
    source = evidence or given.evidence
    if source is None:
        path = shared or cache.path_for(given.plan)
        places = places_of(via, given.plan)
        source, unanswered = _gathered(given, needs, places, path, asked)
    with opened(source) as store:
        is_fresh = evidence is None and given.evidence is None
        places = _looked_at(store, via, given.plan, is_fresh=is_fresh)
        origin = "none" if source is None else "file" if not is_fresh else "cache" if asked.offline else "run"
        dated = Dated(Overlaid(store, unanswered) if unanswered else store)
        carried_at = store.files_at() if given.evidence is not None else None
        basis = Basis(dated, origin, now)
        if source is not None:
            basis = replace(basis, sha256=sha256_of(source), carried_at=carried_at, is_sealed=store.is_sealed)
        yield Site(given.plan, needs, dated, places, asked.verify), basis


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, hexadecimal: what `sha256sum` prints. Raises UsageError."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UsageError(f"{path}: {strerror(error)}", "Check its permissions.") from error
