"""What becomes of a layer that is not to be redistributed, or that has `urls`, on its way into the registry inside."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Literal

from auditor.facts import table
from auditor.transfer.hops import Hop, HopRow, Unpredicted, row_for
from auditor.transfer.options import options_for

ORDINARY = "application/vnd.oci.image.layer.v1.tar+gzip"


class CopyLayers(HopRow, frozen=True, kw_only=True):
    """Which layers a tool takes for foreign, what it does to them, and what becomes of `urls` on all others.

    `foreign` says how it knows them: by their media type (one of `types`, where a star ends a prefix), by having `urls`, or by
    both. `does`: it leaves the blob behind, carries it, or makes an ordinary layer of it. `first` is whom it asks for the blob.
    """

    foreign: Literal["types", "urls", "both"]
    does: Literal["left", "carried", "converted", "unknown"]
    types: tuple[str, ...] = ()
    urls: Literal["kept", "dropped"] = "kept"
    digest: Literal["kept", "changed", "kept-if-oci"] = "kept"
    first: Literal["", "registry", "url"] = ""

    def is_foreign(self, media_type: str, *, has_urls: bool) -> bool:
        """Whether the tool takes such a layer for foreign."""
        if self.foreign == "urls":
            return has_urls
        typed = any(_fits(media_type, known) for known in self.types)
        return typed and (has_urls or self.foreign == "types")


def _fits(media_type: str, known: str) -> bool:
    return media_type.startswith(known[:-1]) if known.endswith("*") else media_type == known


@dataclass(frozen=True, slots=True)
class Fate:
    """How a layer arrives: whether its blob does, and whether the manifest still gives `urls`; and the row that decided."""

    carried: bool
    urls: bool
    row: CopyLayers

    @property
    def said(self) -> tuple[bool, bool]:
        """What it comes to, without who said so."""
        return self.carried, self.urls


def _said(row: CopyLayers) -> Hashable:
    return row.foreign, row.types, row.does, row.urls


@cache
def layer_row(hop: Hop) -> CopyLayers | Unpredicted:
    """The row for one hop."""
    rows: tuple[CopyLayers, ...] = table("copy_layers", CopyLayers)
    return row_for(rows, hop, _said)


@cache
def fate_on(way: tuple[Hop, ...], media_type: str, *, has_urls: bool) -> Fate | Unpredicted:
    """What becomes of a layer over all hops. What one hop leaves behind no later one brings."""
    found: Fate | None = None
    for hop in way:
        row = layer_row(hop)
        if isinstance(row, Unpredicted):
            return row
        if row.is_foreign(media_type, has_urls=has_urls):
            if row.does == "unknown":
                return Unpredicted(f"the facts do not say what {hop} does to such layers ({row.source})")
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


def digest_kept(way: tuple[Hop, ...], *, is_oci: bool) -> bool | Unpredicted:
    """Whether the manifest of an image arrives under its digest. `is_oci`: it is an OCI manifest, not one of Docker's."""
    for hop in way:
        row = layer_row(hop)
        if isinstance(row, Unpredicted):
            return row
        if row.digest == "changed" or (row.digest == "kept-if-oci" and not is_oci):
            return False
    return True


def fate_over(ways: Iterable[tuple[Hop, ...]], media_type: str, *, has_urls: bool) -> Fate | Unpredicted:
    """What becomes of a layer when it is not known which way it goes: told only where all ways come to the same."""
    fates = [fate_on(way, media_type, has_urls=has_urls) for way in ways]
    for fate in fates:
        if isinstance(fate, Unpredicted):
            return fate
    known = [fate for fate in fates if isinstance(fate, Fate)]
    if not known:
        return Unpredicted("the facts know no way on which the tool writes an archive")
    if len({fate.said for fate in known}) > 1:
        return Unpredicted("it depends on the format of the archive, which nobody has looked at (--via archives)", missing=True)
    return known[0]


@cache
def carrying(tool: str, version: str, origin: str, to: str) -> str:
    """The option with which a tool carries such layers; empty when it has none. Rows of exceptions stand first."""
    rows: tuple[CopyLayers, ...] = table("copy_layers", CopyLayers)
    for row in reversed(rows):
        for option in row.given:
            if row.tool == tool and row.does in {"carried", "converted"}:
                chosen = layer_row(Hop(tool, version, origin, to, options_for(option)))
                if chosen is row:
                    return option
    return ""
