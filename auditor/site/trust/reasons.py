"""Why a client fails at an endpoint, or why its outcome is undetermined, as one text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from auditor.pki.verdicts import Incomplete, Invalid, Unproven, Untrusted, Verifies
from auditor.site.trust.cases import TrustCase
from auditor.site.trust.client_certificates import Presented
from auditor.site.trust.negotiation import Agreed
from auditor.site.trust.prospect import Prospect
from auditor.site.trust.served import Unobserved
from auditor.site.trust.tls_versions import Offered


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
    yield from _by_agreement(case)
    if case.certificate.why:
        yield case.certificate.why
    yield from _by_revocation(case)


def _failures(case: TrustCase) -> Iterator[str]:
    """Yield what makes the client fail, in the order in which it happens."""
    if case.agreement.agreed is Agreed.NO:
        yield case.agreement.why
    if case.ca_error:
        yield f"its CA file for this endpoint contains no usable certificate: {case.ca_error}"
    yield from (str(flaw) for flaw in case.flaws)
    if not isinstance(case.verdict, Verifies | Unproven):
        yield from _by_verdict(case)
    if case.by_revocation is Prospect.FAILS:
        yield from _by_revocation(case)
    if case.certificate.presented is Presented.NO:
        yield case.certificate.why


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


def _by_agreement(case: TrustCase) -> Iterator[str]:
    if case.agreement.agreed is Agreed.YES:
        return
    if isinstance(case.offered, Offered) and not case.offered.is_all:
        yield f"one handshake used {case.offered.shown}, and no other TLS version was tested"
    yield case.agreement.why


def _by_revocation(case: TrustCase) -> Iterator[str]:
    if case.revocation is None:
        return
    deciding = (check for check in case.revocation.asked if check.detail and check.answer is case.revocation.answer)
    yield from (f"{check.question.certificate.name}: {check.detail}" for check in deciding)
    if not case.is_sure:
        yield "the facts only infer that this client fails without revocation data"
