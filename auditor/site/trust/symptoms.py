"""The error message of a client for the outcome of a connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from auditor.pki.clients import Cause, ClientModel
from auditor.pki.host_names import as_address
from auditor.pki.path_rules import UNKNOWN_AUTHORITY, Flaw, FlawKind
from auditor.pki.verdicts import Incomplete, Invalid, TrustGap, TrustVerdict, Unproven, Verifies
from auditor.site.trust.client_certificates import ClientCertificate, Presented
from auditor.site.trust.negotiation import Agreed, Agreement, Lacking
from auditor.site.trust.revocation_results import Revocation, RevocationResult

_NAMES_SHOWN = 8
_CAUSES: Mapping[FlawKind, Cause] = {
    FlawKind.EXPIRED: "expired",
    FlawKind.NOT_YET_VALID: "not-yet-valid",
    FlawKind.NAME: "name",
    FlawKind.COMMON_NAME: "common-name",
    FlawKind.UNSUPPORTED_KEY: "handshake",
}


def handshake_symptom(host: str, model: ClientModel, agreement: Agreement) -> str:
    """Return a client's error message if it has no TLS parameters in common with the endpoint; empty if they agree."""
    if agreement.agreed is not Agreed.NO:
        return ""
    cause: Cause = "version" if agreement.lacking is Lacking.VERSION else "handshake"
    return model.symptom(cause, host=host)


def certificate_symptom(host: str, model: ClientModel, presented: ClientCertificate) -> str:
    """Return the error message of a client without a certificate; empty if the endpoint does not refuse it."""
    if presented.presented is not Presented.NO:
        return ""
    if presented.said.startswith("HTTP"):
        return presented.said
    if "certificate required" in presented.said:  # TLS 1.3
        return model.symptom("client-certificate", host=host)
    return model.symptom("handshake", host=host) if "handshake failure" in presented.said else ""


def refusal_of(host: str, model: ClientModel, verdict: TrustVerdict, revocation: Revocation | None) -> str:
    match verdict:
        case Verifies():
            return _revocation_refusal(model, revocation)
        case Unproven(gap=TrustGap.TOO_MANY_PATHS | TrustGap.UNCONFIRMED):
            return ""
        case Incomplete():
            return model.symptom("incomplete", host=host)
        case Invalid(path) | Unproven(path=path) if path.flaws:
            return flaw_symptom(host, model, path.flaws[0])
        case _:
            return model.symptom("untrusted", host=host)


def _revocation_refusal(model: ClientModel, revocation: Revocation | None) -> str:
    answer = revocation.answer if revocation is not None else RevocationResult.GOOD
    match answer:
        case RevocationResult.REVOKED:
            return model.symptom("invalid", reason=model.error_of("revoked"))
        case RevocationResult.MISSING:
            return model.symptom("no-revocation")
        case RevocationResult.BLOCKED | RevocationResult.STALE | RevocationResult.UNASKED:
            return model.symptom("revocation")
        case RevocationResult.GOOD:
            return ""
        case _:
            assert_never(answer)


def _go_without_names(host: str, addresses: tuple[str, ...]) -> str:
    """Return Go's error for a certificate without a name of the host's kind: HostnameError of src/crypto/x509/verify.go."""
    if as_address(host) is not None and not addresses:
        return f"x509: cannot validate certificate for {host} because it doesn't contain any IP SANs"
    return f"x509: certificate is not valid for any names, but wanted to match {host}"


def flaw_symptom(host: str, model: ClientModel, flaw: Flaw) -> str:
    """Return a client's error message for one flaw."""
    extensions = flaw.certificate.extensions
    names = extensions.ip_addresses if as_address(host) is not None else extensions.dns_names
    cause = _CAUSES.get(flaw.kind, "invalid")
    if flaw.kind is FlawKind.NAME and model.errors == "go" and not names:
        return model.symptom("invalid", host=host, reason=_go_without_names(host, extensions.ip_addresses))
    if flaw.kind is FlawKind.UNREADABLE and flaw.error not in {"", UNKNOWN_AUTHORITY}:
        cause = "parse"
    reason = flaw.error or model.error_of(flaw.kind.value)
    if reason.startswith("remote error:"):  # the server refused: it has no key that the client offered to accept
        cause = "handshake"
    if cause == "invalid" and not reason:
        return ""  # the client's own words are unknown
    return model.symptom(cause, host=host, names=", ".join(names[:_NAMES_SHOWN]), reason=reason)
