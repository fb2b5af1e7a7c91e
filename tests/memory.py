"""Evidence in memory, with real documents under real digests, for tests of everything that reads evidence."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Any

from auditor.evidence.model import (
    Absent,
    ArchiveSeen,
    BlobSeen,
    ChainSeen,
    Content,
    Fetched,
    Observation,
    Seen,
    TagSeen,
    TlsOffered,
)
from auditor.evidence.tally import Tally, tallied
from auditor.oci.unpacked import AllUnpacked, UnpackedKind, UnpackedSeen

AT = datetime.datetime(2026, 11, 23, 8, 0, tzinfo=datetime.UTC)
SOURCE = "https://registry.example.com/v2/"
Key = tuple[str, ...]


def digest_of(body: bytes) -> str:
    """The digest under which a registry would store the bytes."""
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def body_of(document: Mapping[str, Any]) -> bytes:
    """A document as bytes, the same each time."""
    return json.dumps(document, indent=1).encode()


def seen(value: Any) -> Seen[Any]:
    """An observation of the value."""
    return Seen(value, AT, SOURCE)


@dataclass(frozen=True)
class MemoryEvidence:
    """What was observed. `documents` by digest; `answers` is what a repository said for a digest that is not stored."""

    tags: dict[str, Observation[TagSeen]] = field(default_factory=dict)
    documents: dict[str, Content] = field(default_factory=dict)
    answers: dict[tuple[str, str], Observation[Content]] = field(default_factory=dict)
    blobs: dict[tuple[str, str], Observation[BlobSeen]] = field(default_factory=dict)
    unpacked_seen: dict[str, Observation[UnpackedSeen]] = field(default_factory=dict)
    chains: dict[str, Observation[ChainSeen]] = field(default_factory=dict)
    offers: dict[str, Observation[TlsOffered]] = field(default_factory=dict)
    fetches: dict[str, Observation[Fetched]] = field(default_factory=dict)
    read: dict[str, Observation[ArchiveSeen]] = field(default_factory=dict)

    def tag(self, reference: str) -> Observation[TagSeen] | None:
        return self.tags.get(reference)

    def content(self, repository: str, digest: str) -> Observation[Content] | None:
        document = self.documents.get(digest)
        return self.answers.get((repository, digest)) if document is None else seen(document)

    def blob(self, repository: str, digest: str) -> Observation[BlobSeen] | None:
        return self.blobs.get((repository, digest))

    def observed_blobs(self, repository: str) -> AbstractSet[str]:
        return {digest for name, digest in self.blobs if name == repository}

    def unpacked(self, digest: str) -> Observation[UnpackedSeen] | None:
        return self.unpacked_seen.get(digest)

    def all_unpacked(self) -> AllUnpacked:
        there = {digest: told.value for digest, told in self.unpacked_seen.items() if isinstance(told, Seen)}
        trailers = {digest: told.value for digest, told in there.items() if told.kind is UnpackedKind.GZIP_TRAILER}
        return AllUnpacked(trailers, {digest: told for digest, told in there.items() if digest not in trailers})

    def archives(self) -> Mapping[str, Observation[ArchiveSeen]]:
        return self.read

    def chain(self, endpoint: str) -> Observation[ChainSeen] | None:
        return self.chains.get(endpoint)

    def tls_offered(self, endpoint: str) -> Observation[TlsOffered] | None:
        return self.offers.get(endpoint)

    def fetched(self, url: str) -> Observation[Fetched] | None:
        return self.fetches.get(url)

    def tallies(self) -> tuple[Tally, ...]:
        kinds = {"tags": self.tags, "blobs": self.blobs, "chains": self.chains, "archives": self.read}
        return tuple(
            tally
            for what, kept in kinds.items()
            for tally in tallied(
                what, ((isinstance(one, Seen), isinstance(one, Absent), one.at, one.source) for one in kept.values())
            )
        )

    def store(self, body: bytes, media_type: str = "") -> str:
        """Keep a document and return its digest."""
        digest = digest_of(body)
        self.documents[digest] = Content(media_type, body)
        return digest

    def point(self, reference: str, body: bytes, media_type: str = "") -> str:
        """Let a reference point at a document and return the document's digest."""
        digest = self.store(body, media_type)
        self.tags[reference] = seen(TagSeen(digest, media_type, len(body)))
        return digest

    def keys(self) -> tuple[Key, ...]:
        """A name for everything that was observed."""
        return (
            *(("tag", name) for name in self.tags),
            *(("document", digest) for digest in self.documents),
            *(("answer", *place) for place in self.answers),
            *(("blob", *place) for place in self.blobs),
            *(("unpacked", digest) for digest in self.unpacked_seen),
            *(("chain", name) for name in self.chains),
            *(("offered", name) for name in self.offers),
            *(("fetched", url) for url in self.fetches),
            *(("archive", path) for path in self.read),
        )

    def without(self, dropped: Iterable[Key]) -> MemoryEvidence:
        """The same, as if nobody had looked at what `dropped` names."""
        gone = set(dropped)
        return replace(
            self,
            tags={name: value for name, value in self.tags.items() if ("tag", name) not in gone},
            documents={digest: value for digest, value in self.documents.items() if ("document", digest) not in gone},
            answers={place: value for place, value in self.answers.items() if ("answer", *place) not in gone},
            blobs={place: value for place, value in self.blobs.items() if ("blob", *place) not in gone},
            unpacked_seen={name: value for name, value in self.unpacked_seen.items() if ("unpacked", name) not in gone},
            chains={name: value for name, value in self.chains.items() if ("chain", name) not in gone},
            offers={name: value for name, value in self.offers.items() if ("offered", name) not in gone},
            fetches={url: value for url, value in self.fetches.items() if ("fetched", url) not in gone},
            read={path: value for path, value in self.read.items() if ("archive", path) not in gone},
        )
