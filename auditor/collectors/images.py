"""Collecting one image: its tag, then of its index only what the planned nodes would pull."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field

from auditor.collectors.registry.answers import Fetched, now
from auditor.collectors.registry.client import RegistryClient
from auditor.evidence.model import Absent, Content, Failed, Kind, Observation, Seen, TagSeen
from auditor.evidence.store import Store
from auditor.oci.document import Descriptor, Document, Index, MalformedDocument, Manifest, parse_config, parse_document
from auditor.oci.media_types import INDEXES
from auditor.oci.platform import Platform
from auditor.oci.reference import Reference, is_digest
from auditor.oci.select import MAX_DEPTH, choose, flatten, unclear

MAX_UNCLEAR = 64
MAX_NESTED = 64
MAX_KEY = 200
Route = tuple[str, str]  # the domain to ask, and the repository's path there


@dataclass(frozen=True, slots=True)
class Wish:
    """A kind of node that needs an image. `strict` nodes run exact Windows builds only; `any_build` is HostProcess."""

    platform: Platform
    strict: bool = False
    any_build: bool = False


@dataclass(slots=True)
class Counts:
    """What a collection did: documents stored and questions without a usable answer."""

    documents: int = 0
    failures: int = 0


@dataclass(slots=True)
class _Pending:
    """Fetches under way, by digest, so that two images that share a manifest ask for it once."""

    by_digest: dict[str, asyncio.Future[None]] = field(default_factory=dict)
    refused: set[tuple[str, str]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Walked:
    """What an image is made of, as far as it is known: every entry of its index, nested ones too, and the chosen manifests."""

    entries: tuple[Descriptor, ...] = ()
    manifests: tuple[Manifest, ...] = ()


class ImageCollector:
    """Collects images into a store. Several may be collected at once; no digest is fetched twice."""

    def __init__(self, client: RegistryClient, store: Store) -> None:
        self.counts = Counts()
        self.unanswered: dict[str, Failed] = {}
        self._client = client
        self._store = store
        self._pending = _Pending()

    async def collect(self, reference: Reference, wishes: Iterable[Wish]) -> Walked:
        """Collect what the wishes take, and say what it is made of. Failures become evidence."""
        route = (reference.domain, reference.path)
        seen = await self._tag(reference, route)
        if seen is None:
            return Walked()
        walk = _Walk(self, reference.repository, route)
        match walk.parsed(seen.digest, seen.media_type):
            case Index() as index:
                return await walk.index(index, tuple(wishes))
            case Manifest() as manifest:
                await self.fetch(reference.repository, route, manifest.config, "blobs")
                return Walked((), (manifest,))
            case _:
                return Walked()  # schema 1 has no config; what cannot be parsed is judged from the evidence

    def content(self, repository: str, digest: str) -> Observation[Content] | None:
        """What the store has."""
        return self._store.content(repository, digest)

    async def fetch(self, repository: str, route: Route, entry: Descriptor, kind: str) -> None:
        """Make sure that a manifest or a config is stored, or why it cannot be had."""
        if self._store.has_document(entry.digest) or (repository, entry.digest) in self._pending.refused:
            return
        if not is_digest(entry.digest):
            self.missing(repository, entry.digest, Kind.MALFORMED, f"{entry.digest[:80]!r} is no digest")
            return
        while (underway := self._pending.by_digest.get(entry.digest)) is not None:
            await asyncio.shield(underway)
            if self._store.has_document(entry.digest):
                return
        self._pending.by_digest[entry.digest] = future = asyncio.get_running_loop().create_future()
        try:
            await self._ask(repository, route, entry, kind)
        finally:
            del self._pending.by_digest[entry.digest]
            future.set_result(None)

    def missing(self, repository: str, digest: str, kind: Kind, detail: str) -> None:
        """Record that a document was not asked for, and why."""
        if len(digest) <= MAX_KEY:
            self._refused(repository, digest, Failed(kind, detail, now(), repository))

    async def _ask(self, repository: str, route: Route, entry: Descriptor, kind: str) -> None:
        if kind == "blobs":
            found = await self._client.config(*route, entry.digest)
        else:
            found = await self._client.manifest(*route, entry.digest, entry.digest)
        if isinstance(found, Fetched):
            media_type = found.media_type if kind == "manifests" else entry.media_type or found.media_type
            source = self._client.source(*route, kind, entry.digest)
            self._store.put_document(entry.digest, media_type, found.body, repository, now(), source)
            self.counts.documents += 1
        else:
            self._refused(repository, entry.digest, found)

    def _refused(self, repository: str, digest: str, observation: Absent | Failed) -> None:
        self._pending.refused.add((repository, digest))
        self._store.put_missing(repository, digest, observation)
        self.counts.failures += 1

    async def _tag(self, reference: Reference, route: Route) -> TagSeen | None:
        """What the reference points at, asked by HEAD when it is known already. None when there is nothing to go on with."""
        key = str(reference)
        source = self._client.source(*route, "manifests", reference.target)
        known = self._store.tag(key)
        before = known.value if isinstance(known, Seen) and known.source == source else None
        if before is not None and reference.digest and self._store.has_document(before.digest):
            return before
        found = await self._look(reference, route, before)
        if isinstance(found, TagSeen):
            self._store.put_tag(key, Seen(found, now(), source))
            return found
        self.counts.failures += 1
        if before is not None and isinstance(found, Failed) and found.kind is Kind.UNREACHABLE:
            self.unanswered[key] = found
            return before  # what was seen before, with its time, says more than that today nobody answered
        self._store.put_tag(key, found)
        return None

    async def _look(self, reference: Reference, route: Route, before: TagSeen | None) -> TagSeen | Absent | Failed:
        at_hand = reference.digest or (before.digest if before else "")
        if at_hand and self._store.has_document(at_hand):
            headed = await self._client.head(*route, reference.target)
            if isinstance(headed, TagSeen) and self._store.has_document(headed.digest):
                return headed
            if isinstance(headed, Absent | Failed):
                return headed
        found = await self._client.manifest(*route, reference.target, reference.digest)
        if not isinstance(found, Fetched):
            return found
        source = self._client.source(*route, "manifests", reference.target)
        try:
            parse_document(found.body, found.media_type)
        except MalformedDocument as error:
            if not found.is_vouched:
                return Failed(Kind.MALFORMED, str(error)[:300], now(), source)
        self._store.put_document(found.digest, found.media_type, found.body, reference.repository, now(), source)
        self.counts.documents += 1
        return TagSeen(found.digest, found.media_type, len(found.body))


@dataclass(frozen=True, slots=True)
class _Walk:
    """The way through one image's documents."""

    collector: ImageCollector
    repository: str
    route: Route

    def parsed(self, digest: str, media_type: str = "") -> Document | None:
        """A stored document; None when it is not stored or cannot be parsed."""
        observed = self.collector.content(self.repository, digest)
        if not isinstance(observed, Seen):
            return None
        try:
            return parse_document(observed.value.body, media_type or observed.value.media_type)
        except MalformedDocument:
            return None

    async def index(self, index: Index, wishes: tuple[Wish, ...]) -> Walked:
        """Fetch the manifests that the wishes choose, and the configs that the choice takes."""
        nested = {digest: inner async for digest, inner in self._nested(index)}
        flat = flatten(index, nested.get)
        known = await self._known(flat, wishes)
        chosen = dict.fromkeys(
            choice.entry
            for wish in wishes
            if (choice := choose(flat, wish.platform, strict=wish.strict, any_build=wish.any_build, known=known)).fit.runs
        )
        manifests = []
        for entry in chosen:
            if entry is None:
                continue
            await self.collector.fetch(self.repository, self.route, entry, "manifests")
            if isinstance(manifest := self.parsed(entry.digest, entry.media_type), Manifest):
                manifests.append(manifest)
        indexes = (entry for inner in (index, *nested.values()) for entry in inner.manifests)
        entries = {entry.digest: entry for entry in (*flat.manifests, *indexes)}
        return Walked(tuple(entries.values()), tuple(manifests))

    async def _nested(self, index: Index) -> AsyncIterator[tuple[str, Index]]:
        """The indexes inside an index, to the depth and number that are judged; digests cannot make a circle, lies can."""
        level, seen = [index], set[str]()
        for depth in range(MAX_DEPTH + 1):
            entries = [entry for inner in level for entry in inner.manifests if entry.media_type in INDEXES]
            level = []
            for entry in entries:
                if entry.digest in seen:
                    continue
                seen.add(entry.digest)
                if depth == MAX_DEPTH or len(seen) > MAX_NESTED:
                    self.collector.missing(self.repository, entry.digest, Kind.UNSUPPORTED, "indexes nested too deeply")
                    continue
                await self.collector.fetch(self.repository, self.route, entry, "manifests")
                if isinstance(inner := self.parsed(entry.digest, entry.media_type), Index):
                    level.append(inner)
                    yield entry.digest, inner

    async def _known(self, index: Index, wishes: tuple[Wish, ...]) -> dict[str, Platform]:
        """The platforms that configs declare, where the index leaves open what an entry is for."""
        asked = {entry.digest: entry for wish in wishes for entry in unclear(index, wish.platform)}
        known: dict[str, Platform] = {}
        for number, (digest, entry) in enumerate(asked.items()):
            if entry.media_type in INDEXES:
                continue
            if number >= MAX_UNCLEAR:
                told = f"the index leaves the platform of more than {MAX_UNCLEAR} entries open"
                self.collector.missing(self.repository, digest, Kind.UNSUPPORTED, told)
                continue
            platform = await self._declared(entry)
            if platform is not None:
                known[digest] = platform
        return known

    async def _declared(self, entry: Descriptor) -> Platform | None:
        await self.collector.fetch(self.repository, self.route, entry, "manifests")
        manifest = self.parsed(entry.digest, entry.media_type)
        if not isinstance(manifest, Manifest):
            return None
        await self.collector.fetch(self.repository, self.route, manifest.config, "blobs")
        config = self.collector.content(self.repository, manifest.config.digest)
        if not isinstance(config, Seen):
            return None
        try:
            return parse_config(config.value.body).platform
        except MalformedDocument:
            return None
