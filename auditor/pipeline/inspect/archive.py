"""Read one archive, or a folder of archives: the images in it, platform by platform, and its defects."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from auditor.collectors.archives import UnreadableArchive, archives_in, read_archive
from auditor.errors import UsageError
from auditor.evidence.store import Store
from auditor.oci.archive import ArchivedImage, Defect, Inventory
from auditor.oci.reference import parse_reference
from auditor.oci.unpacked import UnpackedSeen
from auditor.pipeline.inspect.rows import GUESS, Placed, PlatformRow, plan_for, platforms_in, rows_of
from auditor.site.archives.evidence import Archive, InArchive
from auditor.site.survey import Survey
from auditor.text import short_digest

MAX_IMAGES = 2_000
_HINT = "Name an archive of images, an OCI layout, or the folder that holds some."
_ROOT = parse_reference("archive.invalid/image:1")  # stands for each image: in an archive it may have no name, or several


@dataclass(frozen=True, slots=True)
class ImagePlatforms:
    """One image of an archive, platform by platform."""

    image: ArchivedImage
    rows: tuple[PlatformRow, ...]


@dataclass(frozen=True, slots=True)
class Inspected:
    """One archive that was read."""

    path: Path
    inventory: Inventory
    held: tuple[ImagePlatforms, ...]

    @property
    def is_sound(self) -> bool:
        """Whether every reader accepts it. A defect that only strict readers reject does not count."""
        return all(problem.defect is Defect.LAX for problem in self.inventory.problems)


def inspect_archives(path: Path, progress: Callable[[str, int, int], None] | None) -> list[Inspected]:
    """Read the archive at a path, or the archives in a folder. Raises UsageError if one is missing or unreadable."""
    try:
        found = archives_in(path)
        if not found:
            raise UsageError(f"{path} is a folder without archives of images", _HINT)
        return [_inspected(archive, progress) for archive in found]
    except UnreadableArchive as error:
        raise UsageError(error.summary, _HINT) from error


def _inspected(path: Path, progress: Callable[[str, int, int], None] | None) -> Inspected:
    read = read_archive(path, progress=partial(progress, str(path)) if progress else None)
    at = datetime.datetime.now(tz=datetime.UTC)
    with Store.memory() as store:
        for digest, content in read.documents.items():
            store.put_document(digest, content.media_type, content.body, str(path), at, str(path))
        archive = Archive(str(path), read.inventory, at)
        images = read.inventory.images[:MAX_IMAGES]
        rows = rows_of([_placed(store, archive, image, read.unpacked) for image in images])
    held = tuple(ImagePlatforms(image, its_rows) for image, its_rows in zip(images, rows, strict=True))
    return Inspected(path, read.inventory, held)


def _placed(store: Store, archive: Archive, image: ArchivedImage, told: Mapping[str, UnpackedSeen]) -> Placed:
    """Resolve one image on all its platforms: a first pass finds the platforms, a second one resolves them."""
    evidence = InArchive(store, archive, {str(_ROOT): image})
    platforms = [GUESS]
    for _ in range(2):
        plan, needs = plan_for(_ROOT, platforms)
        images = Survey(plan, needs, evidence).images()
        platforms = platforms_in(images.images[_ROOT].document, evidence, _ROOT.repository) or platforms
    return Placed(next(iter(image.names), short_digest(image.digest)), images.placements, evidence, told.get)
