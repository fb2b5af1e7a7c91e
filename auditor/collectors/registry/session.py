"""One registry host: requests with the right Authorization. Status 401 states the required authentication."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from auditor.collectors.registry.addresses import RegistryAddress
from auditor.collectors.registry.challenge import Challenge, parse_challenges
from auditor.collectors.registry.connection_pool import origin_of
from auditor.collectors.registry.credentials import Credentials
from auditor.collectors.registry.failures import Unanswered, plain, shown
from auditor.collectors.registry.secret import Login, Secret
from auditor.collectors.registry.sender import Reply, Request, Sender
from auditor.collectors.registry.sink import HashingSink
from auditor.collectors.registry.tokens import Tokens
from auditor.evidence.causes import Cause
from auditor.evidence.model import Kind

MAX_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """A request to a registry's API about one repository; `kind` and `target` end the path: `manifests`, `latest`.

    `part` is a Range header, if only a range is needed. `sink` receives the body of a good answer, instead of the reply.
    """

    repository: str
    kind: str
    target: str
    limit: int
    method: str = "GET"
    accept: str = "*/*"
    part: str = ""
    sink: HashingSink | None = None

    @property
    def path(self) -> str:
        """The path below the host."""
        return f"/v2/{self.repository}/{self.kind}/{self.target}"

    @property
    def scope(self) -> str:
        """The token scope that reading requires."""
        return f"repository:{self.repository}:pull"


@dataclass(frozen=True, slots=True)
class _Brought:
    """The Authorization that was sent. `scope` is set for a token that was fetched for this request only."""

    value: Secret | None
    scheme: str = ""
    scope: str = ""

    def is_final_for(self, challenge: Challenge) -> bool:
        """Return whether no other authentication is left after the registry refused this one with `challenge`."""
        if self.scheme != challenge.scheme:
            return False
        return self.scheme == "basic" or (bool(self.scope) and challenge.scope in {"", self.scope})


class Session:
    """Queries one host. Tokens are shared. After a host required authentication, every request carries it."""

    def __init__(self, domain: str, address: RegistryAddress, sender: Sender, credentials: Credentials) -> None:
        self.address = address
        self._domain = domain
        self._sender = sender
        self._credentials = credentials
        self._tokens = Tokens(sender)
        self._challenge: Challenge | None = None
        self._logins: dict[str, Login | None] = {}

    async def ask(self, question: ApiRequest) -> Reply:
        """Return the answer, which has status 401 or 403 if no login satisfies the registry. Raises Unanswered."""
        request = Request(
            self.address.url(question.path),
            question.limit,
            question.method,
            question.accept,
            ca=self.address.ca,
            part=question.part,
            sink=question.sink,
        )
        brought = await self._bring(self._challenge, request, question)
        for _ in range(MAX_ATTEMPTS):
            reply = await self._sender.send(replace(request, authorization=brought.value) if brought.value else request)
            if reply.status != 401:
                break
            if reply.origin != origin_of(request.url):
                # A challenge is valid only for the server that sends it, and this login was not stored for that server.
                where = plain(shown(reply.by or reply.url))
                detail = f"a redirect led to {where}, which requires a login: it gets none"
                raise Unanswered(Kind.DENIED, detail, Cause.LOGIN)
            challenge = _best(parse_challenges(reply.headers.get("www-authenticate", "")))
            if challenge is None or brought.is_final_for(challenge):
                break
            self._challenge = replace(challenge, scope="")
            brought = await self._bring(challenge, request, question, brought.value)
            if brought.value is None:
                break
        return reply

    async def _bring(
        self, challenge: Challenge | None, request: Request, question: ApiRequest, refused: Secret | None = None
    ) -> _Brought:
        """Return the Authorization to send. `refused` is the one that the registry has just refused."""
        if challenge is None:
            return _Brought(None)
        login = await self._login(question.repository)
        if challenge.scheme == "basic":
            value = login.basic() if login is not None and not login.is_identity_token else None
            brought = _Brought(value, "basic")
        else:
            wanted = challenge if challenge.scope else replace(challenge, scope=question.scope)
            stale = Secret(refused.reveal().removeprefix("Bearer ")) if refused else None
            token, is_new = await self._tokens.get(wanted, request, login, stale)
            brought = _Brought(Secret(f"Bearer {token.reveal()}"), "bearer", wanted.scope if is_new else "")
        return brought

    async def _login(self, repository: str) -> Login | None:
        if repository not in self._logins:
            # A credential helper is a program that may take seconds: other requests continue meanwhile.
            login = await asyncio.to_thread(self._credentials.find, f"{self._domain}/{repository}", self.address.scheme)
            self._logins[repository] = login
        return self._logins[repository]


def _best(challenges: tuple[Challenge, ...]) -> Challenge | None:
    """Return the challenge to answer: a token rather than a password."""
    by_scheme = {challenge.scheme: challenge for challenge in reversed(challenges)}
    return by_scheme.get("bearer") or by_scheme.get("basic")
