"""What a registry really has of an image that it offers: every manifest of the index, and every blob that nodes would pull.

A tag proves neither: registries take an index without its children, and a manifest with `urls` without the layer. Whatever
was seen once is not asked again, while what was absent or unanswered is, as somebody may have pushed it since.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from auditor.collectors.images import Counts, Walked
from auditor.collectors.registry.answers import Fetched, now
from auditor.collectors.registry.client import RegistryClient
from auditor.evidence.model import Absent, BlobSeen, Failed, Observation, Seen, TagSeen
from auditor.evidence.store import Store
from auditor.oci.document import Descriptor
from auditor.oci.reference import Reference, is_digest

MAX_PARTS = 20_000  # of one image, for all of its platforms


class PresenceCollector:
    """Asks by HEAD what collected images are made of. Several may be asked for at once; no digest of a repository twice."""

    def __init__(self, client: RegistryClient, store: Store) -> None:
        self.counts = Counts()
        self._client = client
        self._store = store
        self._asked: set[tuple[str, str]] = set()

    async def everything(self, reference: Reference, walked: Walked) -> None:
        """Look for all parts of an image. `walked` is what it turned out to be at this very place. Failures become evidence."""
        match self._store.tag(str(reference)):
            case Seen(tag, at, source) if is_digest(tag.digest):
                self._store.put_blob(reference.repository, tag.digest, Seen(BlobSeen(tag.size), at, source))
        await self._all(reference, "manifests", walked.entries)
        blobs = (blob for manifest in walked.manifests for blob in (manifest.config, *manifest.layers))
        await self._all(reference, "blobs", blobs)

    async def foreign_layers(self, reference: Reference, walked: Walked) -> None:
        """Look only for the foreign layers: of a source registry nothing else is in doubt."""
        layers = (layer for manifest in walked.manifests for layer in manifest.layers)
        await self._all(reference, "blobs", (layer for layer in layers if layer.is_nondistributable or layer.urls))

    async def _all(self, reference: Reference, kind: str, entries: Iterable[Descriptor]) -> None:
        wanted = dict.fromkeys(entry.digest for entry in entries)
        still_open = [digest for digest in wanted if self._is_open(reference.repository, digest)]
        await asyncio.gather(*(self._ask(reference, kind, digest) for digest in still_open[:MAX_PARTS]))

    def _is_open(self, repository: str, digest: str) -> bool:
        """Whether the question is worth asking: of a digest, once in a run, and not where the answer was yes before."""
        key = (repository, digest)
        if key in self._asked or not is_digest(digest) or isinstance(self._store.blob(repository, digest), Seen):
            return False
        self._asked.add(key)
        return True

    async def _ask(self, reference: Reference, kind: str, digest: str) -> None:
        found = await self._answer(reference, kind, digest)
        self.counts.failures += not isinstance(found, Seen)
        self._store.put_blob(reference.repository, digest, found)

    async def _answer(self, reference: Reference, kind: str, digest: str) -> Observation[BlobSeen]:
        domain, path = reference.domain, reference.path
        found: TagSeen | BlobSeen | Fetched | Absent | Failed | None
        if kind == "blobs":
            found = await self._client.head_blob(domain, path, digest)
        else:
            found = await self._client.head(domain, path, digest) or await self._client.manifest(domain, path, digest, digest)
        if isinstance(found, Absent | Failed):
            return found
        size = len(found.body) if isinstance(found, Fetched) else found.size
        return Seen(BlobSeen(size), now(), self._client.source(domain, path, kind, digest))
