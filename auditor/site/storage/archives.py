"""The archives that were read: their bytes as they lie there."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.oci.archive import Inventory
from auditor.site.archives.evidence import Archive
from auditor.site.archives.view import Archives
from auditor.site.images import Placement
from auditor.site.storage.load import CarriedFile, Load
from auditor.site.storage.payloads import owned
from auditor.sizing.archive_formats import ArchiveFormat
from auditor.sizing.budget import Budget, combined, deduplicated
from auditor.sizing.ranged import exact, known
from auditor.text import many

_REST = "headers, and what no pool needs"


def measured(archives: Archives, form: ArchiveFormat | None, pool: str = "") -> Load:
    """Archives that were read: all, or those that hold something for a pool. What could not be read is of unknown size."""
    held = [held for held in archives.held if held.entry is not None and pool in {"", held.placement.pool.name}]
    paths = {held.entry.archive.path for held in held if held.entry is not None}
    read = [archive for archive in archives.read if not pool or archive.path in paths]
    blobs = deduplicated(owned(held.placement for held in held))
    total = sum(archive.inventory.bytes for archive in read)
    rest = deduplicated([(_REST, [exact("rest", total - blobs.bytes)])] if total > blobs.bytes else [])
    budget = combined(blobs, rest) if blobs.bytes <= total else _by_archive(read)
    files = tuple(_file(archive.path, archive.inventory) for archive in read)
    how = f"the size of {many(len(files), 'archive')} on the disk"
    spare = _spare(read, [held.placement for held in archives.held])
    return Load(known(budget), files, how, tuple(archives.unread), form, is_measured=True, spare=spare)


def _by_archive(archives: Iterable[Archive]) -> Budget:
    """One share for each archive: where they are compressed, nobody can tell what an image takes."""
    return deduplicated((archive.path, [exact(archive.path, archive.inventory.bytes)]) for archive in archives)


def _file(path: str, inventory: Inventory) -> CarriedFile:
    size = inventory.largest if inventory.is_folder else inventory.bytes
    name = f"the largest file in {path}" if inventory.is_folder else path
    return CarriedFile(name, size, size, size, path, inventory.is_folder)


def _spare(archives: Iterable[Archive], placements: Iterable[Placement]) -> int:
    """The bytes of blobs that belong to no image of the plan on a platform of it."""
    needed = {blob.digest for _, blobs in owned(placements) for blob in blobs}
    if not needed:
        return 0
    return sum(size for archive in archives for digest, size in archive.inventory.blobs.items() if digest not in needed)
