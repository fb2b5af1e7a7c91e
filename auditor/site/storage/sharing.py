"""Which blobs several images have: only these need to be looked at again for every stage and pool.

What a single payload has for itself is summed up once. There may be half a million blobs, and most of them are of that kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from auditor.site.images import Payload, Placement
from auditor.sizing.budget import Blob
from auditor.sizing.ranged import exact

Weigh = Callable[[int], int]


class Sharing:
    """Knows every payload of a site. A blob of any other payload counts as one that may be shared."""

    def __init__(self, placements: Iterable[Placement]) -> None:
        payloads = {p.resolution.payload.digest: p.resolution.payload for p in placements if p.resolution.payload is not None}
        self._payloads = frozenset(payloads)
        # What one payload names twice counts as shared, which is as right and saves sorting it out for all of them.
        self._owners = Counter(blob.digest for payload in payloads.values() for blob in payload.blobs)
        self._condensed: dict[tuple[str, Weigh | None, bool], tuple[Blob, ...]] = {}

    def knows(self, digest: str) -> bool:
        """Whether it is the manifest of a payload."""
        return digest in self._payloads

    def first_own(self, payload: Payload) -> int:
        """The position of the first layer that no other payload has: above it, nothing that is unpacked is shared."""
        if payload.digest in self._payloads:
            for number, layer in enumerate(payload.layers):
                if self._owners[layer.digest] == 1:
                    return number
        return len(payload.layers)

    def condensed(self, payload: Payload, weigh: Weigh | None = None, with_manifest: bool = True) -> tuple[Blob, ...]:
        """The blobs that others have too, and one for all that nobody else has; each of these takes what `weigh` says."""
        key = (payload.digest, weigh, with_manifest)
        found = self._condensed.get(key)
        if found is None:
            blobs = payload.blobs if with_manifest else payload.blobs[1:]
            found = self._condensed[key] = tuple(self._condense(payload, blobs, weigh))
        return found

    def _condense(self, payload: Payload, blobs: tuple[Blob, ...], weigh: Weigh | None) -> list[Blob]:
        owners = self._owners if payload.digest in self._payloads else {}
        own = 0
        shared: list[Blob] = []
        for blob in blobs:
            size = max(0, blob.size)
            taken = size if weigh is None else weigh(size)
            if owners.get(blob.digest) == 1:
                own += taken
            else:
                shared.append(blob if weigh is None else exact(blob.digest, taken))
        return [exact(f"own of {payload.digest}", own), *shared]
