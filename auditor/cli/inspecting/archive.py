"""One archive, or a folder of them: what it holds, platform by platform, and what is wrong with it."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from auditor.cli.inspecting.rows import GUESS, Placed, Row, plan_for, platforms_in, rows_of, table
from auditor.collectors.archives import UnreadableArchive, archives_in, read_archive
from auditor.errors import UsageError
from auditor.evidence.store import Store
from auditor.oci.archive import ArchivedImage, Defect, Inventory
from auditor.oci.reference import parse_reference
from auditor.oci.unpacked import UnpackedSeen
from auditor.site.archives.evidence import Archive, InArchive
from auditor.site.survey import Survey
from auditor.text import format_size, many, short_digest
from reports.cleaning import clean

MAX_IMAGES = 2_000
_HINT = "Name an archive of images, an OCI layout, or the folder that holds some."
_ROOT = parse_reference("archive.invalid/image:1")  # stands for each image: it may have no name, or several


@dataclass(frozen=True, slots=True)
class Held:
    """One image of the archive, platform by platform."""

    image: ArchivedImage
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Inspected:
    """One archive as it was read."""

    path: Path
    inventory: Inventory
    held: tuple[Held, ...]

    @property
    def is_sound(self) -> bool:
        """Whether every reader would take it: a defect that only the strict refuse is shown and does not count."""
        return all(problem.defect is Defect.LAX for problem in self.inventory.problems)


def inspect_archives(path: Path, progress: Callable[[str, int, int], None] | None) -> list[Inspected]:
    """Read the archives that a path stands for. Raises UsageError when there is none, or one cannot be read."""
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
    held = tuple(Held(image, its_rows) for image, its_rows in zip(images, rows, strict=True))
    return Inspected(path, read.inventory, held)


def _placed(store: Store, archive: Archive, image: ArchivedImage, told: Mapping[str, UnpackedSeen]) -> Placed:
    """One image on every platform that it has. First what it is, then what there is of it."""
    evidence = InArchive(store, archive, {str(_ROOT): image})
    platforms = [GUESS]
    for _ in range(2):
        plan, needs = plan_for(_ROOT, platforms)
        images = Survey(plan, needs, evidence).images()
        platforms = platforms_in(images.images[_ROOT].document, evidence, _ROOT.repository) or platforms
    return Placed(next(iter(image.names), short_digest(image.digest)), images.placements, evidence, told.get)


def as_json(archives: Sequence[Inspected]) -> str:
    """For programs: sizes in bytes."""
    return json.dumps({"archives": [_document(archive) for archive in archives]}, indent=2)


def _document(archive: Inspected) -> dict[str, object]:
    inventory = archive.inventory
    return {
        "archive": str(archive.path),
        "format": inventory.format,
        "compression": inventory.compression,
        "bytes": inventory.bytes,
        "entries": inventory.entries,
        "images": [
            {
                "names": list(held.image.names),
                "name_source": held.image.name_source,
                "digest": held.image.digest,
                "media_type": held.image.media_type,
                "derived": held.image.derived,
                "platforms": [asdict(row) for row in held.rows],
            }
            for held in archive.held
        ],
        "image_count": len(inventory.images),
        "blobs": {"count": len(inventory.blobs), "bytes": sum(inventory.blobs.values())},
        "problems": [
            {"entry": problem.entry, "defect": problem.defect.value, "detail": problem.detail, "image": problem.image}
            for problem in inventory.problems
        ],
    }


def as_text(archives: Sequence[Inspected]) -> str:
    """For people."""
    return "\n\n".join("\n".join(_lines(archive)) for archive in archives)


def _lines(archive: Inspected) -> Iterator[str]:
    inventory = archive.inventory
    yield clean(str(archive.path))
    yield f"format    {inventory.format or 'not one of images'}{', ' * bool(inventory.compression)}{inventory.compression}"
    yield f"size      {format_size(inventory.bytes)} in {inventory.entries:,} entries (measured)"
    for held in archive.held:
        yield ""
        yield f"{', '.join(clean(name) for name in held.image.names) or '(no name)'}"
        yield f"digest    {clean(held.image.digest)}{' (derived: the format keeps no manifest)' * held.image.derived}"
        yield table(held.rows, "stored")
    if len(inventory.images) > len(archive.held):
        yield f"… and {many(len(inventory.images) - len(archive.held), 'more image')}"
    yield ""
    stored = format_size(sum(inventory.blobs.values()))
    yield f"images    {len(inventory.images):,}"
    yield f"blobs     {len(inventory.blobs):,}, {stored} (read and hashed, each once)"
    for problem in inventory.problems:
        where = f"{clean(problem.entry)}: " if problem.entry else ""
        yield f"problem   {where}{problem.defect.value}: {clean(problem.detail)}"
