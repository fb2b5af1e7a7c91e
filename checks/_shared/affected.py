"""The cells of the image matrix that an outcome affects, for checks whose subject is not the image itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from auditor.check import Affected
from auditor.oci.reference import Reference
from auditor.site import Site
from auditor.site.images import Placement, Standing

NOTHING: tuple[Affected, ...] = ()
EVERYTHING = (Affected(),)
_RUNS = frozenset({Standing.OK, Standing.FALLBACK})


def of_pairs(pairs: Iterable[tuple[str, str]]) -> tuple[Affected, ...]:
    """Return the cells of `(image, pool)` pairs, with one entry for all images of the same pools."""
    pools: dict[str, dict[str, None]] = {}
    for image, pool in pairs:
        pools.setdefault(image, {})[pool] = None
    images: dict[tuple[str, ...], list[str]] = {}
    for image, own in pools.items():
        images.setdefault(tuple(own), []).append(image)
    return tuple(Affected(tuple(names), own) for own, names in images.items())


def of_placements(placements: Iterable[Placement]) -> tuple[Affected, ...]:
    """Return the cells of the placements."""
    return of_pairs((placement.image.name, placement.pool.name) for placement in placements)


def not_arrived(site: Site) -> tuple[Affected, ...]:
    """Return the cells of all images not observed in the internal registry: these depend on the copy."""
    return of_placements(waiting(site, site.target.placements)) if site.target is not None else EVERYTHING


def waiting(site: Site, placements: Iterable[Placement]) -> list[Placement]:
    """Return the placements that were not observed in the internal registry."""
    there = {placement.need for placement in site.target.placements if _is_there(placement)} if site.target is not None else ()
    return [placement for placement in placements if placement.need not in there]


def waits_for_copy(site: Site, image: str) -> bool:
    """Whether nodes depend on a copy of the image: for some pool, it was not observed in the internal registry."""
    placements = site.target.placements if site.target is not None else ()
    return site.target is None or bool(waiting(site, (one for one in placements if one.image.name == image)))


def not_held(site: Site, archives: Iterable[str]) -> tuple[Affected, ...]:
    """Return the cells that depend on `archives` (paths): neither the internal registry nor another archive has them."""
    assert site.archives is not None  # noqa: S101 - the caller examines archives
    paths = frozenset(archives)
    elsewhere: set[Reference] = {
        reference
        for reference, entries in site.archives.entries.items()
        if any(entry.archive.path not in paths for entry in entries)
    }
    return of_placements(one for one in waiting(site, site.images.placements) if one.image.reference not in elsewhere)


def in_archive(site: Site, path: str) -> tuple[Affected, ...]:
    """Return the cells of the images that only the archive at `path` contains."""
    assert site.archives is not None  # noqa: S101 - the caller examines archives
    held = {
        str(reference)
        for reference, entries in site.archives.entries.items()
        if any(entry.archive.path == path for entry in entries)
    }
    return tuple(
        replace(one, images=images)
        for one in not_held(site, (path,))
        if (images := tuple(name for name in one.images if name in held))
    )


def partly(affected: tuple[Affected, ...]) -> tuple[Affected, ...]:
    """Return the same cells, marked as failing in part."""
    return tuple(replace(one, is_partial=True) for one in affected)


def _is_there(placement: Placement) -> bool:
    return placement.resolution.payload is not None and placement.standing in _RUNS
