"""Evidence that records the age of the observations an audit uses. The file may hold older ones that do not matter."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from auditor.evidence.model import (
    ArchiveSeen,
    BlobSeen,
    ChainSeen,
    Content,
    Evidence,
    Failed,
    Fetched,
    Observation,
    TagSeen,
    TlsOffered,
)
from auditor.evidence.wrapped import Wrapped

TAGS = "tags"
DOCUMENTS = "documents by digest"
PRESENCE = "manifests and blobs in registries"
ARCHIVES = "archives"
CHAINS = "certificate chains"
OFFERED = "TLS versions and ciphers"
FETCHED = "CRLs and issuers at URLs"
FIXED = frozenset({DOCUMENTS})  # the content of a digest never changes


@dataclass(frozen=True, slots=True)
class Span:
    """The oldest and newest time of the used observations of one kind, in UTC."""

    what: str
    oldest: datetime.datetime
    newest: datetime.datetime


class Dated(Wrapped):
    """Evidence that records used observations. Failures have no age, because nothing is concluded from them.

    The content of a digest never changes, so unpacked sizes have no age. A blob counts as used when `blob` returns it.
    """

    def __init__(self, evidence: Evidence) -> None:
        super().__init__(evidence)
        self._spans: dict[str, tuple[datetime.datetime, datetime.datetime]] = {}

    def used(self) -> tuple[Span, ...]:
        """Return the age of the observations read so far, by kind, in a fixed order."""
        kinds = (TAGS, PRESENCE, ARCHIVES, CHAINS, OFFERED, FETCHED, DOCUMENTS)
        return tuple(Span(kind, *self._spans[kind]) for kind in kinds if kind in self._spans)

    def _note(self, kind: str, observed: Observation[Any] | None) -> None:
        if observed is None or isinstance(observed, Failed):
            return
        at, span = observed.at, self._spans.get(kind)
        if span is None:
            self._spans[kind] = (at, at)
        elif not span[0] <= at <= span[1]:
            self._spans[kind] = (min(span[0], at), max(span[1], at))

    def tag(self, reference: str) -> Observation[TagSeen] | None:
        """See Evidence."""
        observed = self._evidence.tag(reference)
        self._note(TAGS, observed)
        return observed

    def content(self, repository: str, digest: str) -> Observation[Content] | None:
        """See Evidence."""
        observed = self._evidence.content(repository, digest)
        self._note(DOCUMENTS, observed)
        return observed

    def blob(self, repository: str, digest: str) -> Observation[BlobSeen] | None:
        """See Evidence."""
        observed = self._evidence.blob(repository, digest)
        self._note(PRESENCE, observed)
        return observed

    def archives(self) -> Mapping[str, Observation[ArchiveSeen]]:
        """See Evidence."""
        found = self._evidence.archives()
        for observed in found.values():
            self._note(ARCHIVES, observed)
        return found

    def chain(self, endpoint: str) -> Observation[ChainSeen] | None:
        """See Evidence."""
        observed = self._evidence.chain(endpoint)
        self._note(CHAINS, observed)
        return observed

    def tls_offered(self, endpoint: str) -> Observation[TlsOffered] | None:
        """See Evidence."""
        observed = self._evidence.tls_offered(endpoint)
        self._note(OFFERED, observed)
        return observed

    def fetched(self, url: str) -> Observation[Fetched] | None:
        """See Evidence."""
        observed = self._evidence.fetched(url)
        self._note(FETCHED, observed)
        return observed
