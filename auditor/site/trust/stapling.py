"""Which clients use an OCSP response that a server staples, and which insist on one (must-staple)."""

from __future__ import annotations

import datetime
from typing import Literal

from auditor.evidence.model import Handshakes
from auditor.facts import Fact, remembered, table
from auditor.pki.client_offers import OfferLibrary, library_of
from auditor.pki.clients import ClientModel
from auditor.pki.staples import Staple, StapleState, read_staple
from auditor.pki.verdicts import TrustGap, TrustVerdict, Unproven, Verifies


class StaplingRule(Fact, frozen=True, kw_only=True):
    """What a library does with a stapled response: `asks` for one, `uses` it, `enforces` that a server staples one."""

    library: OfferLibrary
    asks: bool
    uses: Literal["never", "revocation"]
    enforces: Literal["never", "unknown"]


@remembered
def _rules() -> dict[OfferLibrary, StaplingRule]:
    rows: tuple[StaplingRule, ...] = table("tls_stapling", StaplingRule)
    return {row.library: row for row in rows}


def _rule(model: ClientModel) -> StaplingRule:
    return _rules()[library_of(model)]


def staple_of(model: ClientModel, verdict: TrustVerdict, handshakes: Handshakes | None, at: datetime.datetime) -> Staple | None:
    """Return the stapled response as a client reads it, or None if the client ignores it or nothing was observed."""
    if handshakes is None or not handshakes.staple_known or model.revocation == "none" or _rule(model).uses == "never":
        return None
    path = verdict.path.certificates
    return read_staple(handshakes.staple, path[0], path[1] if len(path) > 1 else None, at)


def with_must_staple(model: ClientModel, verdict: TrustVerdict, staple: Staple | None) -> TrustVerdict:
    """Return the verdict; undetermined if the certificate demands a stapled response and the client may insist on it."""
    leaf = verdict.path.certificates[0]
    if not isinstance(verdict, Verifies) or not leaf.extensions.must_staple:
        return verdict
    if model.revocation == "none" or _rule(model).enforces == "never":
        return verdict
    if staple is not None and staple.state in {StapleState.GOOD, StapleState.REVOKED}:
        return verdict
    why = (
        f"{leaf.name} demands a stapled OCSP response (must-staple) and no usable one was observed. It is not confirmed "
        "whether Windows then refuses it"
    )
    return Unproven(verdict.path, TrustGap.UNCONFIRMED, why)
