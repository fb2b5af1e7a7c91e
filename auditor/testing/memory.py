"""Evidence in memory: real documents under real digests, without a file."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

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
Value = TypeVar("Value")


def digest_of(body: bytes) -> str:
    """Return the digest under which a registry stores the bytes."""
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def body_of(document: Mapping[str, Any]) -> bytes:
    """Return a JSON document as bytes, the same bytes for equal documents."""
    return json.dumps(document, indent=1).encode()


def seen(value: Value) -> Seen[Value]:
    """Return an observation of `value`, made at `AT` from `SOURCE`."""
    return Seen(value, AT, SOURCE)


@dataclass(frozen=True)
class MemoryEvidence:
    """Observations, in the form that checks read (`auditor.evidence.model.Evidence`). Tests may fill the mappings.

    tags         reference → digest, media type and size in bytes
    documents    digest → bytes of an index, manifest or config
    answers      (repository, digest) → absent or failed, for a document that is not stored
    blobs        (repository, digest) → what the repository answered for a layer or document
    unpacked_seen   digest of a layer → its unpacked size
    chains, offers  `host:port` → served certificates, TLS versions
    fetches      URL → downloaded bytes
    read         path of an archive → its content
    """

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
        """Return the observation of a reference, or None if it was not requested."""
        return self.tags.get(reference)

    def content(self, repository: str, digest: str) -> Observation[Content] | None:
        """Return the document with a digest, the failure of the repository, or None if it was not requested."""
        document = self.documents.get(digest)
        return self.answers.get((repository, digest)) if document is None else seen(document)

    def blob(self, repository: str, digest: str) -> Observation[BlobSeen] | None:
        """Return the observation of a blob in a repository, or None if it was not requested."""
        return self.blobs.get((repository, digest))

    def observed_blobs(self, repository: str) -> AbstractSet[str]:
        """Return the digests that were requested from a repository."""
        return {digest for name, digest in self.blobs if name == repository}

    def unpacked(self, digest: str) -> Observation[UnpackedSeen] | None:
        """Return the unpacked size of a layer, or None if its bytes were not read."""
        return self.unpacked_seen.get(digest)

    def all_unpacked(self) -> AllUnpacked:
        """Return all unpacked sizes that were observed."""
        there = {digest: told.value for digest, told in self.unpacked_seen.items() if isinstance(told, Seen)}
        trailers = {digest: told.value for digest, told in there.items() if told.kind is UnpackedKind.GZIP_TRAILER}
        return AllUnpacked(trailers, {digest: told for digest, told in there.items() if digest not in trailers})

    def archives(self) -> Mapping[str, Observation[ArchiveSeen]]:
        """Return all archives by path."""
        return self.read

    def chain(self, endpoint: str) -> Observation[ChainSeen] | None:
        """Return the chain that `host:port` served, or None if there was no connection attempt."""
        return self.chains.get(endpoint)

    def tls_offered(self, endpoint: str) -> Observation[TlsOffered] | None:
        """Return the TLS versions of `host:port`, or None if there was no connection attempt."""
        return self.offers.get(endpoint)

    def fetched(self, url: str) -> Observation[Fetched] | None:
        """Return what was downloaded from a URL, or None if it was not requested."""
        return self.fetches.get(url)

    def tallies(self) -> tuple[Tally, ...]:
        """Return the counts of observations by kind, time and source."""
        kinds: dict[str, Collection[Observation[Any]]] = {
            "tags": self.tags.values(),
            "blobs": self.blobs.values(),
            "chains": self.chains.values(),
            "archives": self.read.values(),
        }
        return tuple(
            tally
            for what, kept in kinds.items()
            for tally in tallied(what, ((isinstance(one, Seen), isinstance(one, Absent), one.at, one.source) for one in kept))
        )

    def store(self, body: bytes, media_type: str = "") -> str:
        """Keep a document and return its digest."""
        digest = digest_of(body)
        self.documents[digest] = Content(media_type, body)
        return digest

    def point(self, reference: str, body: bytes, media_type: str = "") -> str:
        """Keep a document, let the tag `reference` point to it, and return its digest."""
        digest = self.store(body, media_type)
        self.tags[reference] = seen(TagSeen(digest, media_type, len(body)))
        return digest

    def keys(self) -> tuple[Key, ...]:
        """Return one key for each observation, for `without`."""
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
        """Return the same evidence without the observations that `dropped` names."""
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
