"""The images of a registry or of archives, platform by platform, as text or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from tabulate import tabulate

from auditor.pipeline.inspect.archive import Inspected
from auditor.pipeline.inspect.image import InspectedImage
from auditor.pipeline.inspect.rows import PlatformRow
from auditor.sizing.piece_size import Provenance
from auditor.text import format_size, many, short_digest
from reports.cleaning import clean


def image_json(image: InspectedImage) -> str:
    """Return a JSON document with sizes in bytes."""
    document = {"reference": str(image.reference), "digest": image.digest, "platforms": [asdict(row) for row in image.rows]}
    return json.dumps(document, indent=2)


def image_text(image: InspectedImage) -> str:
    """Return a table for a terminal."""
    total = format_size(image.bytes)
    lines = (
        f"{image.reference}",
        f"digest    {clean(image.digest)}",
        f"source    {clean(image.source)}",
        _table(image.rows, "compressed"),
        f"all platforms together: {total} compressed, each blob once (derived from the manifests)",
    )
    return "\n".join(lines)


def archives_json(archives: Sequence[Inspected]) -> str:
    """Return a JSON document with sizes in bytes."""
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


def archives_text(archives: Sequence[Inspected]) -> str:
    """Return one paragraph with a table for each archive."""
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
        yield _table(held.rows, "stored")
    if len(inventory.images) > len(archive.held):
        yield f"… and {many(len(inventory.images) - len(archive.held), 'more image')}"
    yield ""
    stored = format_size(sum(inventory.blobs.values()))
    yield f"images    {len(inventory.images):,}"
    yield f"blobs     {len(inventory.blobs):,}, {stored} (read and hashed, each once)"
    for problem in inventory.problems:
        where = f"{clean(problem.entry)}: " if problem.entry else ""
        yield f"problem   {where}{problem.defect.value}: {clean(problem.detail)}"


def _table(rows: Sequence[PlatformRow], size: str) -> str:
    """Return a table of the rows. `size` is the heading of their bytes."""
    headers = ("platform", "os.version", "layers", "foreign", size, "unpacked", "shared", "manifest")
    return tabulate([_cells(row) for row in rows], headers=headers, tablefmt="simple")


def _cells(row: PlatformRow) -> tuple[str | int, ...]:
    foreign = f"{row.foreign_layers} ({format_size(row.foreign_bytes)})" if row.foreign_layers else "-"
    layers = f"{row.layers}, {row.absent_layers} missing" if row.absent_layers else row.layers
    size = format_size(row.bytes) if row.bytes is not None else "unknown"
    about = "about " if row.unpacked_by == Provenance.ESTIMATED else ""
    unpacked = f"{about}{format_size(row.unpacked_bytes)}" if row.layers else "-"
    shared = f"{format_size(row.shared_bytes)} with {clean(', '.join(row.shared_with))}" if row.shared_bytes else "-"
    last = " ".join(part for part in (short_digest(row.digest), row.detail.rpartition(": ")[2][:60]) if part)
    texts = (row.platform or "-", row.os_version, last)
    platform, os_version, last = (clean(text) for text in texts)
    return (platform, os_version, layers, foreign, size, unpacked, shared, last)
