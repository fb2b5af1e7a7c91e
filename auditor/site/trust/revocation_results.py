"""What a client learns about revocation offline."""

from __future__ import annotations

import datetime
import enum
from dataclasses import dataclass, replace

from auditor.evidence.causes import Fault
from auditor.evidence.model import Absent, Evidence, Failed, Seen
from auditor.net import Reach, Scope
from auditor.pki.revocation import Crl, RevocationSubject, UnreadableCrl, is_ldap, questions, read_crl
from auditor.pki.staples import Staple, StapleState
from auditor.pki.verdicts import Path
from auditor.site.trust.ldap_urls import may_be_read, why_not_known, why_not_reached


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


def _stapled(asked: RevocationCheck, staple: Staple) -> RevocationCheck:
    """Return the answer for the leaf with what the server staples: CryptoAPI prefers it to its own download."""
    match staple.state:
        case StapleState.GOOD:
            return replace(asked, answer=RevocationResult.GOOD, detail="")
        case StapleState.REVOKED:
            return replace(asked, answer=RevocationResult.REVOKED, detail=staple.why)
        case StapleState.UNUSABLE:
            return replace(asked, detail=f"{asked.detail}; {staple.why}" if asked.detail else staple.why)
        case StapleState.NONE:
            return asked


class Revocations:
    """Answers the questions of paths; each pair of certificate and issuer is decided once."""

    def __init__(self, evidence: Evidence, reach: Reach, at: datetime.datetime) -> None:
        self._evidence = evidence
        self._reach = reach
        self._at = at
        self._judged: dict[tuple[RevocationSubject, bool | None], RevocationCheck] = {}

    def of(self, path: Path, staple: Staple | None = None, *, joined: bool | None) -> Revocation:
        """Return the questions about a path with their answers, for nodes that are domain members or not.

        A stapled response answers for the leaf, if it is usable.
        """
        asked = tuple(self._asked(question, joined) for question in questions(path))
        return Revocation((_stapled(asked[0], staple), *asked[1:]) if asked and staple is not None else asked)

    def _asked(self, question: RevocationSubject, joined: bool | None) -> RevocationCheck:
        key = (question, joined)
        if key not in self._judged:
            self._judged[key] = self._judge(question, joined)
        return self._judged[key]

    def _judge(self, question: RevocationSubject, joined: bool | None) -> RevocationCheck:
        if not question.urls:
            return RevocationCheck(question, (), RevocationResult.MISSING, "it names neither a CRL nor an OCSP responder")
        inside = tuple(url for url in question.urls if not is_ldap(url) and self._reach.of_url(url) is Scope.INTERNAL)
        found = [self._look(question, url, inside) for url in inside]
        found += (self._in_directory(question, url, joined) for url in question.urls if is_ldap(url))
        if not inside and (far := next((url for url in question.urls if not is_ldap(url)), "")):
            found.append(RevocationCheck(question, (), RevocationResult.BLOCKED, f"{far} cannot be reached"))
        best = min(found, key=lambda one: (one.answer is not RevocationResult.REVOKED, _RANKS[one.answer]))
        if len(found) == 1 or not best.detail or not any(map(is_ldap, question.urls)):
            return best
        told = dict.fromkeys(one.detail for one in (best, *found) if one.detail)
        return replace(best, detail="; ".join(told))

    def _in_directory(self, question: RevocationSubject, url: str, joined: bool | None) -> RevocationCheck:
        """Return what a client learns from a directory, whose content the audit does not know."""
        if may_be_read(url, self._reach, joined):
            return RevocationCheck(question, (), RevocationResult.UNASKED, why_not_known(url, joined))
        return RevocationCheck(question, (), RevocationResult.BLOCKED, why_not_reached(url))

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
