"""Observe the unpacked size of layers from their last 8 or first 512 bytes: no layer is downloaded.

A digest never changes, so an observed layer gets no further request. If a layer was absent or the request failed, the next
repository that has it and the next collection try again.
"""

from __future__ import annotations

import asyncio
from typing import Final

from auditor.collectors.archives.ends import HEAD, TAIL, by_ends, by_trailer
from auditor.collectors.archives.expanding import compression_of
from auditor.collectors.image_walk import Walked
from auditor.collectors.registry.answers import now
from auditor.collectors.registry.client import RegistryClient
from auditor.collectors.registry.ranges import ByteRange
from auditor.collectors.single_flight import SingleFlight
from auditor.evidence.model import Absent, Failed, Kind, Observation, Seen
from auditor.evidence.store import Store
from auditor.oci.document import Descriptor
from auditor.oci.reference import Reference, is_digest
from auditor.oci.unpacked import GZIP, UnpackedKind, UnpackedSeen, packed_by, parts_of
from auditor.sizing.unpacked_estimates import LARGEST, trailer_fits

MAX_LAYERS: Final = 20_000  # of one image, for all of its platforms
MAX_TRIES: Final = 3  # repositories that are queried for one layer


class UnpackedCollector:
    """Requests the ends of layers from registries. Images may be collected concurrently; one request per digest at a time."""

    def __init__(self, client: RegistryClient, store: Store) -> None:
        self.failures = 0
        self._client = client
        self._store = store
        self._tries: dict[str, int] = {}
        self._flights: SingleFlight[str] = SingleFlight()  # by digest

    async def layers(self, reference: Reference, walked: Walked) -> None:
        """Observe the layers of an image that are unknown. Failures become evidence."""
        wanted = {layer.digest: layer for manifest in walked.manifests for layer in manifest.layers if _is_worth_asking(layer)}
        asked = [layer for layer in wanted.values() if self._is_open(layer.digest)]
        await asyncio.gather(*(self._settle(reference, layer) for layer in asked[:MAX_LAYERS]))

    def _is_open(self, digest: str) -> bool:
        tries = self._tries.get(digest, 0)
        if tries == 0 and isinstance(self._store.unpacked(digest), Seen):
            self._tries[digest] = MAX_TRIES
            return False
        return tries < MAX_TRIES

    async def _settle(self, reference: Reference, layer: Descriptor) -> None:
        async def ask() -> None:
            tries = self._tries.get(layer.digest, 0)
            if tries < MAX_TRIES:
                self._tries[layer.digest] = tries + 1
                await self._ask(reference, layer)

        await self._flights.run(lambda: layer.digest, ask)

    async def _ask(self, reference: Reference, layer: Descriptor) -> None:
        told = await _Question(self._client, reference, layer).answer()
        found: Observation[UnpackedSeen]
        if isinstance(told, UnpackedSeen):
            source = self._client.source(reference.domain, reference.path, "blobs", layer.digest)
            found = Seen(told, now(), source)
            self._tries[layer.digest] = MAX_TRIES
        else:
            found = told
            self.failures += not (isinstance(told, Failed) and told.kind is Kind.UNSUPPORTED)
        self._store.put_unpacked(layer.digest, found)


def _is_worth_asking(layer: Descriptor) -> bool:
    """Return whether the end of a layer holds more than its manifest: not for a plain tar or a layer of many parts."""
    has_ends = is_digest(layer.digest) and 0 < layer.size <= LARGEST
    return has_ends and packed_by(layer.media_type) != "" and parts_of(layer) is None


class _Question:
    """One layer at one repository: requests the end that its media type suggests, and the other end if that was wrong."""

    def __init__(self, client: RegistryClient, reference: Reference, layer: Descriptor) -> None:
        self._client = client
        self._where = (reference.domain, reference.path)
        self._layer = layer

    async def answer(self) -> UnpackedSeen | Absent | Failed:
        """Return what the layer states, or why it was not observed."""
        if packed_by(self._layer.media_type) != GZIP:
            return await self._by_start()
        end = await self._end()
        if not isinstance(end, bytes):
            return end
        told = by_trailer(end)
        if told.kind is UnpackedKind.GZIP_TRAILER and trailer_fits(self._layer.size, told.value):
            return told
        start = await self._start()  # the media type may be wrong
        return by_ends(start, end, self._layer.size) if isinstance(start, bytes) else start

    async def _by_start(self) -> UnpackedSeen | Absent | Failed:
        start = await self._start()
        if not isinstance(start, bytes) or compression_of(start) != GZIP:
            return by_ends(start, b"", self._layer.size) if isinstance(start, bytes) else start
        end = await self._end()
        return by_trailer(end) if isinstance(end, bytes) else end

    async def _start(self) -> bytes | Absent | Failed:
        size = self._layer.size
        return await self._client.part(*self._where, self._layer.digest, ByteRange(0, min(HEAD, size) - 1, size))

    async def _end(self) -> bytes | Absent | Failed:
        size = self._layer.size
        return await self._client.part(*self._where, self._layer.digest, ByteRange(max(size - TAIL, 0), size - 1, size))
