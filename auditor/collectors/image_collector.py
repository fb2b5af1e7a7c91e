"""Collect one image: its tag, then the documents that a walk through its index requests."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.collectors.answered import Answers
from auditor.collectors.image_walk import ImageWalk, Walked, WantedPlatform, Where
from auditor.collectors.registry.answers import Misfit, VerifiedBytes, now
from auditor.collectors.registry.client import RegistryClient
from auditor.collectors.single_flight import SingleFlight
from auditor.errors import AuditorError, unexpected
from auditor.evidence.model import Absent, BlobSeen, Content, Failed, Kind, Observation, Seen, TagSeen
from auditor.evidence.store import Store
from auditor.oci.document import Descriptor, Index, MalformedDocument, Manifest, parse_document
from auditor.oci.reference import is_digest

MAX_KEY = 200


class ImageCollector:
    """Collects images into a store, several concurrently. Each repository gets one request per digest.

    A tag listing would save no request, because it does not state the targets of tags.
    """

    def __init__(self, client: RegistryClient, store: Store, answers: Answers) -> None:
        self.documents = 0
        self._client = client
        self._store = store
        self._answers = answers
        self._flights: SingleFlight[tuple[str, str]] = SingleFlight()  # by repository and digest

    async def collect(self, where: Where, wishes: Iterable[WantedPlatform]) -> Walked:
        """Collect what the wishes need, and return the parts of the image. Failures become evidence.

        An unexpected exception is evidence about this image only.
        """
        try:
            return await self._collected(where, wishes)
        except AuditorError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever one image makes a library raise must not end the run
            source = self._client.source(*where.route, "manifests", where.reference.target)
            detail = unexpected(f"collecting {where.reference}", error)
            self._answers.keep_tag(str(where.reference), Failed(Kind.BUG, detail, now(), source))
            return Walked()

    async def _collected(self, where: Where, wishes: Iterable[WantedPlatform]) -> Walked:
        seen = await self._tag(where)
        if seen is None:
            return Walked()
        walk = ImageWalk(self, where)
        match walk.parsed(seen.digest, seen.media_type):
            case Index() as index:
                return await walk.index(index, tuple(wishes))
            case Manifest() as manifest:
                await self.fetch(where, manifest.config, "blobs")
                return Walked((), (manifest,))
            case _:
                return Walked(
                    lacking=tuple(walk.lacking)
                )  # schema 1 has no config; checks evaluate documents that cannot be parsed

    def has_document(self, digest: str) -> bool:
        """Return whether the store has a document."""
        return self._store.has_document(digest)

    def content(self, repository: str, digest: str) -> Observation[Content] | None:
        """Return the stored observation of a document."""
        return self._store.content(repository, digest)

    async def fetch(self, where: Where, entry: Descriptor, kind: str, *, keep: bool = True) -> None:
        """Request a manifest or a config from the repository, once per run. Store it, or the reason why it could not be
        fetched.

        Without `keep`, its bytes are hashed but not stored.
        """
        digest = entry.digest
        if not is_digest(digest):
            self.missing(where.repository, digest, Kind.MALFORMED, f"{digest[:80]!r} is not a digest")
            return

        def shared() -> tuple[str, str]:
            """Return the key of shared requests. Repositories that share a document fetch it once; the internal registry serves
            each copy."""
            is_shared = not where.inside and not self._store.has_document(digest)
            return "" if is_shared else where.repository, digest

        async def ask() -> None:
            if not self._is_settled(where.repository, digest, keep=keep):
                await self._ask(where, entry, kind, keep=keep)

        await self._flights.run(shared, ask)

    def _is_settled(self, repository: str, digest: str, *, keep: bool) -> bool:
        """Return whether no request is left. An interrupted run, or one without `keep`, may have an answer but not the
        document."""
        if not self._answers.is_answered(repository, digest):
            return False
        if not keep or self._store.has_document(digest):
            return True
        return self._answers.is_asked(repository, digest) and isinstance(
            self._store.content(repository, digest), Absent | Failed
        )

    def missing(self, repository: str, digest: str, kind: Kind, detail: str) -> None:
        """Record that a document could not be fetched, and why."""
        if len(digest) <= MAX_KEY:
            self._answers.failures += 1
            self._store.put_missing(repository, digest, Failed(kind, detail, now(), repository))

    async def _ask(self, where: Where, entry: Descriptor, kind: str, *, keep: bool) -> None:
        digest, source = entry.digest, self._client.source(*where.route, kind, entry.digest)
        if not where.inside and self._store.has_document(digest):
            headed = await self._headed(where, digest, kind, source)
            if headed is not None:
                self._answers.keep_blob(where.repository, digest, headed)
                return
        if kind == "blobs":
            found = await self._client.config(*where.route, digest)
        else:
            found = await self._client.manifest(*where.route, digest, digest)
        if isinstance(found, VerifiedBytes) and keep and not self._store.has_document(digest):
            media_type = found.media_type if kind == "manifests" else entry.media_type or found.media_type
            self._store.put_document(digest, media_type, found.body, where.repository, now(), source)
            self.documents += 1
        self._keep(where, digest, source, found, is_manifest=kind == "manifests")

    def _keep(
        self, where: Where, digest: str, source: str, found: VerifiedBytes | Misfit | Absent | Failed, *, is_manifest: bool
    ) -> None:
        """Store the answer of a repository for a digest: that it has it, with which bytes, or the failure."""
        observed: Observation[BlobSeen]
        lacking: Absent | Failed | None = None
        match found:
            case VerifiedBytes():
                observed = Seen(BlobSeen(len(found.body), found.stated if is_manifest else "", digest), now(), source)
            case Misfit():
                observed = Seen(BlobSeen(found.size, found.media_type if is_manifest else "", found.hashed), now(), source)
                lacking = Failed(Kind.MALFORMED, found.detail, now(), source)
                self._answers.failures += 1
            case Absent() | Failed():
                observed = lacking = found
        self._answers.keep_blob(where.repository, digest, observed)
        if lacking is not None and not self._store.has_document(digest):
            self._store.put_missing(where.repository, digest, lacking)

    async def _headed(self, where: Where, digest: str, kind: str, source: str) -> Observation[BlobSeen] | None:
        """Return the answer of a repository to HEAD; None if only GET can answer."""
        if kind == "blobs":
            blob = await self._client.head_blob(*where.route, digest)
            if isinstance(blob, Failed) and blob.kind in {Kind.UNSUPPORTED, Kind.MALFORMED}:
                return None
            return Seen(blob, now(), source) if isinstance(blob, BlobSeen) else blob
        tag = await self._client.head(*where.route, digest)
        if isinstance(tag, TagSeen):
            return Seen(BlobSeen(tag.size, tag.media_type), now(), source) if tag.digest == digest else None
        return tag

    async def _tag(self, where: Where) -> TagSeen | None:
        """Return the target of the reference; None if the walk cannot continue."""
        key, target = str(where.reference), where.reference.target
        source = self._client.source(*where.route, "manifests", target)
        known = self._store.tag(key)
        before = known.value if isinstance(known, Seen) and known.source == source else None
        if before is not None and self._answers.is_answered(key) and self._store.has_document(before.digest):
            return before
        found = await self._look(where, before)
        if isinstance(found, TagSeen):
            self._answers.keep_tag(key, Seen(found, now(), source))
            return found
        self._answers.keep_tag(key, found)
        # An earlier observation with its time is more useful than today's failure.
        return before if key in self._answers.unanswered else None

    async def _look(self, where: Where, before: TagSeen | None) -> TagSeen | Absent | Failed:
        reference, source = where.reference, self._client.source(*where.route, "manifests", where.reference.target)
        at_hand = reference.digest or (before.digest if before else "")
        if not where.inside and at_hand and self._store.has_document(at_hand):
            headed = await self._client.head(*where.route, reference.target)
            if isinstance(headed, Absent | Failed):
                return headed
            if headed is not None and self._store.has_document(headed.digest) and reference.digest in {"", headed.digest}:
                self._answers.keep_blob(
                    where.repository, headed.digest, Seen(BlobSeen(headed.size, headed.media_type), now(), source)
                )
                return headed
        found = await self._client.manifest(*where.route, reference.target, reference.digest)
        if isinstance(found, Absent | Failed):
            return found
        if isinstance(found, Misfit):
            self._keep(where, found.digest, source, found, is_manifest=True)
            return TagSeen(found.digest, found.media_type, found.size)
        try:
            parse_document(found.body, found.media_type)
        except MalformedDocument as error:
            if not found.is_vouched:
                return Failed(Kind.MALFORMED, str(error)[:300], now(), source)
        if not self._store.has_document(found.digest):
            self._store.put_document(found.digest, found.media_type, found.body, reference.repository, now(), source)
            self.documents += 1
        self._keep(where, found.digest, source, found, is_manifest=True)
        return TagSeen(found.digest, found.media_type, len(found.body))
