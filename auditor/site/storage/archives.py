"""The archives that carry images: as they were read, else as the copy tool would write them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from auditor.oci.archive import Inventory
from auditor.plan.model import Copy
from auditor.site.archives.evidence import Archive
from auditor.site.archives.view import Archives
from auditor.site.images import Payload, Placement
from auditor.site.storage.compressed import owned, unknown_among
from auditor.site.storage.unpacked import Unpacked
from auditor.sizing.archive_formats import BLOCK, ArchiveFormat, archive_format, stored
from auditor.sizing.budget import Budget, combined, deduplicated
from auditor.sizing.ranged import Amount, Piece, exact, known, sum_up, together

_OF_ALL = "the archive of all images"
_REST = "headers, and what no pool needs"


@dataclass(frozen=True, slots=True)
class CarriedFile:
    """A file that is carried: an archive, or the largest one in a folder. At least `low`, likely `likely`, at most `high`."""

    name: str
    low: int
    likely: int
    high: int
    path: str = ""  # of the archive; empty when nobody has written it yet
    in_folder: bool = False


@dataclass(frozen=True, slots=True)
class Load:
    """All archives together, and how their bytes were found.

    `files` has the archives, or of a folder the largest file. `form` is what the tool writes; None where the facts do not say.
    `spare` of the bytes are blobs that no pool needs, which only archives that were read can tell.
    """

    amount: Amount
    files: tuple[CarriedFile, ...]
    how: str
    unknown: tuple[str, ...]
    form: ArchiveFormat | None
    is_measured: bool = False
    spare: int = 0


def form_of(copy: Copy) -> ArchiveFormat | None:
    """What the plan's tool writes."""
    return archive_format(copy.tool.name, copy.options) if copy.tool else None


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
    how = f"the size of {len(files)} archives as they lie there"
    spare = _spare(read, [held.placement for held in archives.held])
    return Load(known(budget), files, how, tuple(archives.unread), form, is_measured=True, spare=spare)


def both(there: Load, to_come: Load) -> Load:
    """Archives that are there, and those of the other images that are still to be written."""
    return Load(
        amount=together(there.amount, to_come.amount),
        files=(*there.files, *to_come.files),
        how=f"{there.how}, and for the images in none of them {to_come.how}",
        unknown=tuple(dict.fromkeys((*there.unknown, *to_come.unknown))),
        form=to_come.form,
        spare=there.spare,
    )


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


def derived(placements: Sequence[Placement], form: ArchiveFormat, unpacked: Unpacked) -> Load:
    """Archives as a tool of known format would write them, of the platforms that pools need."""
    unknown = unknown_among(placements)
    how = f"{form.name} as {form.tool} writes it, of the platforms that pools need"
    if form.one_for == "all":
        amount = sum_up(_one_archive(placements, form, unpacked))
        return Load(amount, _whole(amount, placements, form, unpacked), how, unknown, form)
    made = list(_archive_each(placements, form, unpacked))
    amount = sum_up((owner, pieces) for owner, _, pieces in made)
    files = tuple(_own_file(name, pieces, form) for _, name, pieces in made)
    return Load(amount, files, f"{how}, one for each image and platform", unknown, form)


def bounded(placements: Sequence[Placement], unpacked: Unpacked) -> Load:
    """Archives of a tool that the facts do not know: at least every blob once, at most all of them unpacked for each image."""
    least = deduplicated(owned(placements))
    high = max(least.bytes, sum(_high_of_each(placements, unpacked)))
    amount = Amount(least, least.bytes, high, least.bytes)
    largest = max((blob.size for _, blobs in owned(placements) for blob in blobs), default=0)
    files = (CarriedFile("an archive", largest, largest, high),) if placements else ()
    how = "every blob once, at least; the facts do not say what the copy tool writes"
    return Load(amount, files, how, unknown_among(placements), None)


def _high_of_each(placements: Sequence[Placement], unpacked: Unpacked) -> Iterator[int]:
    for _, payload, os in payloads(placements):
        plain = sum(piece.high for piece in unpacked_layers(payload, os, unpacked))
        packed = sum(max(0, blob.size) for blob in payload.blobs)
        yield (plain + packed) * 102 // 100 + 16 * BLOCK  # whatever lies around them


