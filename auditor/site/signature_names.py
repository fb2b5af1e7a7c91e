"""The names that observed signatures carry: `critical.identity.docker-reference` of each signed payload."""

from __future__ import annotations

import json
from dataclasses import dataclass

from auditor.evidence.model import Evidence, Seen, TagSeen
from auditor.oci.document import MalformedDocument, Manifest, parse_document
from auditor.readers.signatures.model import MAX_PAYLOADS, PAYLOAD


@dataclass(frozen=True, slots=True)
class SignedNames:
    """The names in the signatures of one digest. `is_complete`: every signature was read."""

    names: tuple[str, ...] = ()
    is_complete: bool = False


def names_of(evidence: Evidence, repository: str, seen: TagSeen) -> SignedNames:
    """Return the names in the signatures of a `.sig` tag. What is not in the evidence makes them incomplete."""
    found = evidence.content(repository, seen.digest)
    if not isinstance(found, Seen):
        return SignedNames()
    try:
        document = parse_document(found.value.body, found.value.media_type)
    except MalformedDocument:
        return SignedNames()
    payloads = [layer for layer in document.layers if layer.media_type == PAYLOAD] if isinstance(document, Manifest) else []
    names: dict[str, None] = {}
    is_complete = 0 < len(payloads) <= MAX_PAYLOADS
    for payload in payloads[:MAX_PAYLOADS]:
        read = evidence.content(repository, payload.digest)
        name = _name(read.value.body) if isinstance(read, Seen) else None
        if name is None:
            is_complete = False
        else:
            names[name] = None
    return SignedNames(tuple(names), is_complete)


def _name(body: bytes) -> str | None:
    """Return the name in a payload; None if it has none."""
    try:
        stated = json.loads(body)["critical"]["identity"]["docker-reference"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return stated if isinstance(stated, str) else None
