"""Observe what a registry really has of an image: every manifest of the index, and every blob that nodes would pull.

A tag proves neither. Registries accept an index without its children, and a manifest with `urls` without the layer. All of it
can be deleted or damaged later, so every run requests all of it again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from auditor.collectors.answered import Answers
from auditor.collectors.image_collector import ImageCollector
from auditor.collectors.image_walk import Walked, Where
from auditor.collectors.registry.answers import now
from auditor.collectors.registry.client import RegistryClient
from auditor.evidence.model import BlobSeen, Seen
from auditor.oci.document import Descriptor
from auditor.oci.reference import is_digest

MAX_PARTS = 20_000  # of one image, for all of its platforms
MAX_BLOB = 1024**4  # the maximum number of bytes to read of one blob


class PresenceCollector:
    """Requests the parts of collected images, concurrently, and each digest of a repository once.

    Manifests and configs are fetched and hashed. Layers get a HEAD request; with `full` they are read and hashed as well.
    """

    def __init__(self, client: RegistryClient, images: ImageCollector, answers: Answers, *, full: bool = False) -> None:
        self._client = client
        self._images = images
        self._answers = answers
        self._full = full

    async def everything(self, where: Where, walked: Walked) -> None:
        """Observe all parts of an image. `walked` is the result of walking it in this repository. Failures become evidence."""
        configs = {manifest.config.digest: manifest.config for manifest in walked.manifests}
        documents = [(entry, "manifests") for entry in walked.entries] + [(config, "blobs") for config in configs.values()]
        layers = (layer for manifest in walked.manifests for layer in manifest.layers)
        await asyncio.gather(
            self._layers(where, (layer for layer in layers if layer.digest not in configs), full=self._full),
            *(self._images.fetch(where, entry, kind, keep=False) for entry, kind in documents[:MAX_PARTS]),
        )

    async def foreign_layers(self, where: Where, walked: Walked) -> None:
        """Observe only the foreign layers: at a source registry, nothing else is uncertain."""
        layers = (layer for manifest in walked.manifests for layer in manifest.layers)
        await self._layers(where, (layer for layer in layers if layer.is_nondistributable or layer.urls), full=False)

    async def _layers(self, where: Where, layers: Iterable[Descriptor], *, full: bool) -> None:
        wanted = [layer for layer in {layer.digest: layer for layer in layers}.values() if is_digest(layer.digest)]
        still_open = [layer for layer in wanted[:MAX_PARTS] if self._answers.claim(where.repository, layer.digest)]
        await asyncio.gather(*(self._ask(where, layer, full=full) for layer in still_open))

    async def _ask(self, where: Where, layer: Descriptor, *, full: bool) -> None:
        if full:
            found = await self._client.read_blob(*where.route, layer.digest, min(max(layer.size, 0), MAX_BLOB))
        else:
            found = await self._client.head_blob(*where.route, layer.digest)
        source = self._client.source(*where.route, "blobs", layer.digest)
        self._answers.keep_blob(
            where.repository, layer.digest, Seen(found, now(), source) if isinstance(found, BlobSeen) else found
        )