def payloads(placements: Iterable[Placement]) -> Iterator[tuple[str, Payload, str]]:
    """Each image on each platform that some pool needs, once: its name, what it is made of, its operating system."""
    seen: set[tuple[str, str]] = set()
    for placement in placements:
        payload, name = placement.resolution.payload, str(placement.image.reference)
        if payload is not None and (name, payload.digest) not in seen:
            seen.add((name, payload.digest))
            yield name, payload, placement.need.platform.os


def unpacked_layers(payload: Payload, os: str, unpacked: Unpacked) -> list[Piece]:
    """The layers of an image as plain tars."""
    return [unpacked.layer(layer, os) for layer in payload.layers]


def _contents(payload: Payload, os: str, form: ArchiveFormat, unpacked: Unpacked) -> list[Piece]:
    """What an archive has of one image: layers, configs, and the manifest where the format keeps it."""
    if form.layers == "plain":
        pieces = unpacked_layers(payload, os, unpacked)
    else:
        pieces = [exact(layer.digest, layer.size) for layer in payload.layers]
    if payload.config is not None:
        pieces += [exact(f"{payload.config.digest}{number or ''}", payload.config.size) for number in range(form.configs)]
    if form.keeps_manifests:
        pieces.append(exact(payload.digest, payload.size))
    return stored(form, pieces)


def _one_archive(placements: Sequence[Placement], form: ArchiveFormat, unpacked: Unpacked) -> Iterator[tuple[str, list[Piece]]]:
    """The images in one archive, which share what they have in common; and what lies around them."""
    images = layers = 0
    for name, payload, os in payloads(placements):
        images, layers = images + 1, layers + len(payload.layers)
        yield name, _contents(payload, os, form, unpacked)
    if form.keeps_manifests:
        for reference, image in {str(placement.image.reference): placement.image for placement in placements}.items():
            yield reference, stored(form, [exact(image.digest, image.size)] if image.digest else [])
    if images:
        yield "headers and lists", [exact("around", _around(form, images, layers))]


def _around(form: ArchiveFormat, images: int, layers: int) -> int:
    listed = images * form.image_extra + layers * form.layer_extra
    return form.archive_extra + (-(-listed // BLOCK) * BLOCK if form.lies == "file" else listed)


def _archive_each(
    placements: Sequence[Placement], form: ArchiveFormat, unpacked: Unpacked
) -> Iterator[tuple[str, str, list[Piece]]]:
    """An archive for each image and platform, which shares nothing: image, name of the archive, pieces."""
    for number, (name, payload, os) in enumerate(payloads(placements)):
        pieces = [*_contents(payload, os, form, unpacked), exact("around", _around(form, 1, len(payload.layers)))]
        own = [Piece(f"{number} {piece.digest}", piece.size, piece.low, piece.high) for piece in pieces]
        yield name, f"the {os} archive of {name}", own


def _own_file(name: str, pieces: Sequence[Piece], form: ArchiveFormat) -> CarriedFile:
    if form.lies == "folder":
        largest = max(pieces, key=lambda piece: piece.size)
        return CarriedFile(f"the largest file in {name}", largest.low, largest.size, largest.high, in_folder=True)
    amount = sum_up([("", pieces)])
    return CarriedFile(name, amount.low, amount.likely, amount.high)


def _whole(amount: Amount, placements: Sequence[Placement], form: ArchiveFormat, unpacked: Unpacked) -> tuple[CarriedFile, ...]:
    pieces = [piece for _, payload, os in payloads(placements) for piece in _contents(payload, os, form, unpacked)]
    if not pieces:
        return ()
    if form.lies == "file":
        return (CarriedFile(_OF_ALL, amount.low, amount.likely, amount.high),)
    largest = max(pieces, key=lambda piece: piece.size)
    return (CarriedFile(f"the largest file in {_OF_ALL}", largest.low, largest.size, largest.high, in_folder=True),)
