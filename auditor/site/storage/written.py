"""Archives as a copy tool would write them: their bytes and their files, before anybody has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from auditor.plan.model import Copy
from auditor.site.images import Placement
from auditor.site.storage.load import CarriedFile, Load
from auditor.site.storage.payloads import Content, contents, owned, unknown_among
from auditor.site.storage.unpacked import Unpacked
from auditor.sizing.archive_formats import BLOCK, ArchiveFormat, archive_format, stored, weigher
from auditor.sizing.budget import Blob, deduplicated
from auditor.sizing.ranged import Amount, Piece, exact, known, sum_up, together

_OF_ALL = "the archive of all images"
_AROUND = "headers and lists"


def form_of(copy: Copy) -> ArchiveFormat | None:
    """What the plan's tool writes; None where the facts do not say."""
    return archive_format(copy.tool.name, copy.options) if copy.tool else None


def derived(placements: Sequence[Placement], form: ArchiveFormat, unpacked: Unpacked) -> Load:
    """Archives as a tool of known format would write them, of the platforms that pools need."""
    unknown = unknown_among(placements)
    how = f"{form.name} as {form.tool} writes it, of the platforms that pools need"
    made = list(contents(placements))
    if form.one_for == "image":
        amount, files = _one_each(made, form, unpacked)
        return Load(amount, files, f"{how}, one for each image and platform", unknown, form)
    around = _around(form, len(made), sum(len(content.payload.layers) for content in made))
    if form.layers == "plain":
        inside = sum_up((content.name, _pieces(content, form, unpacked)) for content in made)
    else:
        inside = known(deduplicated(_packed(made, form, unpacked)))
    amount = together(inside, sum_up([(_AROUND, [exact("around", around)])] if made else []))
    return Load(amount, _files_of_one(amount, made, form, unpacked), how, unknown, form)


def _packed(made: Iterable[Content], form: ArchiveFormat, unpacked: Unpacked) -> Iterator[tuple[str, Sequence[Blob]]]:
    """The blobs of each image as the registry has them."""
    weigh, sharing = weigher(form), unpacked.sharing
    for name, payload, _, image in made:
        yield name, sharing.condensed(payload, weigh, form.keeps_manifests)
        if form.keeps_manifests and image.digest and not sharing.knows(image.digest):
            yield name, stored(form, [exact(image.digest, image.size)])


def _pieces(content: Content, form: ArchiveFormat, unpacked: Unpacked) -> list[Piece]:
    """What an archive has of one image: layers, configs, and the manifest where the format keeps it."""
    payload = content.payload
    if form.layers == "plain":
        pieces = unpacked.layers(payload, content.os)
    else:
        pieces = [exact(layer.digest, layer.size) for layer in payload.layers]
    if payload.config is not None:
        pieces += [exact(f"{payload.config.digest}{number or ''}", payload.config.size) for number in range(form.configs)]
    if form.keeps_manifests:
        pieces.append(exact(payload.digest, payload.size))
    return stored(form, pieces)


def _around(form: ArchiveFormat, images: int, layers: int) -> int:
    listed = images * form.image_extra + layers * form.layer_extra
    return form.archive_extra + (-(-listed // BLOCK) * BLOCK if form.lies == "file" else listed)


def _one_each(made: Sequence[Content], form: ArchiveFormat, unpacked: Unpacked) -> tuple[Amount, tuple[CarriedFile, ...]]:
    """An archive for each image and platform, which shares nothing with the others."""
    owned_by: list[tuple[str, list[Piece]]] = []
    files: list[CarriedFile] = []
    for number, content in enumerate(made):
        pieces = _pieces(content, form, unpacked)
        inside = {piece.digest: piece for piece in (*pieces, exact("around", _around(form, 1, len(content.payload.layers))))}
        own = [Piece(f"{number} {key}", piece.size, piece.low, piece.high) for key, piece in inside.items()]
        owned_by.append((content.name, own))
        name = f"the {content.os} archive of {content.name}"
        files.append(_largest(name, own) if form.lies == "folder" else _file(name, own))
    return sum_up(owned_by), tuple(files)


def _files_of_one(amount: Amount, made: Sequence[Content], form: ArchiveFormat, unpacked: Unpacked) -> tuple[CarriedFile, ...]:
    if not made:
        return ()
    if form.lies == "file":
        return (CarriedFile(_OF_ALL, amount.low, amount.likely, amount.high),)
    if form.layers == "plain":
        return (_largest(_OF_ALL, [piece for content in made for piece in _pieces(content, form, unpacked)]),)
    size = max((blob.size for content in made for blob in content.payload.blobs), default=0)
    return (_largest(_OF_ALL, [exact("largest", size)]),)


def _file(name: str, pieces: Iterable[Piece]) -> CarriedFile:
    amount = sum_up([("", pieces)])
    return CarriedFile(name, amount.low, amount.likely, amount.high)


def _largest(name: str, pieces: Iterable[Piece]) -> CarriedFile:
    """Of a folder, the largest file: each may be the one, so that the bounds are those of all."""
    held = [*pieces, exact("", 0)]
    low, likely, high = (max(sizes) for sizes in zip(*((piece.low, piece.size, piece.high) for piece in held), strict=True))
    return CarriedFile(f"the largest file in {name}", low, likely, high, in_folder=True)


def bounded(placements: Sequence[Placement], unpacked: Unpacked) -> Load:
    """Archives of a tool that the facts do not know: at least every blob once, at most all of them unpacked for each image."""
    least = deduplicated(owned(placements))
    made = list(contents(placements))
    high = max(least.bytes, sum(_most(content, unpacked) for content in made))
    largest = max((blob.size for content in made for blob in content.payload.blobs), default=0)
    files = (CarriedFile("an archive", largest, largest, high),) if made else ()
    how = "every blob once, at least; the facts do not say what the copy tool writes"
    return Load(Amount(least, least.bytes, high, least.bytes), files, how, unknown_among(placements), None)


def _most(content: Content, unpacked: Unpacked) -> int:
    """What an archive of its own may come to, with whatever lies around the blobs."""
    plain = sum(piece.high for piece in unpacked.layers(content.payload, content.os))
    packed = sum(max(0, blob.size) for blob in content.payload.blobs)
    return (plain + packed) * 102 // 100 + 16 * BLOCK
