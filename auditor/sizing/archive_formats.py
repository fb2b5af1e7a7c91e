"""The size of a copy tool's archives: which bytes of each image they hold, how these are stored, and the overhead."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, Literal

from auditor.facts import remembered, table
from auditor.facts.lookup import GapKind, rows_at
from auditor.facts.versions import Versioned
from auditor.sizing.ranged import Piece

BLOCK: Final = 512
_SEPARATORS: Final = re.compile(r"[\s=:]+")


class ArchiveFormat(Versioned, frozen=True, kw_only=True):
    """The archive that a tool writes, from version `since` up to but without `before`. `option` lists the words that select it;
    it is empty for the tool's default.

    `layers`: as stored in the registry, or unpacked. `lies`: one file (a tar) or a folder of files. `one_for`: one archive for
    all images, so that they share layers, or one for each platform of each image. `store`: temporary files on the disk until
    the archive is written. The `…_extra` fields are overhead in bytes, beside blobs and their tar headers: `archive_extra` per
    archive; `image_extra` per image or kept index; `layer_extra` per layer in a list; in a tar their sum is rounded up to
    blocks. `stored_extra` counts once per stored layer, however many images use it.
    """

    tool: str
    option: str
    name: str
    layers: Literal["compressed", "plain"]
    lies: Literal["file", "folder"]
    one_for: Literal["all", "image"]
    store: Literal["none", "layer", "image", "compressed", "unpacked", "both"]
    keeps_manifests: bool
    configs: int = 1
    archive_extra: int = 0
    image_extra: int = 0
    layer_extra: int = 0
    stored_extra: int = 0

    @property
    def place(self) -> Literal["docker-archive", "dir", "oci-layout"]:
        """Return the archive format as readers name it."""
        if not self.keeps_manifests:
            return "docker-archive"
        return "dir" if self.option == "dir" else "oci-layout"


@remembered
def archive_format(tool: str, version: str, options: tuple[str, ...]) -> ArchiveFormat | None:
    """Return what a tool writes for these options, or None if the facts do not say.

    If the plan states no version, all rows that may apply must agree.
    """
    words = tuple(word for option in options for word in _SEPARATORS.split(option) if word)
    found = rows_at((row for row in table("archive_formats", ArchiveFormat) if row.tool == tool), version, tool)
    if found.gap is not None and found.gap.kind is not GapKind.UNSTATED:
        return None
    rows = found.rows
    chosen = [row for row in rows if row.option and _follow(words, tuple(row.option.split()))]
    chosen = chosen or [row for row in rows if not row.option]
    if found.gap is not None and len({(row.since, row.before) for row in chosen}) > 1:
        # Versions may differ by some bytes of JSON: then the largest overhead counts.
        return max(chosen, key=lambda row: row.archive_extra) if len({_kind_of(row) for row in chosen}) == 1 else None
    return next(iter(chosen), None)


def _kind_of(row: ArchiveFormat) -> tuple[object, ...]:
    """Return everything about a format except its overhead."""
    return row.name, row.layers, row.lies, row.one_for, row.store, row.keeps_manifests, row.configs


def _follow(words: Sequence[str], wanted: Sequence[str]) -> bool:
    """Return whether the wanted words stand together among the words."""
    return any(tuple(words[start : start + len(wanted)]) == tuple(wanted) for start in range(len(words)))


def in_tar(size: int) -> int:
    """Return the size of a file in a tar: a header, and the bytes padded to whole blocks."""
    return BLOCK + (size + BLOCK - 1) // BLOCK * BLOCK if size > 0 else BLOCK


def around(form: ArchiveFormat, images: int, layers: int) -> int:
    """Return the overhead of an archive: lists that name the images and layers, and the end marker."""
    listed = images * form.image_extra + layers * form.layer_extra
    return form.archive_extra + (-(-listed // BLOCK) * BLOCK if form.lies == "file" else listed)


def stored(form: ArchiveFormat, pieces: Iterable[Piece], extra: int = 0) -> list[Piece]:
    """Return the pieces with their size in an archive of this format, each plus `extra` bytes."""
    return list(pieces) if form.lies == "folder" else [_filed(piece, extra) for piece in pieces]


def _filed(piece: Piece, extra: int) -> Piece:
    size = in_tar(piece.size) + extra
    if piece.low == piece.high:
        return Piece(piece.digest, size, size, size)
    return Piece(piece.digest, size, in_tar(piece.low) + extra, in_tar(piece.high) + extra)
