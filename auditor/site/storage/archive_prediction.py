"""Predicted archives: their bytes and files, before the copy tool has written them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from auditor.site.storage.archive_set import ArchiveFile, ArchiveSet
from auditor.site.storage.extra_images import extra_images
from auditor.site.storage.image_sets import ImageSet, PlatformImage, compressed_bundles
from auditor.site.storage.shared_blobs import SharedBlobs
from auditor.site.storage.unpacked_pieces import UnpackedPieces
from auditor.sizing.archive_formats import BLOCK, ArchiveFormat, around, stored
from auditor.sizing.bundles import Bundle, bundle_of, exact_bundle, sum_bundles
from auditor.sizing.ranged import Amount, Piece, exact, sum_up, together

_OF_ALL = "the archive of all images"
_AROUND = "headers and lists"


@dataclass(frozen=True, slots=True)
class ArchiveWriting:
    """How the plan's tool writes archives: the format, and whether it copies whole indexes."""

    form: ArchiveFormat
    takes_indexes: bool


def predicted_archives(
    image_set: ImageSet, writing: ArchiveWriting, unpacked: UnpackedPieces, sharing: SharedBlobs
) -> ArchiveSet:
    """Return the archives that a tool of known format would write, with the platforms that pools need."""
    form = writing.form
    unknown, images = tuple(image_set.unknown), image_set.images
    more = extra_images(images, unknown) if writing.takes_indexes else None
    how = f"{form.name} as {form.tool} writes it, of the platforms that pools need{more.words if more else ''}"
    if form.one_for == "image":
        amount, files = _one_each(images, writing, unpacked, unknown)
        each = "image" if writing.takes_indexes else "image and platform"
        return ArchiveSet(amount, files, f"{how}, one for each {each}", unknown, form)
    if form.layers == "plain":
        inside = sum_up((image.name, _pieces(image, form, unpacked)) for image in images)
    else:
        inside = sum_bundles(_packed(images, writing, sharing))
    amount = together(inside, sum_up([(_AROUND, [_around(writing, images)])] if images else []))
    if more is not None:
        amount = together(amount, more.amount)
    return ArchiveSet(amount, _files_of_one(amount, images, form, unpacked), how, unknown, form)


def _packed(images: Iterable[PlatformImage], writing: ArchiveWriting, sharing: SharedBlobs) -> Iterator[tuple[str, Bundle]]:
    """Yield the blobs of each image as stored in a registry."""
    form = writing.form
    for image in images:
        name = image.name
        if form.lies == "file":
            yield name, sharing.bundle_in_tar(image.payload, with_manifest=form.keeps_manifests)
        else:
            yield name, image.blobs.packed
        if writing.takes_indexes and image.index is not None:
            (index,) = stored(form, [exact(image.index.key, image.index.size)])
            yield name, exact_bundle(index.digest, index.size)


def _pieces(image: PlatformImage, form: ArchiveFormat, unpacked: UnpackedPieces) -> list[Piece]:
    """Return the pieces of one image in an archive: layers, configs, and the manifest if the format keeps it."""
    payload = image.payload
    is_plain = form.layers == "plain"
    layers = unpacked.layers(image) if is_plain else [exact(layer.digest, layer.size) for layer in payload.layers]
    others = []
    if payload.config is not None:
        others = [exact(f"{payload.config.digest}{number or ''}", payload.config.size) for number in range(form.configs)]
    if form.keeps_manifests:
        others.append(exact(payload.digest, payload.size))
    return [*stored(form, layers, form.stored_extra), *stored(form, others)]


def _around(writing: ArchiveWriting, images: Sequence[PlatformImage]) -> Piece:
    """Return the lists and headers of one archive. A kept index is listed once for all its platforms."""
    count = len({image.whole.digest for image in images}) if writing.takes_indexes else len(images)
    layers = sum(len(image.payload.layers) for image in images)
    return exact("around", around(writing.form, count, layers))


def _one_each(
    images: Sequence[PlatformImage], writing: ArchiveWriting, unpacked: UnpackedPieces, unknown: Sequence[str]
) -> tuple[Amount, tuple[ArchiveFile, ...]]:
    """Return archives that share nothing: one per image, or one per platform if indexes are not kept."""
    form = writing.form
    bundles: list[tuple[str, Bundle]] = []
    files: list[ArchiveFile] = []
    for number, held in enumerate(_archives(images, writing)):
        first = held[0]
        pieces = [piece for image in held for piece in _pieces(image, form, unpacked)]
        if writing.takes_indexes and first.whole.digest:
            pieces += stored(form, [exact(first.whole.digest, first.whole.size), *extra_images(held, unknown).pieces])
        inside = {piece.digest: piece for piece in pieces}
        bundle = bundle_of(f"{number}", [*inside.values(), _around(writing, held)])
        bundles.append((first.name, bundle))
        name = f"the archive of {first.name}" if writing.takes_indexes else f"the {first.os} archive of {first.name}"
        is_folder = form.lies == "folder"
        files.append(_largest(name, inside.values()) if is_folder else ArchiveFile(name, bundle.low, bundle.size, bundle.high))
    return sum_bundles(bundles), tuple(files)


def _archives(images: Sequence[PlatformImage], writing: ArchiveWriting) -> Iterator[Sequence[PlatformImage]]:
    """Yield the images of each archive."""
    if not writing.takes_indexes:
        return ([image] for image in images)
    return (list(group) for _, group in groupby(images, key=lambda image: image.name))


def _files_of_one(
    amount: Amount, images: Sequence[PlatformImage], form: ArchiveFormat, unpacked: UnpackedPieces
) -> tuple[ArchiveFile, ...]:
    if not images:
        return ()
    if form.lies == "file":
        return (ArchiveFile(_OF_ALL, amount.low, amount.likely, amount.high),)
    if form.layers == "plain":
        return (_largest(_OF_ALL, [piece for image in images for piece in _pieces(image, form, unpacked)]),)
    size = max((blob.size for image in images for blob in image.payload.blobs), default=0)
    return (_largest(_OF_ALL, [exact("largest", size)]),)


def _largest(name: str, pieces: Iterable[Piece]) -> ArchiveFile:
    """Return the largest file of a folder. Any file may be the largest, so the bounds are those of all."""
    held = [*pieces, exact("", 0)]
    low, likely, high = (max(sizes) for sizes in zip(*((piece.low, piece.size, piece.high) for piece in held), strict=True))
    return ArchiveFile(f"the largest file in {name}", low, likely, high, in_folder=True)


def bounded_archives(image_set: ImageSet, unpacked: UnpackedPieces) -> ArchiveSet:
    """Return the bounds for a tool that is not in the facts: every blob once, up to all blobs unpacked for each image."""
    images = image_set.images
    least = sum_bundles(compressed_bundles(images))
    high = max(least.likely, sum(_most(image, unpacked) for image in images))
    largest = max((blob.size for image in images for blob in image.payload.blobs), default=0)
    files = (ArchiveFile("an archive", largest, largest, high),) if images else ()
    how = "every blob once, at least; the facts do not say what the copy tool writes"
    return ArchiveSet(Amount(least.budget, least.low, high, least.likely), files, how, tuple(image_set.unknown), None)


def _most(image: PlatformImage, unpacked: UnpackedPieces) -> int:
    """Return the greatest size of an archive with only this image, with overhead."""
    _, _, plain, _ = unpacked.sum(image)
    packed = sum(max(0, blob.size) for blob in image.payload.blobs)
    return (plain + packed) * 102 // 100 + 16 * BLOCK
