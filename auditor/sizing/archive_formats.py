"""What an archive of a copy tool weighs: which bytes it holds of each image, how they lie in it, and what is around them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Final, Literal

from auditor.facts import Fact, table
from auditor.sizing.ranged import Piece

BLOCK: Final = 512
_SEPARATORS: Final = re.compile(r"[\s=:]+")


class ArchiveFormat(Fact, frozen=True, kw_only=True):
    """What a tool writes. `option` are the words that choose it, empty for what the tool does by itself.

    `layers`: as they are stored in the registry, or unpacked. `lies`: one file (a tar) or a folder of files. `one_for`: all
    images together, so that they share layers, or each platform of each image by itself. `store`: what lies on the disk beside
    it until it is written. The `…_extra` are bytes for each archive, image and layer beside blobs and their tar headers.
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


@cache
def archive_format(tool: str, options: tuple[str, ...]) -> ArchiveFormat | None:
    """What a tool writes when it is called with options; None when the facts do not say."""
    words = tuple(word for option in options for word in _SEPARATORS.split(option) if word)
    rows = [row for row in table("archive_formats", ArchiveFormat) if row.tool == tool]
    chosen = [row for row in rows if row.option and _follow(words, tuple(row.option.split()))]
    return next(iter(chosen or [row for row in rows if not row.option]), None)


def _follow(words: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether the wanted words stand together among the words."""
    return any(tuple(words[start : start + len(wanted)]) == tuple(wanted) for start in range(len(words)))


def in_tar(size: int) -> int:
    """What a file takes in a tar: a header, and its bytes padded to whole blocks."""
    return BLOCK + (size + BLOCK - 1) // BLOCK * BLOCK if size > 0 else BLOCK


def weigher(form: ArchiveFormat) -> Callable[[int], int] | None:
    """What a blob takes in an archive of the format; None for its own bytes."""
    return in_tar if form.lies == "file" else None


def stored(form: ArchiveFormat, pieces: Iterable[Piece]) -> list[Piece]:
    """The pieces as they lie in an archive of the format."""
    if form.lies == "folder":
        return list(pieces)
    return [Piece(piece.digest, in_tar(piece.size), in_tar(piece.low), in_tar(piece.high)) for piece in pieces]
