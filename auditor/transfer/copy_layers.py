"""What happens to foreign layers, and to layers with `urls`, on the way to the internal registry."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Literal

from auditor.facts import remembered, table
from auditor.transfer.copy_options import options_for
from auditor.transfer.hops import Hop, HopRow, Unpredicted, row_for

ORDINARY = "application/vnd.oci.image.layer.v1.tar+gzip"


class CopyLayers(HopRow, frozen=True, kw_only=True):
    """Which layers a tool treats as foreign, what it does with them, and what it does with `urls` on all other layers.

    `foreign` is the test: the media type (one of `types`; a star matches any ending), the presence of `urls`, or both. `does`:
    it omits the blob, copies it, or converts it to an ordinary layer. `first` is where it requests the blob first.
    """

    foreign: Literal["types", "urls", "both"]
    does: Literal["left", "carried", "converted", "unknown"]
    types: tuple[str, ...] = ()
    urls: Literal["kept", "dropped"] = "kept"
    first: Literal["", "registry", "url"] = ""

    def is_foreign(self, media_type: str, *, has_urls: bool) -> bool:
        """Return whether the tool treats such a layer as foreign."""
        if self.foreign == "urls":
            return has_urls
        typed = any(_fits(media_type, known) for known in self.types)
        return typed and (has_urls or self.foreign == "types")


def _fits(media_type: str, known: str) -> bool:
    return media_type.startswith(known[:-1]) if known.endswith("*") else media_type == known


@dataclass(frozen=True, slots=True)
class Fate:
    """The result for a layer: whether its blob arrives, whether the manifest still has `urls`, and the deciding row."""

    carried: bool
    urls: bool
    row: CopyLayers

    @property
    def said(self) -> tuple[bool, bool]:
        """Return the result without the row."""
        return self.carried, self.urls


def _said(row: CopyLayers) -> Hashable:
    return row.foreign, row.types, row.does, row.urls


@remembered
def layer_row(hop: Hop) -> CopyLayers | Unpredicted:
    """Return the row for one hop."""
    rows: tuple[CopyLayers, ...] = table("copy_layers", CopyLayers)
    return row_for(rows, hop, _said)


@remembered
def fate_on(way: tuple[Hop, ...], media_type: str, *, has_urls: bool) -> Fate | Unpredicted:
    """Return what happens to a layer over all hops. A blob that one hop omits is missing from all later ones."""
    found: Fate | None = None
    for hop in way:
        row = layer_row(hop)
        if isinstance(row, Unpredicted):
            return row
        if row.is_foreign(media_type, has_urls=has_urls):
            if row.does == "unknown":
                return Unpredicted(f"the facts do not cover such layers for {hop} ({row.source})")
            if row.does == "left":
                return Fate(carried=False, urls=has_urls, row=row)
            if row.does == "converted":
                media_type, has_urls = ORDINARY, False
            found = Fate(carried=True, urls=has_urls, row=row)
        else:
            has_urls = has_urls and row.urls == "kept"
            found = Fate(carried=True, urls=has_urls, row=found.row if found is not None else row)
    assert found is not None  # noqa: S101 - a way has a hop
    return found


def fate_over(ways: Iterable[tuple[Hop, ...]], media_type: str, *, has_urls: bool) -> Fate | Unpredicted:
    """Return what happens to a layer if its route is unknown: only if all routes have the same result."""
    fates = [fate_on(way, media_type, has_urls=has_urls) for way in ways]
    for fate in fates:
        if isinstance(fate, Unpredicted):
            return fate
    known = [fate for fate in fates if isinstance(fate, Fate)]
    if not known:
        return Unpredicted("the facts list no archive format that the tool can write")
    if len({fate.said for fate in known}) > 1:
        return Unpredicted(
            "the result depends on the archive format, and the archive was not read (use --via archives)", missing=True
        )
    return known[0]


@remembered
def carrying(tool: str, version: str, origin: str, to: str) -> str:
    """Return the option with which a tool copies such layers; empty if it has none. Rows for exceptions come first."""
    rows: tuple[CopyLayers, ...] = table("copy_layers", CopyLayers)
    for row in reversed(rows):
        for option in row.given:
            if row.tool == tool and row.does in {"carried", "converted"}:
                chosen = layer_row(Hop(tool, version, origin, to, options_for(option)))
                if chosen is row:
                    return option
    return ""
