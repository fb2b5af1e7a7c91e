"""What a client learns about revocation offline."""

from __future__ import annotations

import datetime
import enum
from dataclasses import dataclass

from auditor.evidence.causes import Fault
from auditor.evidence.model import Absent, Evidence, Failed, Seen
from auditor.net import Reach, Scope
from auditor.pki.revocation import Crl, RevocationSubject, UnreadableCrl, in_directory, questions, read_crl
from auditor.pki.verdicts import Path


class RevocationResult(enum.StrEnum):
    """What a client learns about one certificate, best first."""

    GOOD = "good"  # a valid CRL was observed and does not list the certificate
    UNASKED = "unasked"  # a URL is internal, and its response was not observed
    STALE = "stale"  # the observed CRL has expired
    MISSING = "missing"  # the certificate names no URL
    BLOCKED = "blocked"  # no URL is internal, or none has a usable CRL
    REVOKED = "revoked"


_RANKS = {answer: rank for rank, answer in enumerate(RevocationResult)}
FAILURES = frozenset({RevocationResult.STALE, RevocationResult.MISSING, RevocationResult.BLOCKED, RevocationResult.REVOKED})


@dataclass(frozen=True, slots=True)
class RevocationCheck:
    """One question, its internal URLs and the answer. `crl` is the CRL that was observed at `crl_url`."""

    question: RevocationSubject
    inside: tuple[str, ...]
    answer: RevocationResult
    detail: str = ""
    crl: Crl | None = None
    crl_url: str = ""
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Revocation:
    """The questions about a path, leaf first. A path of one certificate has none."""

    asked: tuple[RevocationCheck, ...]

    @property
    def answer(self) -> RevocationResult:
        """Return the worst answer, which decides."""
        return max((one.answer for one in self.asked), key=_RANKS.__getitem__, default=RevocationResult.GOOD)

    @property
    def urls(self) -> tuple[str, ...]:
        """Return every URL that the client may connect to."""
        return tuple(dict.fromkeys(url for one in self.asked for url in one.question.urls))

    def of(self, answer: RevocationResult) -> tuple[RevocationCheck, ...]:
        """Return the questions with that answer."""
        return tuple(one for one in self.asked if one.answer is answer)


class Revocations:
    """Answers the questions of paths; each pair of certificate and issuer is decided once."""

    def __init__(self, evidence: Evidence, reach: Reach, at: datetime.datetime) -> None:
        self._evidence = evidence
        self._reach = reach
        self._at = at
        self._judged: dict[RevocationSubject, RevocationCheck] = {}

    def of(self, path: Path) -> Revocation:
        """Return the questions about a path with their answers."""
        return Revocation(tuple(map(self._asked, questions(path))))

    def _asked(self, question: RevocationSubject) -> RevocationCheck:
        if question not in self._judged:
            self._judged[question] = self._judge(question)
        return self._judged[question]

    def _judge(self, question: RevocationSubject) -> RevocationCheck:
        if not question.urls:
            return RevocationCheck(question, (), RevocationResult.MISSING, "it names neither a CRL nor an OCSP responder")
        inside = tuple(url for url in question.urls if self._reach.of_url(url) is Scope.INTERNAL)
        if not inside and (ldap := next(filter(in_directory, question.urls), "")):
            told = f"{ldap} is in Active Directory, and the plan does not state whether the nodes are members of that domain"
            return RevocationCheck(question, (), RevocationResult.UNASKED, told)
        if not inside:
            return RevocationCheck(question, (), RevocationResult.BLOCKED, f"{question.urls[0]} cannot be reached")
        looked_at = [self._look(question, url, inside) for url in inside]
        return min(looked_at, key=lambda asked: (asked.answer is not RevocationResult.REVOKED, _RANKS[asked.answer]))

    def _look(self, question: RevocationSubject, url: str, inside: tuple[str, ...]) -> RevocationCheck:
        match self._evidence.fetched(url):
            case Absent(detail):
                return RevocationCheck(question, inside, RevocationResult.BLOCKED, f"{url} returned no CRL: {detail}")
            case Seen(fetched) if url in question.crl_urls:
                return self._crl(question, url, fetched.body, inside)
            case Failed(_, detail) as failed:
                told = f"{url} was requested and gave no answer: {detail}"
                return RevocationCheck(question, inside, RevocationResult.UNASKED, told, faults=failed.faults)
            case _:
                return RevocationCheck(question, inside, RevocationResult.UNASKED, f"{url} was not requested")

    def _crl(self, question: RevocationSubject, url: str, body: bytes, inside: tuple[str, ...]) -> RevocationCheck:
        try:
            crl = read_crl(body, question.issuer)
            left_out = crl.leaves_out(question.certificate)
            is_revoked = not left_out and crl.revokes(question.certificate)
        except UnreadableCrl as error:
            return RevocationCheck(
                question, inside, RevocationResult.BLOCKED, f"the file at {url} is not a usable CRL: {error}"
            )
        if left_out:
            told = f"the CRL at {url} does not answer for it: {left_out}"
            return RevocationCheck(question, inside, RevocationResult.BLOCKED, told)
        if is_revoked:
            return RevocationCheck(question, inside, RevocationResult.REVOKED, f"the CRL at {url} lists it", crl, url)
        if ends := crl.ends(self._at):
            return RevocationCheck(question, inside, RevocationResult.STALE, f"the CRL at {url} is not valid: {ends}", crl, url)
        return RevocationCheck(question, inside, RevocationResult.GOOD, "", crl, url)
