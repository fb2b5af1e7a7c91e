"""Evidence as the registry inside gives it: what lies where the plan's rewrites put an image, and nothing else.

A document is the same everywhere and stored once, so that having its bytes says nothing about this registry: it counts only
where the registry was seen to have it.
"""

from __future__ import annotations

from auditor.evidence.model import Absent, BlobSeen, Content, Failed, ImageEvidence, Observation, Seen, TagSeen
from auditor.oci.reference import parse_reference
from auditor.plan.model import Registry
from auditor.plan.rewrites import placed


class Inside:
    """Reads as ImageEvidence; references and repositories are those of the sources."""

    def __init__(self, evidence: ImageEvidence, registry: Registry) -> None:
        self._evidence = evidence
        self._registry = registry

    def tag(self, reference: str) -> Observation[TagSeen] | None:
        """See ImageEvidence."""
        return self._evidence.tag(str(placed(self._registry, parse_reference(reference))))

    def content(self, repository: str, digest: str) -> Observation[Content] | None:
        """See ImageEvidence. What the registry inside was not asked about is not known, even if the document is at hand."""
        match self.blob(repository, digest):
            case Seen():
                return self._evidence.content(self._repository(repository), digest)
            case (Absent() | Failed()) as lacking:
                return lacking
            case None:
                return None

    def blob(self, repository: str, digest: str) -> Observation[BlobSeen] | None:
        """See ImageEvidence."""
        return self._evidence.blob(self._repository(repository), digest)

    def _repository(self, repository: str) -> str:
        return placed(self._registry, parse_reference(repository)).repository
