"""Evidence with failed or missing observations, which records what is requested of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from auditor.evidence.model import (
    Absent,
    ArchiveSeen,
    BlobSeen,
    ChainSeen,
    Content,
    Evidence,
    Failed,
    Fetched,
    Kind,
    Observation,
    TagSeen,
    TlsOffered,
)
from auditor.evidence.tally import Tally
from auditor.oci.unpacked import AllUnpacked
from auditor.testing.memory import AT, SOURCE, Key

FAILED = Failed(Kind.UNREACHABLE, "the mutation test lost this observation", AT, SOURCE)


Lost = Failed | Absent | None  # what stands instead of an observation; None: never asked for


class Mutated:
    """Reads as Evidence: `instead` stands where an observation was, if `is_lost` names its key. `asked` has every key so far.

    Keys are `(kind, name)`; documents are known by their digest alone, as one digest is one document everywhere.
    """

    def __init__(self, evidence: Evidence, is_lost: Callable[[Key], bool], instead: Lost = None) -> None:
        self._evidence = evidence
        self._instead = instead
        self._is_lost = is_lost
        self.asked: dict[Key, None] = {}

    def _of(self, key: Key, observed: Observation[Any] | None) -> Any:
        if observed is not None:
            self.asked[key] = None
        return self._instead if observed is not None and self._is_lost(key) else observed

    def tag(self, reference: str) -> Observation[TagSeen] | None:
        return self._of(("tag", reference), self._evidence.tag(reference))  # type: ignore[no-any-return]

    def content(self, repository: str, digest: str) -> Observation[Content] | None:
        return self._of(("content", digest), self._evidence.content(repository, digest))  # type: ignore[no-any-return]

    def blob(self, repository: str, digest: str) -> Observation[BlobSeen] | None:
        return self._of(("blob", repository, digest), self._evidence.blob(repository, digest))  # type: ignore[no-any-return]

    def observed_blobs(self, repository: str) -> AbstractSet[str]:
        digests = self._evidence.observed_blobs(repository)
        return digests if self._instead is not None else {d for d in digests if not self._is_lost(("blob", repository, d))}

    def unpacked(self, digest: str) -> Observation[Any] | None:
        return self._of(("unpacked", digest), self._evidence.unpacked(digest))

    def all_unpacked(self) -> AllUnpacked:
        told = self._evidence.all_unpacked()

        def kept(part: Mapping[str, Any]) -> dict[str, Any]:
            self.asked.update({("unpacked", digest): None for digest in part})
            return {digest: one for digest, one in part.items() if not self._is_lost(("unpacked", digest))}

        return AllUnpacked(kept(told.trailers), kept(told.others))

    def archives(self) -> Mapping[str, Observation[ArchiveSeen]]:
        found = {path: self._of(("archive", path), observed) for path, observed in self._evidence.archives().items()}
        return {path: observed for path, observed in found.items() if observed is not None}

    def chain(self, endpoint: str) -> Observation[ChainSeen] | None:
        return self._of(("chain", endpoint), self._evidence.chain(endpoint))  # type: ignore[no-any-return]

    def tls_offered(self, endpoint: str) -> Observation[TlsOffered] | None:
        return self._of(("offered", endpoint), self._evidence.tls_offered(endpoint))  # type: ignore[no-any-return]

    def fetched(self, url: str) -> Observation[Fetched] | None:
        return self._of(("fetched", url), self._evidence.fetched(url))  # type: ignore[no-any-return]

    def tallies(self) -> tuple[Tally, ...]:
        return self._evidence.tallies()


def nothing(_key: Key) -> bool:
    """What loses no observation."""
    return False
