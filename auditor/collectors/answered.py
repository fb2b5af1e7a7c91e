"""The requests that a run has sent and the answers: each request once per run. Answers of a finished run do not count."""

from __future__ import annotations

from typing import Final, TypeGuard

from auditor.collectors.registry.answers import now
from auditor.evidence.model import BlobSeen, Failed, Kind, Observation, Seen, TagSeen
from auditor.evidence.store import Store

_SEPARATOR: Final = " "  # occurs in no reference and in no digest


class Answers:
    """Keeps answers in a store. `unanswered` holds requests that failed now but were answered in an earlier run.

    `key` identifies the run: an unfinished one with the same key is continued (see auditor/evidence/asked.py).
    """

    def __init__(self, store: Store, key: str) -> None:
        self.failures = 0
        self.unanswered: dict[str | tuple[str, str], Failed] = {}
        self._store = store
        self._known = set(store.begin_run(key, now()))
        self._asked: set[str] = set()

    def finish(self) -> None:
        """End the run."""
        self._store.finish_run()

    def is_asked(self, *name: str) -> bool:
        """Return whether this process has sent the request: a reference, or a repository and a digest."""
        return _SEPARATOR.join(name) in self._asked

    def is_answered(self, *name: str) -> bool:
        """Return whether this run has sent the request, or observed the answer before it was interrupted."""
        return self.is_asked(*name) or _SEPARATOR.join(name) in self._known

    def claim(self, *name: str) -> bool:
        """Return whether a request is still open. If so, the caller must send it."""
        if self.is_answered(*name):
            return False
        self._asked.add(_SEPARATOR.join(name))
        return True

    def keep_blob(self, repository: str, digest: str, observed: Observation[BlobSeen]) -> None:
        """Store whether a repository has a blob or a manifest. A failure does not replace an earlier observation."""
        if _is_outage(observed) and isinstance(self._store.blob(repository, digest), Seen):
            self.unanswered[repository, digest] = observed
        else:
            self._store.put_blob(repository, digest, observed)
        self._noted(observed, repository, digest)

    def keep_tag(self, reference: str, observed: Observation[TagSeen]) -> None:
        """Store the target of a reference. A failure does not replace an earlier observation."""
        if _is_outage(observed) and isinstance(self._store.tag(reference), Seen):
            self.unanswered[reference] = observed
        else:
            self._store.put_tag(reference, observed)
        self._noted(observed, reference)

    def _noted(self, observed: Observation[BlobSeen] | Observation[TagSeen], *name: str) -> None:
        self._asked.add(_SEPARATOR.join(name))
        if isinstance(observed, Seen):
            self._store.note_asked(_SEPARATOR.join(name), observed.at)
        else:
            self.failures += 1


def _is_outage(observed: Observation[BlobSeen] | Observation[TagSeen]) -> TypeGuard[Failed]:
    return isinstance(observed, Failed) and observed.kind is Kind.UNREACHABLE and not observed.is_specific
