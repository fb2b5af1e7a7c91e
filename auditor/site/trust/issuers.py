"""Issuer certificates at internal AIA URLs, from which Windows downloads what a server does not send."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.evidence.model import Absent, Evidence, Seen
from auditor.net import Reach, Scope
from auditor.pki.certificate import Certificate
from auditor.pki.loading import load_certificates

MAX_LEVELS = 5  # real chains have fewer
MAX_CERTIFICATES = 16


@dataclass(frozen=True, slots=True)
class Behind:
    """The certificates at some internal URLs, and the URLs that serve them."""

    certificates: tuple[Certificate, ...] = ()
    urls: tuple[str, ...] = ()


class Issuers:
    """The evidence for such URLs. Each is read once."""

    def __init__(self, evidence: Evidence, reach: Reach) -> None:
        self._evidence = evidence
        self._reach = reach
        self._read: dict[str, tuple[Certificate, ...] | None] = {}

    def behind(self, urls: tuple[str, ...]) -> Behind:
        """Return the certificates that were observed at these URLs."""
        found = {
            url: certificates for url in urls if self._reach.of_url(url) is Scope.INTERNAL and (certificates := self._at(url))
        }
        every = dict.fromkeys(one for certificates in found.values() for one in certificates)
        return Behind(tuple(every), tuple(found))

    def is_empty(self, url: str) -> bool:
        """Return whether the URL was observed to have no certificate. A missing or failed observation proves nothing."""
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
