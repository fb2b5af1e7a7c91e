"""Evidence that forwards every question to other evidence. Subclasses change some answers or record them."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from auditor.evidence.model import (
    ArchiveSeen,
    BlobSeen,
    ChainSeen,
    Content,
    Evidence,
    Fetched,
    Observation,
    TagSeen,
    TlsOffered,
)
from auditor.evidence.tally import Tally
from auditor.oci.unpacked import AllUnpacked, UnpackedSeen


class Wrapped:
    """The answers of `evidence`, unchanged."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence

    def tag(self, reference: str) -> Observation[TagSeen] | None:
        """See Evidence."""
        return self._evidence.tag(reference)

    def content(self, repository: str, digest: str) -> Observation[Content] | None:
        """See Evidence."""
        return self._evidence.content(repository, digest)

    def blob(self, repository: str, digest: str) -> Observation[BlobSeen] | None:
        """See Evidence."""
        return self._evidence.blob(repository, digest)

    def observed_blobs(self, repository: str) -> AbstractSet[str]:
        """See Evidence."""
        return self._evidence.observed_blobs(repository)

    def archives(self) -> Mapping[str, Observation[ArchiveSeen]]:
        """See Evidence."""
        return self._evidence.archives()

    def unpacked(self, digest: str) -> Observation[UnpackedSeen] | None:
        """See Evidence."""
        return self._evidence.unpacked(digest)

    def all_unpacked(self) -> AllUnpacked:
        """See Evidence."""
        return self._evidence.all_unpacked()

    def chain(self, endpoint: str) -> Observation[ChainSeen] | None:
        """See Evidence."""
        return self._evidence.chain(endpoint)

    def tls_offered(self, endpoint: str) -> Observation[TlsOffered] | None:
        """See Evidence."""
        return self._evidence.tls_offered(endpoint)

    def fetched(self, url: str) -> Observation[Fetched] | None:
        """See Evidence."""
        return self._evidence.fetched(url)

    def tallies(self) -> tuple[Tally, ...]:
        """See Evidence."""
        return self._evidence.tallies()
