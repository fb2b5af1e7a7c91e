"""The disk of the connected side at its fullest: the archives, and what the copy tool keeps beside them meanwhile."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.plan.model import Copy
from auditor.site.images import Placement
from auditor.site.storage.archives import Load, payloads, unpacked_layers
from auditor.site.storage.compressed import owned
from auditor.site.storage.stage import Stage, ranged
from auditor.site.storage.unpacked import Unpacked
from auditor.sizing.budget import Budget, Share, combined, deduplicated
from auditor.sizing.ranged import Amount, Piece, sum_up

_NOTHING = Budget(0, (), 0)
_HOW = {
    "none": "the archives alone, as nothing else is kept",
    "layer": "the archives, and a copy of the layer that is written",
    "image": "the archives, and a copy of the image that is written",
    "compressed": "the archives, and the store that they are made of",
    "unpacked": "the archives, and the unpacked images that they are made of",
    "both": "the archives, and blobs and unpacked images that they are made of",
}


def media_stage(copy: Copy, load: Load) -> Stage | None:
    """What the media must hold; None where the plan names none."""
    if copy.media is None:
        return None
    return _measured(ranged("media", load.amount, copy.media.size, load.how, load.unknown, "copy", "media"), load)


def staging_stage(copy: Copy, load: Load, placements: Sequence[Placement], unpacked: Unpacked) -> Stage | None:
    """What the connected side must hold; None where the plan does not give its disk."""
    if copy.staging is None:
        return None
    kept = _kept(load, placements, unpacked)
    amount = Amount(
        budget=combined(load.amount.budget, kept.budget),
        low=load.amount.low + kept.low,
        high=load.amount.high + kept.high,
        estimated=load.amount.estimated + kept.estimated,
    )
    how = _HOW[load.form.store] if load.form else "the archives; the facts do not say what the copy tool keeps beside them"
    return ranged("staging", amount, copy.staging, f"{how}: {load.how}", load.unknown, "copy", "staging", "disk")


def _measured(stage: Stage, load: Load) -> Stage:
    """Of archives that were read, the size is a measurement."""
    if not load.is_measured:
        return stage
    provenance = stage.provenance.replace("derived: ", "measured: ", 1)
    return Stage(stage.name, stage.budget, stage.capacity, provenance, stage.unknown, stage.low, stage.high, key=stage.key)


def _kept(load: Load, placements: Sequence[Placement], unpacked: Unpacked) -> Amount:
    """What lies beside the archives."""
    match load.form.store if load.form else None:
        case "none":
            return Amount(_NOTHING, 0, 0, 0)
        case "layer":
            return _largest_layer(placements, unpacked)
        case "image":
            return _largest_archive(load)
        case "compressed":
            return _blobs(placements)
        case "unpacked":
            return _snapshots(placements, unpacked)
        case "both":
            blobs, layers = _blobs(placements), _snapshots(placements, unpacked)
            budget = combined(blobs.budget, layers.budget)
            return Amount(budget, blobs.low + layers.low, blobs.high + layers.high, layers.estimated)
        case None:
            return Amount(_NOTHING, 0, _blobs(placements).high + _snapshots(placements, unpacked).high, 0)


def _blobs(placements: Sequence[Placement]) -> Amount:
    budget = deduplicated(owned(placements))
    return Amount(budget, budget.bytes, budget.bytes, 0)


def _snapshots(placements: Sequence[Placement], unpacked: Unpacked) -> Amount:
    return sum_up((name, unpacked.snapshots(payload, os)) for name, payload, os in payloads(placements))


def _largest_layer(placements: Sequence[Placement], unpacked: Unpacked) -> Amount:
    layers = [(piece, name) for name, payload, os in payloads(placements) for piece in unpacked_layers(payload, os, unpacked)]
    if not layers:
        return Amount(_NOTHING, 0, 0, 0)
    piece, name = max(layers, key=lambda found: found[0].size)
    copy = Piece("the layer that is written", piece.size, piece.low, max(layer.high for layer, _ in layers))
    return sum_up([(name, [copy])])


def _largest_archive(load: Load) -> Amount:
    if not load.files:
        return Amount(_NOTHING, 0, 0, 0)
    largest = max(load.files, key=lambda file: file.likely)
    budget = Budget(largest.likely, (Share(f"a copy of {largest.name}", largest.likely),), 0)
    high = max(file.high for file in load.files)
    return Amount(budget, largest.low, high, largest.likely if largest.low != high else 0)
