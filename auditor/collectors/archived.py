"""The archives of a plan as evidence: each is read once, and again only if it has changed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from auditor.collectors.archives import UnreadableArchive, archives_in, read_archive, seal_of
from auditor.collectors.registry.answers import now
from auditor.errors import AuditorError, unexpected
from auditor.evidence.model import Absent, ArchiveSeen, Failed, Kind, Observation, Seen
from auditor.evidence.store import Store
from auditor.plan.model import Plan
from auditor.plan.off_limits import HINT, why_off_limits
from auditor.plan.plan_paths import below, is_inside, normal

Reading = Callable[[str, int, int], None] | None


def observe_archives(plan: Plan, store: Store, reading: Reading = None) -> None:
    """Read the archives at the plan's paths. A missing or unreadable archive is evidence too."""
    names = [normal(name) for name in (plan.copy.archives if plan.copy else ())]
    folder = Path(plan.path).parent
    known = store.archives()
    for path in known:
        if not any(is_inside(path, name) for name in names):
            store.drop_archive(path)
    for name in names:
        found = _found(folder, name)
        for path in known:
            if is_inside(path, name) and path not in found:
                store.drop_archive(path)  # a folder of archives has changed
        for path, problem in found.items():
            store.put_archive(path, problem or _observed(folder, path, known.get(path), store, reading))
            store.commit()


def _found(folder: Path, name: str) -> dict[str, Absent | Failed | None]:
    """Return the archives for a path in the plan, by their names in evidence, with the reason for a missing one."""
    if why := why_off_limits(folder / name):
        return {name: Failed(Kind.UNSUPPORTED, f"{why}: {HINT}", now(), name)}
    try:
        paths = archives_in(folder / name)
    except UnreadableArchive as error:
        return {name: _failure(error, name)}
    if not paths:
        return {name: Absent("this folder contains no archive", now(), name)}
    return {below(name, path.relative_to(folder / name).as_posix()): None for path in paths}


def _failure(error: UnreadableArchive, name: str) -> Absent | Failed:
    if isinstance(error.__cause__, FileNotFoundError):
        return Absent("there is no such file", now(), name)
    return Failed(Kind.UNREACHABLE, error.summary, now(), name)


def _observed(
    folder: Path, path: str, before: Observation[ArchiveSeen] | None, store: Store, reading: Reading
) -> Observation[ArchiveSeen]:
    try:
        return _read(folder, path, before, store, reading)
    except UnreadableArchive as error:
        return _failure(error, path)
    except AuditorError:
        raise
    except Exception as error:  # noqa: BLE001 - one archive must not end the run
        return Failed(Kind.BUG, unexpected(f"reading {path}", error), now(), path)


def _read(
    folder: Path, path: str, before: Observation[ArchiveSeen] | None, store: Store, reading: Reading
) -> Observation[ArchiveSeen]:
    """Raises UnreadableArchive."""
    if why := why_off_limits(folder / path):
        return Failed(Kind.UNSUPPORTED, f"{why}: {HINT}", now(), path)
    seal = seal_of(folder / path)
    if isinstance(before, Seen) and before.value.seal == seal:
        return Seen(before.value, now(), before.source)  # the seal was just verified
    read = read_archive(folder / path, progress=partial(reading, path) if reading else None)
    for digest, content in read.documents.items():
        store.put_document(digest, content.media_type, content.body, path, now(), path)
    for digest, told in read.unpacked.items():
        store.put_unpacked(digest, Seen(told, now(), path))
    return Seen(ArchiveSeen(seal, read.inventory), now(), path)
