"""Why a client fails at an endpoint, or why its outcome is undetermined, as one text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from auditor.pki.verdicts import Incomplete, Invalid, Unproven, Untrusted, Verifies
from auditor.site.trust.cases import TrustCase
from auditor.site.trust.prospect import Prospect
from auditor.site.trust.served import Unobserved
from auditor.site.trust.tls_versions import Offered, Speech


def reason_of(case: TrustCase) -> str:
    """Return why the client fails or why its outcome is unknown; empty if it verifies the endpoint."""
    if case.prospect is Prospect.VERIFIES:
        return ""
    return next(_reasons(case), "the revocation check cannot be completed")


def _reasons(case: TrustCase) -> Iterator[str]:
    """Yield the reasons, the one that decides first."""
    if isinstance(case.verdict, Unobserved):
        yield case.verdict.detail
        return
    if case.prospect is Prospect.FAILS:
        yield from _failures(case)
    yield from _by_verdict(case)
    yield from _by_speech(case)
    yield from _by_revocation(case)


def _failures(case: TrustCase) -> Iterator[str]:
    if case.ca_error:
        yield f"its CA file for this endpoint contains no usable certificate: {case.ca_error}"
    if case.speech is Speech.NO:
        yield from _by_speech(case)
    yield from (str(flaw) for flaw in case.flaws)


def _by_verdict(case: TrustCase) -> Iterator[str]:
    match case.verdict:
        case Verifies() | Unobserved():
            return
        case Untrusted(why=why) | Unproven(why=why):
            yield why
        case Incomplete() if case.may_be_fetched:
            yield (
                f"the endpoint does not serve {case.verdict.missing}. {case.client} downloads it from {case.inside[0]}, "
                "whose answer was not observed"
            )
        case Incomplete():
            yield f"the endpoint does not serve {case.verdict.missing}, and {case.client} cannot download it offline"
        case Invalid(path=path):
            yield str(path.flaws[0])
        case _:
            assert_never(case.verdict)


def _by_speech(case: TrustCase) -> Iterator[str]:
    if not isinstance(case.offered, Offered):
        return
    shown = case.offered.shown
    if case.speech is Speech.NO:
        yield f"the endpoint offers only {shown}, which {case.client} on {case.pool.name} does not support"
    elif case.speech is Speech.UNKNOWN:
        if case.offered.is_all:
            yield f"the endpoint offers only {shown}, and the plan does not state the Windows version of {case.pool.name}"
        else:
            yield f"one handshake used {shown}, and no other TLS version was tested"


def _by_revocation(case: TrustCase) -> Iterator[str]:
    if case.revocation is None:
        return
    yield from (check.detail for check in case.revocation.asked if check.detail and check.answer is case.revocation.answer)
    if not case.is_sure:
        yield "the facts only infer that this client fails without revocation data"
