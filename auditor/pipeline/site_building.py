"""Build the site that checks examine: the plan, its needs, and evidence that is opened or collected in this run."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from auditor.errors import UsageError, strerror
from auditor.evidence.dated import Dated
from auditor.evidence.model import Place
from auditor.evidence.overlay import Overlaid, Unanswered
from auditor.evidence.places import COMMAND, noted_places
from auditor.evidence.store import Store
from auditor.needs.model import Needs
from auditor.pipeline import cache
from auditor.pipeline.callbacks import Callbacks, Notice
from auditor.pipeline.settings import Settings, places_of
from auditor.plan.model import PLAN_OF_LISTS, Plan
from auditor.policy.evidence_age import Basis
from auditor.site import Site
from auditor.text import duration, many


@dataclass(frozen=True, slots=True)
class OpenEvidence:
    """An evidence file that is open for all plans of a fleet, and its SHA-256."""

    store: Store
    sha256: str


@dataclass(frozen=True, slots=True)
class Shared:
    """What the plans of a fleet share: the cache file, and the evidence file if one is given."""

    cache: Path | None = None
    evidence: OpenEvidence | None = None


@dataclass(frozen=True, slots=True)
class EvidenceSource:
    """Where the evidence of an audit comes from.

    `origin` is `file`, `cache`, `run` (collected in this run) or `none`, as in the report. `path` is the evidence file; for
    `run`, the file to collect into. `carries_plan`: the plan was loaded from this file.
    """

    origin: str
    path: Path | None = None
    carries_plan: bool = False
    shared: OpenEvidence | None = None


def source_of(plan: Plan, carried_in: Path | None, settings: Settings, shared: Shared | None = None) -> EvidenceSource:
    """Choose the evidence: a file that is given, else the cache if the run is offline, else a collection.

    `carried_in` is the evidence file that the plan was loaded from.
    """
    shared = shared or Shared()
    if settings.evidence is not None and shared.evidence is not None:
        return EvidenceSource("file", settings.evidence, shared=shared.evidence)
    if given := settings.evidence or carried_in:
        return EvidenceSource("file", given, carries_plan=carried_in is not None)
    if not settings.offline:
        return EvidenceSource("run", shared.cache or cache.path_for(plan))
    path = cache.to_read(shared.cache or cache.path_for(plan)) if settings.use_cache else None
    return EvidenceSource("cache" if path is not None else "none", path)


@contextmanager
def site_of(
    plan: Plan, needs: Needs, source: EvidenceSource, settings: Settings, ca: bytes, callbacks: Callbacks
) -> Iterator[tuple[Site, Basis]]:
    """Yield the site and the basis of its evidence, which stays open inside the block."""
    unanswered: Unanswered = {}
    if source.origin == "run" and source.path is not None:
        unanswered = _gathered(plan, needs, source.path, settings, ca, callbacks)
    with nullcontext(source.shared.store) if source.shared is not None else opened(source.path) as store:
        dated = Dated(Overlaid(store, unanswered) if unanswered else store)
        site = Site(plan, needs, dated, _places(store, source, settings, plan), settings.gathering.verify)
        _notice_mismatches(site, callbacks)
        yield site, _basis(store, dated, source, settings.now)


def opened(path: Path | None) -> AbstractContextManager[Store]:
    """Open an evidence file to read, or an empty store in memory."""
    return Store.memory() if path is None else Store.open(path)


def _gathered(plan: Plan, needs: Needs, path: Path, settings: Settings, ca: bytes, callbacks: Callbacks) -> Unanswered:
    """Collect into the cache. Return the requests that failed now although an earlier run saw an answer."""
    from auditor.pipeline.gather import gather  # noqa: PLC0415 - it imports the collectors

    done = gather(plan, needs, cache.to_write(path), settings.gathering, ca, callbacks)
    callbacks.notice(Notice(f"{many(done.requests, 'request')} in {duration(done.seconds)}"))
    if done.unanswered:
        callbacks.notice(
            Notice(
                f"{len(done.unanswered)} requests failed that succeeded in an earlier run, so their checks are undetermined. "
                "Use --offline to evaluate the earlier evidence."
            )
        )
    return done.unanswered


def _places(store: Store, source: EvidenceSource, settings: Settings, plan: Plan) -> frozenset[Place]:
    """Return the places to examine: those of `--via`, else those that the evidence was collected for."""
    via = settings.gathering.via
    noted = noted_places(store) if source.origin == "file" and not via else frozenset()
    return noted or places_of(via, plan)


def _basis(store: Store, dated: Dated, source: EvidenceSource, now: datetime.date) -> Basis:
    if source.path is None:
        return Basis(dated, source.origin, now)
    carried_at = store.files_at() if source.carries_plan else None
    return Basis(
        dated,
        source.origin,
        now,
        source.shared.sha256 if source.shared is not None else sha256_of(source.path),
        carried_at,
        store.is_sealed,
        store.meta("tool.version"),
        store.meta(COMMAND),
        tuple(sorted(noted_places(store))),
    )


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal as `sha256sum` prints it. Raises UsageError."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UsageError(f"{path}: {strerror(error)}", "Check its permissions.") from error


def _notice_mismatches(site: Site, callbacks: Callbacks) -> None:
    """Report once why a whole list fails for a platform. Only bare lists take their platforms from the command line."""
    if site.plan.path != PLAN_OF_LISTS or not (mismatches := site.list_platforms.mismatches):
        return
    hint = f"`--platform` applies to every list. Give each list its own: {site.list_platforms.command}"
    for number, found in enumerate(mismatches, 1):
        message = f"no image of {found.file} has a manifest for {found.pool.platform} ({found.images} examined)"
        callbacks.notice(Notice(message, hint if number == len(mismatches) else ""))
