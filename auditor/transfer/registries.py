"""How a registry handles a push of a manifest with `urls`, and of an index without all of its manifests."""

from __future__ import annotations

from typing import Literal

from auditor.facts import Fact, remembered, table
from auditor.facts.lookup import GapKind, rows_at
from auditor.facts.versions import Versioned
from auditor.transfer.hops import Unpredicted, proves


class RegistryUrls(Versioned, frozen=True, kw_only=True):
    """Whether a kind of registry accepts such manifests, and for which media types the blob may be missing."""

    registry: str
    urls: Literal["accepted", "configured", "unknown"]
    symptom: str
    aliases: tuple[str, ...] = ()
    without_blob: tuple[str, ...] | None = None
    confirmed: bool = False

    @property
    def is_proven(self) -> bool:
        """Return whether the row can cause an error."""
        return proves(self.source, self.confidence, confirmed=self.confirmed)

    def takes_without_blob(self, media_type: str) -> bool | None:
        """Return whether a manifest is accepted without its layer of this media type, or None if unknown."""
        if self.without_blob is None:
            return None
        return any(
            media_type.startswith(known[:-1]) if known.endswith("*") else media_type == known for known in self.without_blob
        )


@remembered
def registry_row(kind: str, version: str) -> RegistryUrls | Unpredicted:
    """Return the row for a registry. If the plan states no version, the first row of the kind applies."""
    rows: tuple[RegistryUrls, ...] = table("registry_urls", RegistryUrls)
    own = [row for row in rows if kind == row.registry or kind in row.aliases]
    if not own:
        return Unpredicted(f"the facts do not list {kind} as a registry", unlisted=True)
    found = rows_at(own, version, kind)
    if found.gap is not None and found.gap.kind is not GapKind.UNSTATED:
        return Unpredicted(f"{found.gap.why} (`urls` of layers)", missing=found.gap.missing)
    if found.rows[0].urls == "unknown":
        return Unpredicted(f"the facts do not state whether {kind} accepts manifests with `urls` ({found.rows[0].source})")
    return found.rows[0]


class SparseIndexes(Fact, frozen=True, kw_only=True):
    """Whether a registry kind accepts an index without all of its manifests, and its error if it does not."""

    registry: str
    accepts: Literal["yes", "no", "unknown"]
    symptom: str


def takes_sparse(kind: str) -> bool | None:
    """Return whether a registry kind accepts an index without all of its manifests, or None if that is unknown."""
    rows: tuple[SparseIndexes, ...] = table("sparse_indexes", SparseIndexes)
    found = next((row.accepts for row in rows if row.registry == kind), "unknown")
    return None if found == "unknown" else found == "yes"


def sparse_refusal(kind: str) -> SparseIndexes | None:
    """Return the row of a registry kind that rejects sparse indexes, or None if it accepts them or is unknown."""
    rows: tuple[SparseIndexes, ...] = table("sparse_indexes", SparseIndexes)
    return next((row for row in rows if row.registry == kind and row.accepts == "no"), None)
