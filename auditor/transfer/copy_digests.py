"""Whether an image keeps its digest on the way to the internal registry."""

from __future__ import annotations

import enum
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from auditor.facts import remembered, table
from auditor.oci.document import Document, Index
from auditor.transfer.copy_layers import CopyLayers
from auditor.transfer.copy_platforms import CopyPlatforms, platform_row
from auditor.transfer.copy_signatures import CopySignatures
from auditor.transfer.hops import REGISTRY, Hop, HopRow, Unpredicted, row_for

_DOCKER = "application/vnd.docker."


class CopyDigests(HopRow, frozen=True, kw_only=True):
    """Whether manifests and whole indexes keep their digests, depending on their format. `why` is a clause for findings."""

    digest: Literal["kept", "changed", "kept-if-oci", "kept-if-docker", "kept-unless-docker", "changed-if-oci", "unknown"]
    why: str = ""

    def keeps(self, formats: frozenset[ManifestFormat]) -> bool | None:
        """Return whether a document with these formats, its own and those of its manifests, keeps its digest. None: unknown."""
        match self.digest:
            case "kept":
                return True
            case "changed":
                return False
            case "kept-if-oci":
                return formats == {ManifestFormat.OCI}
            case "kept-if-docker":
                return formats == {ManifestFormat.DOCKER}
            case "kept-unless-docker":
                return ManifestFormat.OCI in formats
            case "changed-if-oci":
                return False if ManifestFormat.OCI in formats else None
            case _:
                return None


class ManifestFormat(enum.Enum):
    """Whose media types a manifest or an index has."""

    OCI = "oci"
    DOCKER = "docker"


class Ending(enum.Enum):
    """What happens to the digest of an image."""

    KEPT = "kept"
    CHANGED = "changed"
    LOST = "lost"  # the tool copies a manifest of the index, and not the index
    SPARSE = "sparse"  # the index is pushed without all of its manifests


@dataclass(frozen=True, slots=True)
class DigestFate:
    """What happens to a digest, on which hop, and the deciding row."""

    ending: Ending
    hop: Hop
    row: CopyDigests | CopyPlatforms


def formats_of(document: Document | None, media_type: str) -> frozenset[ManifestFormat]:
    """Return the formats of a document and of the manifests that it lists. `media_type` is from the response for the tag."""
    own = getattr(document, "media_type", "") or media_type
    listed = [entry.media_type for entry in document.manifests] if isinstance(document, Index) else []
    return frozenset(ManifestFormat.DOCKER if name.startswith(_DOCKER) else ManifestFormat.OCI for name in (own, *listed))


def _said(row: CopyDigests) -> Hashable:
    return row.digest


@remembered
def digest_row(hop: Hop) -> CopyDigests | Unpredicted:
    """Return the row for one hop."""
    rows: tuple[CopyDigests, ...] = table("copy_digests", CopyDigests)
    return row_for(rows, hop, _said)


def digest_on(way: Sequence[Hop], formats: frozenset[ManifestFormat], *, is_index: bool) -> DigestFate | Unpredicted:
    """Return what happens to a digest over all hops. A digest that one hop does not keep is missing after all later ones."""
    found: DigestFate | None = None
    for hop in way:
        fate = _index_on(hop) if is_index else None
        if isinstance(fate, Unpredicted) or (fate is not None and fate.ending in {Ending.LOST, Ending.SPARSE}):
            return fate
        row = digest_row(hop)
        if isinstance(row, Unpredicted):
            return row
        kept = row.keeps(formats)
        if kept is None:
            return Unpredicted(f"the facts do not state whether the digest stays with {hop}: {row.why} ({row.source})")
        if not kept:
            return DigestFate(Ending.CHANGED, hop, row)
        found = DigestFate(Ending.KEPT, hop, row)
    assert found is not None  # noqa: S101 - a way has a hop
    return found


def _index_on(hop: Hop) -> DigestFate | Unpredicted | None:
    """Return what happens to an index as such, or None if it is copied whole."""
    row = platform_row(hop)
    if isinstance(row, Unpredicted):
        return row
    if row.index == "lost":
        return DigestFate(Ending.LOST, hop, row)
    # An archive holds a sparse index. A registry may reject it.
    return DigestFate(Ending.SPARSE, hop, row) if row.index == "sparse" and hop.to == REGISTRY else None


def digest_over(
    ways: Iterable[Sequence[Hop]], formats: frozenset[ManifestFormat], *, is_index: bool
) -> DigestFate | Unpredicted:
    """Return what happens to a digest if the route is unknown: only if all routes have the same result."""
    fates = [digest_on(way, formats, is_index=is_index) for way in ways]
    unknown = next((fate for fate in fates if isinstance(fate, Unpredicted)), None)
    known = [fate for fate in fates if isinstance(fate, DigestFate)]
    if unknown is not None or not known:
        return unknown or Unpredicted("the facts list no archive format that the tool can write")
    kept = [fate for fate in known if fate.ending is Ending.KEPT]
    if kept and len(kept) < len(known):
        return Unpredicted(
            "the digest depends on the archive format, and the archive was not read (use --via archives)", missing=True
        )
    return known[0]


def keeps_digests(ways: Iterable[Sequence[Hop]], *, is_index: bool) -> bool:
    """Return whether every digest stays, whatever the format of the document is."""
    both = (frozenset({one}) for one in ManifestFormat)
    return all(
        isinstance(fate, DigestFate) and fate.ending is Ending.KEPT
        for formats in (*both, frozenset(ManifestFormat))
        for fate in (digest_over(ways, formats, is_index=is_index),)
    )


@remembered
def known_options(tool: str) -> frozenset[str]:
    """Return the options and settings that a row for the tool uses. The effect of others is not predicted."""
    layers: tuple[CopyLayers, ...] = table("copy_layers", CopyLayers)
    platforms: tuple[CopyPlatforms, ...] = table("copy_platforms", CopyPlatforms)
    digests: tuple[CopyDigests, ...] = table("copy_digests", CopyDigests)
    signatures: tuple[CopySignatures, ...] = table("copy_signatures", CopySignatures)
    rows: tuple[HopRow, ...] = (*layers, *platforms, *digests, *signatures)
    conditions = [condition for row in rows if row.tool == tool for condition in row.given]
    named = {part.partition(" ")[0] for condition in conditions for part in condition.split(" and ")}
    choosing = {name for row in platforms if row.tool == tool for name in (row.option, row.architecture, row.variant)}
    return frozenset(named | choosing - {""})
