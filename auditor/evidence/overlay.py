"""The current evidence: the stored observations, except those that a new request failed to confirm."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from auditor.evidence.model import (
    BlobSeen,
    ChainSeen,
    Evidence,
    Failed,
    Fetched,
    Observation,
    TagSeen,
    TlsOffered,
)
from auditor.evidence.tally import Tally, tallied
from auditor.evidence.wrapped import Wrapped

# Requests without an answer: references, endpoints (`host:port`), URLs, and pairs of a repository and a digest.
Unanswered = Mapping[str | tuple[str, str], Failed]


class Overlaid(Wrapped):
    """Evidence in which new failures replace earlier observations.

    The store keeps the earlier observation for an audit with `--offline`. A connected audit must not pass on it. Documents are
    not replaced, because the content of a digest never changes: `blob` states whether a repository still has it.
    """

    def __init__(self, evidence: Evidence, unanswered: Unanswered) -> None:
        """`unanswered` by reference, by `host:port`, by URL, and by (repository, digest)."""
        super().__init__(evidence)
        self._unanswered = unanswered
        self._unanswered_blobs: dict[str, set[str]] = {}
        for key in unanswered:
            if isinstance(key, tuple):
                self._unanswered_blobs.setdefault(key[0], set()).add(key[1])

    def tag(self, reference: str) -> Observation[TagSeen] | None:
        """See Evidence."""
        return self._unanswered.get(reference) or self._evidence.tag(reference)

    def blob(self, repository: str, digest: str) -> Observation[BlobSeen] | None:
        """See Evidence."""
        return self._unanswered.get((repository, digest)) or self._evidence.blob(repository, digest)

    def observed_blobs(self, repository: str) -> AbstractSet[str]:
        """See Evidence."""
        return self._evidence.observed_blobs(repository) | self._unanswered_blobs.get(repository, set())

    def chain(self, endpoint: str) -> Observation[ChainSeen] | None:
        """See Evidence."""
        return self._unanswered.get(endpoint) or self._evidence.chain(endpoint)

    def tls_offered(self, endpoint: str) -> Observation[TlsOffered] | None:
        """See Evidence."""
        return self._unanswered.get(endpoint) or self._evidence.tls_offered(endpoint)

    def fetched(self, url: str) -> Observation[Fetched] | None:
        """See Evidence."""
        return self._unanswered.get(url) or self._evidence.fetched(url)

    def tallies(self) -> tuple[Tally, ...]:
        """See Evidence. The requests without a new answer come first, separately."""
        unanswered = ((False, False, failed.at, failed.source) for failed in self._unanswered.values())
        return (*tallied("requested again, without an answer", unanswered), *self._evidence.tallies())
