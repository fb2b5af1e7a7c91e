"""The peak disk use on the connected side: the archives, and temporary files of the copy tool."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.plan.model import CopyPlan
from auditor.site.storage.archive_set import ArchiveSet
from auditor.site.storage.image_sets import PlatformImage, compressed_bundles
from auditor.site.storage.stage import Stage, stage_of
from auditor.site.storage.unpacked_pieces import UnpackedPieces
from auditor.sizing.budget import Budget
from auditor.sizing.bundles import sum_bundles
from auditor.sizing.piece_size import Provenance
from auditor.sizing.ranged import Amount, Piece, known, sum_up, together

_NOTHING = Budget(0, {}, 0)
_HOW = {
    "none": "only the archives; the tool keeps no other files",
    "layer": "the archives, and a copy of the layer being written",
    "image": "the archives, and a copy of the image being written",
    "compressed": "the archives, and the store from which they are written",
    "unpacked": "the archives, and the unpacked images from which they are written",
    "both": "the archives, and the blobs and unpacked images from which they are written",
}


def media_stage(copy: CopyPlan, archives: ArchiveSet) -> Stage | None:
    """Return what the media must hold, or None if the plan names none."""
    if copy.media is None:
        return None
    source = Provenance.MEASURED if archives.is_measured else Provenance.DERIVED
    return stage_of("media", archives.amount, copy.media.size, archives.how, archives.unknown, "copy", "media", source=source)


def staging_stage(
    copy: CopyPlan, archives: ArchiveSet, images: Sequence[PlatformImage], unpacked: UnpackedPieces
) -> Stage | None:
    """Return what the connected side must hold, or None if the plan does not declare its disk."""
    if copy.staging is None:
        return None
    amount = together(archives.amount, _kept(archives, images, unpacked))
    how = (
        _HOW[archives.form.store]
        if archives.form
        else "the archives; the facts do not say what the copy tool keeps beside them"
    )
    return stage_of("staging", amount, copy.staging, f"{how}: {archives.how}", archives.unknown, "copy", "staging", "disk")


def _kept(archives: ArchiveSet, images: Sequence[PlatformImage], unpacked: UnpackedPieces) -> Amount:
    """Return the bytes of temporary files beside the archives."""
    match archives.form.store if archives.form else None:
        case "none":
            return known(_NOTHING)
        case "layer":
            return _largest_layer(images, unpacked)
        case "image":
            return _largest_archive(archives)
        case "compressed":
            return _blobs(images)
        case "unpacked":
            return _snapshots(images, unpacked)
        case "both":
            return together(_blobs(images), _snapshots(images, unpacked))
        case None:
            return Amount(_NOTHING, 0, _blobs(images).high + _snapshots(images, unpacked).high, 0)


def _blobs(images: Sequence[PlatformImage]) -> Amount:
    return sum_bundles(compressed_bundles(images))


def _snapshots(images: Sequence[PlatformImage], unpacked: UnpackedPieces) -> Amount:
    return sum_bundles((image.name, unpacked.snapshots(image)) for image in images)


def _largest_layer(images: Sequence[PlatformImage], unpacked: UnpackedPieces) -> Amount:
    layers = [(piece, image.name) for image in images for piece in unpacked.layers(image)]
    if not layers:
        return known(_NOTHING)
    piece, name = max(layers, key=lambda found: found[0].size)
    copy = Piece("the layer being written", piece.size, piece.low, max(layer.high for layer, _ in layers))
    return sum_up([(name, [copy])])


def _largest_archive(archives: ArchiveSet) -> Amount:
    if not archives.files:
        return known(_NOTHING)
    largest = max(archives.files, key=lambda file: file.likely)
    budget = Budget(largest.likely, {f"a copy of {largest.name}": largest.likely}, 0)
    high = max(file.high for file in archives.files)
    return Amount(budget, largest.low, high, largest.likely if largest.low != high else 0)
