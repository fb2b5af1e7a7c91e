"""Evidence from one kind of registry: only what each repository was observed to have.

A document is stored once, so having its bytes proves nothing about a repository. It counts for a repository only if that
repository was observed to have it, with the same size and, if hashed, the same digest.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from sys import intern
from types import MappingProxyType

from auditor.evidence.model import (
    BlobSeen,
    Content,
    Failed,
    Kind,
    Observation,
    RegistryEvidence,
    Seen,
    TagSeen,
)
from auditor.oci.reference import parse_reference
from auditor.plan.model import Registry
from auditor.plan.rewrites import placed

_NO_DOCUMENTS: Mapping[str, str] = MappingProxyType({})


class AtSource:
    """Implements RegistryEvidence for the source registries. Older evidence has no observations of their manifests."""

    def __init__(self, evidence: RegistryEvidence) -> None:
        self._evidence = evidence
        self._proven: dict[str, dict[str, str]] = {}
        self._observed: dict[str, int] = {}  # how many digests each repository was asked for

    def tag(self, reference: str) -> Observation[TagSeen] | None:
        """See ImageEvidence."""
        return self._evidence.tag(reference)

    def content(self, repository: str, digest: str) -> Observation[Content] | None:
        """See ImageEvidence. A collected document counts unless the repository was observed to lack it."""
        observed = self._evidence.blob(repository, digest)
        if observed is None:
            return self._evidence.content(repository, digest)
        content = _held(self._evidence, repository, digest, observed)
        if isinstance(content, Seen) and isinstance(observed, Seen) and observed.value.hashed == digest:
            proven = self._proven.get(repository)
            if proven is None:
                proven = self._proven[repository] = {}
                self._observed[repository] = len(self._evidence.observed_blobs(repository))
            proven[digest] = intern(observed.value.media_type)
        return content

    def proven(self, repository: str) -> Mapping[str, str]:
        """Return the documents that `content` returned and that `repository` has with the same size and digest.

        Maps digests to the Content-Type of the repository's response.
        """
        return self._proven.get(repository, _NO_DOCUMENTS)

    def blob(self, repository: str, digest: str) -> Observation[BlobSeen] | None:
        """See ImageEvidence."""
        return self._evidence.blob(repository, digest)

    def observed_blobs(self, repository: str) -> AbstractSet[str]:
        """See RegistryEvidence."""
        proven = self._proven.get(repository)
        if proven is not None and len(proven) == self._observed[repository]:
            return proven.keys()  # every digest is a document: no need to read the rows again
        return self._evidence.observed_blobs(repository)


class InternalEvidence:
    """Implements RegistryEvidence for the internal registry. References and repositories are those of the sources."""

    def __init__(self, evidence: RegistryEvidence, registry: Registry) -> None:
        self._evidence = evidence
        self._registry = registry
        self._placed: dict[str, str] = {}  # cache: there may be 100 questions about each repository

    def tag(self, reference: str) -> Observation[TagSeen] | None:
        """See ImageEvidence."""
        return self._evidence.tag(str(placed(self._registry, parse_reference(reference))))

    def content(self, repository: str, digest: str) -> Observation[Content] | None:
        """See ImageEvidence. Content not requested from this registry is unknown, even if collected elsewhere."""
        observed = self.blob(repository, digest)
        return None if observed is None else _held(self._evidence, self._repository(repository), digest, observed)

    def proven(self, repository: str) -> Mapping[str, str]:  # noqa: ARG002 - a strict comparison reads every answer
        """Return nothing: whether the registry has equal bytes is compared for each document."""
        return _NO_DOCUMENTS

    def blob(self, repository: str, digest: str) -> Observation[BlobSeen] | None:
        """See ImageEvidence."""
        return self._evidence.blob(self._repository(repository), digest)

    def observed_blobs(self, repository: str) -> AbstractSet[str]:
        """See RegistryEvidence."""
        return self._evidence.observed_blobs(self._repository(repository))

    def _repository(self, repository: str) -> str:
        found = self._placed.get(repository)
        if found is None:
            found = self._placed[repository] = placed(self._registry, parse_reference(repository)).repository
        return found


def _held(
    evidence: RegistryEvidence, repository: str, digest: str, observed: Observation[BlobSeen]
) -> Observation[Content] | None:
    """Return a document as a repository has it, or why it is unusable: the repository lacks it or has other bytes."""
    if not isinstance(observed, Seen):
        return observed
    seen = observed.value
    if seen.hashed not in {"", digest}:
        detail = f"{digest}: the registry has other bytes, with the digest {seen.hashed}"
        return Failed(Kind.MALFORMED, detail, observed.at, observed.source)
    content = evidence.content(repository, digest)
    if isinstance(content, Seen) and len(content.value.body) != seen.size:
        detail = f"{digest}: the registry has {seen.size:,} bytes, but the document has {len(content.value.body):,}"
        return Failed(Kind.MALFORMED, detail, observed.at, observed.source)
    return content
