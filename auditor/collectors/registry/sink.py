"""Where the body of an answer goes that is too large to be kept: it is hashed as it comes in."""

from __future__ import annotations

from auditor.collectors.registry.failures import Unanswered
from auditor.evidence.model import Kind
from auditor.evidence.store import hasher_like


class HashingSink:
    """Hashes a body by the algorithm of `digest`. A repeated request begins with `restart`.

    Raises Unanswered for an algorithm that no registry uses.
    """

    def __init__(self, digest: str) -> None:
        self.size = 0
        self._digest = digest
        self.restart()

    def restart(self) -> None:
        """Forget what came in so far."""
        hasher = hasher_like(self._digest)
        if hasher is None:
            raise Unanswered(Kind.UNSUPPORTED, f"the bytes cannot be checked against {self._digest[:80]}")
        self._hasher = hasher
        self.size = 0

    def feed(self, chunk: bytes) -> None:
        """Take in a part of the body."""
        self._hasher.update(chunk)
        self.size += len(chunk)

    @property
    def hashed(self) -> str:
        """The digest of what came in."""
        return f"{self._digest.partition(':')[0]}:{self._hasher.hexdigest()}"
