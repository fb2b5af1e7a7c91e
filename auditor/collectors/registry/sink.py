"""A sink for bodies that are too large to keep: it hashes them as they arrive."""

from __future__ import annotations

from auditor.collectors.registry.failures import Unanswered
from auditor.evidence.model import Kind
from auditor.evidence.store import hasher_like


class HashingSink:
    """Hashes a body by the algorithm of `digest`. A repeated request calls `restart` first.

    Raises Unanswered for an algorithm that no registry uses.
    """

    def __init__(self, digest: str) -> None:
        self.size = 0
        self._digest = digest
        self.restart()

    def restart(self) -> None:
        """Discard the bytes so far."""
        hasher = hasher_like(self._digest)
        if hasher is None:
            raise Unanswered(Kind.UNSUPPORTED, f"the bytes cannot be verified against {self._digest[:80]}")
        self._hasher = hasher
        self.size = 0

    def feed(self, chunk: bytes) -> None:
        """Add a chunk of the body."""
        self._hasher.update(chunk)
        self.size += len(chunk)

    @property
    def hashed(self) -> str:
        """Return the digest of the body."""
        return f"{self._digest.partition(':')[0]}:{self._hasher.hexdigest()}"
