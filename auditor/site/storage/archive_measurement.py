"""The size on disk of archives that were read."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.oci.archive import Inventory
from auditor.site.archives.evidence import Archive
from auditor.site.archives.view import Archives
from auditor.site.images import Placement
from auditor.site.storage.archive_set import ArchiveFile, ArchiveSet
from auditor.site.storage.image_sets import owned_blobs
from auditor.sizing.archive_formats import ArchiveFormat
from auditor.sizing.budget import Budget, combined, deduplicated
from auditor.sizing.ranged import exact, known
from auditor.text import many

_REST = "headers, and content that no pool needs"


def measured_archives(archives: Archives, form: ArchiveFormat | None, pool: str = "") -> ArchiveSet:
    """Return all archives that were read, or those with content for a pool. Unread ones have unknown size."""
    held = [held for held in archives.held if held.entry is not None and pool in {"", held.placement.pool.name}]
    paths = {held.entry.archive.path for held in held if held.entry is not None}
    read = [archive for archive in archives.read if not pool or archive.path in paths]
    blobs = deduplicated(owned_blobs(held.placement for held in held))
    total = sum(archive.inventory.bytes for archive in read)
    rest = deduplicated([(_REST, [exact("rest", total - blobs.bytes)])] if total > blobs.bytes else [])
    budget = combined(blobs, rest) if blobs.bytes <= total else _by_archive(read)
    files = tuple(_file(archive.path, archive.inventory) for archive in read)
    how = f"the size of {many(len(files), 'archive')} on the disk"
    spare = _spare(read, [held.placement for held in archives.held])
    return ArchiveSet(known(budget), files, how, tuple(archives.unread), form, is_measured=True, spare=spare)


def _by_archive(archives: Iterable[Archive]) -> Budget:
    """Return one share per archive: in a compressed archive the part of an image is unknown."""
    return deduplicated((archive.path, [exact(archive.path, archive.inventory.bytes)]) for archive in archives)


def _file(path: str, inventory: Inventory) -> ArchiveFile:
    size = inventory.largest if inventory.is_folder else inventory.bytes
    name = f"the largest file in {path}" if inventory.is_folder else path
    return ArchiveFile(name, size, size, size, path, inventory.is_folder)


def _spare(archives: Iterable[Archive], placements: Iterable[Placement]) -> int:
    """Return the bytes of blobs that no image of the plan needs on any of its platforms."""
    needed = {blob.digest for _, blobs in owned_blobs(placements) for blob in blobs}
    if not needed:
        return 0
    return sum(size for archive in archives for digest, size in archive.inventory.blobs.items() if digest not in needed)
