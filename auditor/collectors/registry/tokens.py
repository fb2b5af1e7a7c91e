"""Bearer tokens (distribution's token specification and its OAuth 2 form). Requests of the same scope share them."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from urllib.parse import urlencode

import httpx
import msgspec

from auditor.collectors.registry.challenge import Challenge, may_follow
from auditor.collectors.registry.failures import Unanswered, plain, shown
from auditor.collectors.registry.secret import Login, Secret
from auditor.collectors.registry.sender import Reply, Request, Sender
from auditor.collectors.single_flight import SingleFlight
from auditor.evidence.causes import Cause, cause_of_status
from auditor.evidence.model import Kind

MAX_TOKEN_ANSWER = 64 * 1024
_SHORTEST_LIFE = 60.0  # the specification's default, also for services that state less
_EARLY = 10.0
_TOKEN = re.compile(r"[\x21-\x7e]+")


class _TokenAnswer(msgspec.Struct, frozen=True):
    token: str = ""
    access_token: str = ""
    expires_in: float | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A token and its expiry, by the monotonic clock."""

    value: Secret
    until: float

    @property
    def is_fresh(self) -> bool:
        """Whether it may still be used."""
        return time.monotonic() < self.until


class Tokens:
    """The tokens of one registry host, by scope and user."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._known: dict[tuple[str, str], Token] = {}
        self._flights: SingleFlight[tuple[str, str]] = SingleFlight()

    async def get(
        self, challenge: Challenge, registry: Request, login: Login | None, stale: Secret | None = None
    ) -> tuple[Secret, bool]:
        """Return a token for the challenge to the request `registry`, and whether it is new. `stale` is never returned.

        Raises Unanswered: denied if the service refuses, or if no request may be sent to it.
        """
        key = (challenge.scope, login.username if login else "")

        async def known_or_new() -> tuple[Secret, bool]:
            known = self._known.get(key)
            if known is not None and known.is_fresh and known.value != stale:
                return known.value, False
            known = self._known[key] = await self._fetch(challenge, registry, login)
            return known.value, True

        return await self._flights.run(lambda: key, known_or_new)

    async def _fetch(self, challenge: Challenge, registry: Request, login: Login | None) -> Token:
        realm = _realm(challenge, registry.url)
        asked = [(key, value) for key in ("service", "scope") if (value := getattr(challenge, key))]
        if login is not None and login.is_identity_token:
            told = [
                ("grant_type", "refresh_token"),
                ("client_id", "airgap-auditor"),
                ("refresh_token", login.password.reveal()),
            ]
            request = Request(realm, MAX_TOKEN_ANSWER, "POST", form=urlencode([*asked, *told]).encode(), ca=registry.ca)
        else:
            who = login.basic() if login else None
            for key, value in asked:
                realm = realm.copy_add_param(key, value)
            request = Request(realm, MAX_TOKEN_ANSWER, authorization=who, ca=registry.ca)
        return _parsed(await self._sender.send(request))


def _realm(challenge: Challenge, asked: httpx.URL) -> httpx.URL:
    try:
        realm = httpx.URL(challenge.realm)
        follows = may_follow(asked, realm)
    except (httpx.InvalidURL, ValueError):  # ValueError: a label that IDNA does not allow
        raise Unanswered(Kind.MALFORMED, "the registry names a token service with an invalid address") from None
    if realm.userinfo or not follows:
        told = plain(shown(realm))
        raise Unanswered(
            Kind.DENIED,
            f"the token service {told} gets no request: it must use TLS, and an external registry must not name this machine",
        )
    return realm


def _parsed(reply: Reply) -> Token:
    where = plain(shown(reply.url))
    if reply.status in {400, 401, 403, 404}:
        raise Unanswered(Kind.DENIED, f"the token service {where} refused with status {reply.status}", Cause.LOGIN)
    if reply.status != 200:
        detail = f"the token service {where} answered with status {reply.status}"
        raise Unanswered(Kind.UNREACHABLE, detail, cause_of_status(reply.status))
    try:
        answer = msgspec.json.decode(b"" if reply.is_cut else reply.body, type=_TokenAnswer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Unanswered(Kind.MALFORMED, f"the token service {where} did not answer with a token") from None
    text = answer.token or answer.access_token
    if _TOKEN.fullmatch(text) is None:
        raise Unanswered(Kind.MALFORMED, f"the token service {where} did not answer with a token")
    life = max(answer.expires_in or _SHORTEST_LIFE, _SHORTEST_LIFE)
    return Token(Secret(text), time.monotonic() + life - _EARLY)
