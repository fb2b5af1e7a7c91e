"""Why a registry gave no usable answer, and how an address may be shown."""

from __future__ import annotations

import httpx

from auditor.evidence.model import Kind

MAX_DETAIL = 300


# What OpenSSL calls an answer that is none in TLS, as from a server that speaks plain HTTP.
NO_TLS_REASONS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE")
NO_TLS = "it answers, but not with TLS"


class Unanswered(Exception):
    """A question that got no usable answer. It becomes `Failed` evidence and never reaches a user as an exception."""

    def __init__(self, kind: Kind, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail


def shown(url: httpx.URL | str) -> str:
    """An address without what may be secret: no user, no query (signed links), no fragment."""
    parsed = httpx.URL(url)
    return str(httpx.URL(scheme=parsed.scheme, host=parsed.host, port=parsed.port, path=parsed.path))


def plain(text: str) -> str:
    """Text from outside for a message: one line, no control characters, not too long."""
    cleaned = "".join(char if char.isprintable() else " " for char in text[: 4 * MAX_DETAIL])
    cleaned = " ".join(cleaned.split())
    return cleaned if len(cleaned) <= MAX_DETAIL else cleaned[: MAX_DETAIL - 1] + "…"
