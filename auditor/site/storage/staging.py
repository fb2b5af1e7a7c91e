"""The peak disk use on the connected side: the archives, and temporary files of the copy tool."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.plan.model import CopyPlan
from auditor.site.storage.load import Load
from auditor.site.storage.payloads import Content, compressed_lots
from auditor.site.storage.stage import Stage, stage_of
from auditor.site.storage.unpacked import Unpacked
from auditor.sizing.budget import Budget
from auditor.sizing.lots import sum_lots
from auditor.sizing.ranged import Amount, Piece, known, sum_up, together
from auditor.sizing.size import Provenance

_NOTHING = Budget(0, {}, 0)
_HOW = {
    "none": "only the archives; the tool keeps no other files",
    "layer": "the archives, and a copy of the layer being written",
    "image": "the archives, and a copy of the image being written",
    "compressed": "the archives, and the store from which they are written",
    "unpacked": "the archives, and the unpacked images from which they are written",
    "both": "the archives, and the blobs and unpacked images from which they are written",
}


def media_stage(copy: CopyPlan, load: Load) -> Stage | None:
    """Return what the media must hold, or None if the plan names none."""
    if copy.media is None:
        return None
    source = Provenance.MEASURED if load.is_measured else Provenance.DERIVED
    return stage_of("media", load.amount, copy.media.size, load.how, load.unknown, "copy", "media", source=source)


def staging_stage(copy: CopyPlan, load: Load, made: Sequence[Content], unpacked: Unpacked) -> Stage | None:
    """Return what the connected side must hold, or None if the plan does not declare its disk."""
    if copy.staging is None:
        return None
    amount = together(load.amount, _kept(load, made, unpacked))
    how = _HOW[load.form.store] if load.form else "the archives; the facts do not say what the copy tool keeps beside them"
    return stage_of("staging", amount, copy.staging, f"{how}: {load.how}", load.unknown, "copy", "staging", "disk")


def _kept(load: Load, made: Sequence[Content], unpacked: Unpacked) -> Amount:
    """Return the bytes of temporary files beside the archives."""
    match load.form.store if load.form else None:
        case "none":
            return known(_NOTHING)
        case "layer":
            return _largest_layer(made, unpacked)
        case "image":
            return _largest_archive(load)
        case "compressed":
            return _blobs(made)
        case "unpacked":
            return _snapshots(made, unpacked)
        case "both":
            return together(_blobs(made), _snapshots(made, unpacked))
        case None:
            return Amount(_NOTHING, 0, _blobs(made).high + _snapshots(made, unpacked).high, 0)


def _blobs(made: Sequence[Content]) -> Amount:
    return sum_lots(compressed_lots(made))


def _snapshots(made: Sequence[Content], unpacked: Unpacked) -> Amount:
    return sum_lots((content.name, unpacked.snapshots(content)) for content in made)


def _largest_layer(made: Sequence[Content], unpacked: Unpacked) -> Amount:
    layers = [(piece, content.name) for content in made for piece in unpacked.layers(content)]
    if not layers:
        return known(_NOTHING)
    piece, name = max(layers, key=lambda found: found[0].size)
    copy = Piece("the layer being written", piece.size, piece.low, max(layer.high for layer, _ in layers))
    return sum_up([(name, [copy])])


def _largest_archive(load: Load) -> Amount:
    if not load.files:
        return known(_NOTHING)
    largest = max(load.files, key=lambda file: file.likely)
    budget = Budget(largest.likely, {f"a copy of {largest.name}": largest.likely}, 0)
    high = max(file.high for file in load.files)
    return Amount(budget, largest.low, high, largest.likely if largest.low != high else 0)
