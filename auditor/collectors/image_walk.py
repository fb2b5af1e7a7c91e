"""Walk through the documents of one image: only the parts of its index that the planned nodes would pull."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from auditor.evidence.model import Content, Kind, Observation, Seen
from auditor.oci.document import Descriptor, Document, Index, MalformedDocument, Manifest, parse_config, parse_document
from auditor.oci.media_types import INDEXES
from auditor.oci.platform import Platform
from auditor.oci.reference import Reference
from auditor.oci.select import MAX_DEPTH, choose, flatten, unclear

MAX_UNCLEAR = 64
MAX_NESTED = 64
Route = tuple[str, str]  # the domain to query, and the repository's path there


@dataclass(frozen=True, slots=True)
class WantedPlatform:
    """A kind of node that needs an image. `strict` nodes run exact Windows builds only; `any_build` is HostProcess."""

    platform: Platform
    strict: bool = False
    any_build: bool = False


@dataclass(frozen=True, slots=True)
class Where:
    """A repository to query. `inside`: it is on the internal registry, so every document is fetched and hashed in every run.

    For a stored document, a source gets only a HEAD request: the content of a digest cannot change, but the repository may have
    lost it.
    """

    reference: Reference
    inside: bool = False

    @property
    def repository(self) -> str:
        """Host and path, as in evidence."""
        return self.reference.repository

    @property
    def route(self) -> Route:
        """The domain to query, and the path there."""
        return self.reference.domain, self.reference.path


@dataclass(frozen=True, slots=True)
class Walked:
    """The known parts of an image: every entry of its index, nested ones too, and the chosen manifests.

    `lacking` holds the digests of needed documents that were not stored when the image was walked.
    """

    entries: tuple[Descriptor, ...] = ()
    manifests: tuple[Manifest, ...] = ()
    lacking: tuple[str, ...] = ()


class ImageDocuments(Protocol):
    """Access to the documents of repositories during a walk."""

    def content(self, repository: str, digest: str) -> Observation[Content] | None:
        """Return the stored observation of a document."""

    async def fetch(self, where: Where, entry: Descriptor, kind: str) -> None:
        """Request a manifest or a config from the repository, and store it or the reason why it could not be fetched."""

    def missing(self, repository: str, digest: str, kind: Kind, detail: str) -> None:
        """Record that a document could not be fetched, and why."""


@dataclass(frozen=True, slots=True)
class ImageWalk:
    """The walk through the documents of one image."""

    documents: ImageDocuments
    where: Where
    lacking: list[str] = field(default_factory=list)

    @property
    def repository(self) -> str:
        """The repository that is walked."""
        return self.where.repository

    def parsed(self, digest: str, media_type: str = "") -> Document | None:
        """Return a stored document; None if it is not stored or cannot be parsed."""
        observed = self.documents.content(self.repository, digest)
        if not isinstance(observed, Seen):
            self.lacking.append(digest)
            return None
        try:
            return parse_document(observed.value.body, media_type or observed.value.media_type)
        except MalformedDocument:
            return None

    async def index(self, index: Index, wishes: tuple[WantedPlatform, ...]) -> Walked:
        """Fetch the manifests that the wishes choose, and the configs that the choice needs."""
        nested = {digest: inner async for digest, inner in self._nested(index)}
        flat = flatten(index, nested.get)
        known = await self._known(flat, wishes)
        chosen = dict.fromkeys(
            choice.entry
            for wish in wishes
            if (choice := choose(flat, wish.platform, strict=wish.strict, any_build=wish.any_build, known=known)).fit.runs
        )
        entries = [entry for entry in chosen if entry is not None]
        await self._fetch_all(entries)
        parsed = (self.parsed(entry.digest, entry.media_type) for entry in entries)
        manifests = [manifest for manifest in parsed if isinstance(manifest, Manifest)]
        indexes = (entry for inner in (index, *nested.values()) for entry in inner.manifests)
        parts = {entry.digest: entry for entry in (*flat.manifests, *indexes)}
        return Walked(tuple(parts.values()), tuple(manifests), tuple(self.lacking))

    async def _fetch_all(self, entries: Iterable[Descriptor]) -> None:
        """Fetch manifests concurrently."""
        await asyncio.gather(*(self.documents.fetch(self.where, entry, "manifests") for entry in entries))

    async def _nested(self, index: Index) -> AsyncIterator[tuple[str, Index]]:
        """Yield nested indexes, up to the depth and number that checks evaluate. Digests cannot form a circle, but false ones
        can."""
        level, seen = [index], set[str]()
        for depth in range(MAX_DEPTH + 1):
            entries = [entry for inner in level for entry in inner.manifests if entry.media_type in INDEXES]
            level, fetched = [], []
            for entry in entries:
                if entry.digest in seen:
                    continue
                seen.add(entry.digest)
                if depth == MAX_DEPTH or len(seen) > MAX_NESTED:
                    self.documents.missing(self.repository, entry.digest, Kind.UNSUPPORTED, "indexes nested too deeply")
                    continue
                fetched.append(entry)
            await self._fetch_all(fetched)
            for entry in fetched:
                if isinstance(inner := self.parsed(entry.digest, entry.media_type), Index):
                    level.append(inner)
                    yield entry.digest, inner

    async def _known(self, index: Index, wishes: tuple[WantedPlatform, ...]) -> dict[str, Platform]:
        """Return the platforms from configs, for entries without a platform in the index."""
        asked = {entry.digest: entry for wish in wishes for entry in unclear(index, wish.platform)}
        wanted: list[Descriptor] = []
        for number, (digest, entry) in enumerate(asked.items()):
            if entry.media_type in INDEXES:
                continue
            if number >= MAX_UNCLEAR:
                told = f"the index states no platform for more than {MAX_UNCLEAR} entries"
                self.documents.missing(self.repository, digest, Kind.UNSUPPORTED, told)
                continue
            wanted.append(entry)
        platforms = await asyncio.gather(*map(self._declared, wanted))
        return {entry.digest: platform for entry, platform in zip(wanted, platforms, strict=True) if platform is not None}

    async def _declared(self, entry: Descriptor) -> Platform | None:
        await self.documents.fetch(self.where, entry, "manifests")
        manifest = self.parsed(entry.digest, entry.media_type)
        if not isinstance(manifest, Manifest):
            return None
        await self.documents.fetch(self.where, manifest.config, "blobs")
        config = self.documents.content(self.repository, manifest.config.digest)
        if not isinstance(config, Seen):
            self.lacking.append(manifest.config.digest)
            return None
        try:
            return parse_config(config.value.body).platform
        except MalformedDocument:
            return None
