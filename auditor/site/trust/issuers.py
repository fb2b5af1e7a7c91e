"""Certificates of issuers that lie inside, at the URLs by which Windows looks for those that were not served."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.evidence.model import Absent, Evidence, Seen
from auditor.net import Reach, Scope
from auditor.pki.certificate import Certificate
from auditor.pki.loading import load_certificates

MAX_LEVELS = 5  # Windows follows a few, and a chain of the field has no more
MAX_CERTIFICATES = 16


@dataclass(frozen=True, slots=True)
class Behind:
    """What lies at some URLs that stay reachable, and which of them have it."""

    certificates: tuple[Certificate, ...] = ()
    urls: tuple[str, ...] = ()


class Issuers:
    """What the evidence shows of such URLs, each read once."""

    def __init__(self, evidence: Evidence, reach: Reach) -> None:
        self._evidence = evidence
        self._reach = reach
        self._read: dict[str, tuple[Certificate, ...] | None] = {}

    def behind(self, urls: tuple[str, ...]) -> Behind:
        """The certificates that were seen at these URLs."""
        found = {
            url: certificates for url in urls if self._reach.of_url(url) is Scope.INTERNAL and (certificates := self._at(url))
        }
        every = dict.fromkeys(one for certificates in found.values() for one in certificates)
        return Behind(tuple(every), tuple(found))

    def is_empty(self, url: str) -> bool:
        """Whether somebody looked, and there is no certificate. That nobody looked, or nobody answered, proves nothing."""
        return self._at(url) == ()

    def _at(self, url: str) -> tuple[Certificate, ...] | None:
        if url not in self._read:
            match self._evidence.fetched(url):
                case Seen(fetched):
                    self._read[url] = load_certificates(fetched.body).certificates[:MAX_CERTIFICATES]
                case Absent():
                    self._read[url] = ()
                case _:
                    self._read[url] = None
        return self._read[url]
