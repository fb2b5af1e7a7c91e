"""Which clients use an OCSP response that a server staples, and which insist on one (must-staple)."""

from __future__ import annotations

import datetime

from auditor.evidence.model import Handshakes
from auditor.pki.clients import ClientModel
from auditor.pki.staples import Staple, read_staple
from auditor.pki.verdicts import TrustVerdict


def staple_of(model: ClientModel, verdict: TrustVerdict, handshakes: Handshakes | None, at: datetime.datetime) -> Staple | None:
    """Return the stapled response as a client reads it, or None if the client ignores it or nothing was observed."""
    if handshakes is None or not handshakes.staple_known or model.revocation == "none" or not model.asks_windows:
        return None
    path = verdict.path.certificates
    return read_staple(handshakes.staple, path[0], path[1] if len(path) > 1 else None, at)
