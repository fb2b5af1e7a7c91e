"""Documents in evidence, parsed."""

from __future__ import annotations

from auditor.evidence.model import ImageEvidence, Seen
from auditor.oci.document import Index, MalformedDocument, parse_document


def observed_index(evidence: ImageEvidence, repository: str, digest: str) -> Index | None:
    """Return the index that was observed under the digest, or None if it was not observed or is no valid index."""
    content = evidence.content(repository, digest)
    if not isinstance(content, Seen):
        return None
    try:
        document = parse_document(content.value.body, content.value.media_type)
    except MalformedDocument:
        return None
    return document if isinstance(document, Index) else None
