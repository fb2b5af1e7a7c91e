"""Predicted archives: their bytes and files, before the copy tool has written them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from auditor.site.storage.along import along
from auditor.site.storage.load import CarriedFile, Load
from auditor.site.storage.payloads import Content, Part, compressed_lots
from auditor.site.storage.sharing import Sharing
from auditor.site.storage.unpacked import Unpacked
from auditor.sizing.archive_formats import BLOCK, ArchiveFormat, around, stored
from auditor.sizing.lots import Lot, exact_lot, lot_of, sum_lots
from auditor.sizing.ranged import Amount, Piece, exact, sum_up, together

_OF_ALL = "the archive of all images"
_AROUND = "headers and lists"


@dataclass(frozen=True, slots=True)
class Writing:
    """How the plan's tool writes archives: the format, and whether it copies whole indexes."""

    form: ArchiveFormat
    takes_indexes: bool


def derived(part: Part, writing: Writing, unpacked: Unpacked, sharing: Sharing) -> Load:
    """Return the archives that a tool of known format would write, with the platforms that pools need."""
    form = writing.form
    unknown, made = tuple(part.unknown), part.contents
    more = along(made, unknown) if writing.takes_indexes else None
    how = f"{form.name} as {form.tool} writes it, of the platforms that pools need{more.words if more else ''}"
    if form.one_for == "image":
        amount, files = _one_each(made, writing, unpacked, unknown)
        each = "image" if writing.takes_indexes else "image and platform"
        return Load(amount, files, f"{how}, one for each {each}", unknown, form)
    if form.layers == "plain":
        inside = sum_up((content.name, _pieces(content, form, unpacked)) for content in made)
    else:
        inside = sum_lots(_packed(made, writing, sharing))
    amount = together(inside, sum_up([(_AROUND, [_around(writing, made)])] if made else []))
    if more is not None:
        amount = together(amount, more.amount)
    return Load(amount, _files_of_one(amount, made, form, unpacked), how, unknown, form)


def _packed(made: Iterable[Content], writing: Writing, sharing: Sharing) -> Iterator[tuple[str, Lot]]:
    """Yield the blobs of each image as stored in a registry."""
    form = writing.form
    for content in made:
        name = content.name
        if form.lies == "file":
            yield name, sharing.lot_in_tar(content.payload, with_manifest=form.keeps_manifests)
        else:
            yield name, content.split.packed
        if writing.takes_indexes and content.index is not None:
            (index,) = stored(form, [exact(content.index.key, content.index.size)])
            yield name, exact_lot(index.digest, index.size)


def _pieces(content: Content, form: ArchiveFormat, unpacked: Unpacked) -> list[Piece]:
    """Return the pieces of one image in an archive: layers, configs, and the manifest if the format keeps it."""
    payload = content.payload
    if form.layers == "plain":
        layers = unpacked.layers(content)
    else:
        layers = [exact(layer.digest, layer.size) for layer in payload.layers]
    others = []
    if payload.config is not None:
        others = [exact(f"{payload.config.digest}{number or ''}", payload.config.size) for number in range(form.configs)]
    if form.keeps_manifests:
        others.append(exact(payload.digest, payload.size))
    return [*stored(form, layers, form.stored_extra), *stored(form, others)]


def _around(writing: Writing, made: Sequence[Content]) -> Piece:
    """Return the lists and headers of one archive. A kept index is listed once for all its platforms."""
    images = len({content.image.digest for content in made}) if writing.takes_indexes else len(made)
    layers = sum(len(content.payload.layers) for content in made)
    return exact("around", around(writing.form, images, layers))


def _one_each(
    made: Sequence[Content], writing: Writing, unpacked: Unpacked, unknown: Sequence[str]
) -> tuple[Amount, tuple[CarriedFile, ...]]:
    """Return archives that share nothing: one per image, or one per platform if indexes are not kept."""
    form = writing.form
    lots: list[tuple[str, Lot]] = []
    files: list[CarriedFile] = []
    for number, held in enumerate(_archives(made, writing)):
        first = held[0]
        pieces = [piece for content in held for piece in _pieces(content, form, unpacked)]
        if writing.takes_indexes and first.image.digest:
            pieces += stored(form, [exact(first.image.digest, first.image.size), *along(held, unknown).pieces])
        inside = {piece.digest: piece for piece in pieces}
        lot = lot_of(f"{number}", [*inside.values(), _around(writing, held)])
        lots.append((first.name, lot))
        name = f"the archive of {first.name}" if writing.takes_indexes else f"the {first.os} archive of {first.name}"
        is_folder = form.lies == "folder"
        files.append(_largest(name, inside.values()) if is_folder else CarriedFile(name, lot.low, lot.size, lot.high))
    return sum_lots(lots), tuple(files)


def _archives(made: Sequence[Content], writing: Writing) -> Iterator[Sequence[Content]]:
    """Yield the contents of each archive."""
    if not writing.takes_indexes:
        return ([content] for content in made)
    return (list(group) for _, group in groupby(made, key=lambda content: content.name))


def _files_of_one(amount: Amount, made: Sequence[Content], form: ArchiveFormat, unpacked: Unpacked) -> tuple[CarriedFile, ...]:
    if not made:
        return ()
    if form.lies == "file":
        return (CarriedFile(_OF_ALL, amount.low, amount.likely, amount.high),)
    if form.layers == "plain":
        return (_largest(_OF_ALL, [piece for content in made for piece in _pieces(content, form, unpacked)]),)
    size = max((blob.size for content in made for blob in content.payload.blobs), default=0)
    return (_largest(_OF_ALL, [exact("largest", size)]),)


def _largest(name: str, pieces: Iterable[Piece]) -> CarriedFile:
    """Return the largest file of a folder. Any file may be the largest, so the bounds are those of all."""
    held = [*pieces, exact("", 0)]
    low, likely, high = (max(sizes) for sizes in zip(*((piece.low, piece.size, piece.high) for piece in held), strict=True))
    return CarriedFile(f"the largest file in {name}", low, likely, high, in_folder=True)


def bounded(part: Part, unpacked: Unpacked) -> Load:
    """Return the bounds for a tool that is not in the facts: every blob once, up to all blobs unpacked for each image."""
    made = part.contents
    least = sum_lots(compressed_lots(made))
    high = max(least.likely, sum(_most(content, unpacked) for content in made))
    largest = max((blob.size for content in made for blob in content.payload.blobs), default=0)
    files = (CarriedFile("an archive", largest, largest, high),) if made else ()
    how = "every blob once, at least; the facts do not say what the copy tool writes"
    return Load(Amount(least.budget, least.low, high, least.likely), files, how, tuple(part.unknown), None)


def _most(content: Content, unpacked: Unpacked) -> int:
    """Return the greatest size of an archive with only this content, with overhead."""
    _, _, plain, _ = unpacked.sum(content)
    packed = sum(max(0, blob.size) for blob in content.payload.blobs)
    return (plain + packed) * 102 // 100 + 16 * BLOCK
