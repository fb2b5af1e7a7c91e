"""The registry requests of a collection: a tag or a digest by GET or HEAD, a config blob, and a range of any blob."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from auditor.collectors.registry.addresses import Addresses
from auditor.collectors.registry.answers import (
    Misfit,
    VerifiedBytes,
    digest_header,
    length_of,
    media_type_of,
    now,
    refusal,
    verified,
)
from auditor.collectors.registry.connection_pool import Connections
from auditor.collectors.registry.credentials import Credentials
from auditor.collectors.registry.failures import Unanswered, plain
from auditor.collectors.registry.pace import MOST
from auditor.collectors.registry.ranges import ByteRange, WholeBlob, body_of, unsatisfiable
from auditor.collectors.registry.referrers import MAX_PAGE, MAX_PAGES, JoinedReferrers, next_page
from auditor.collectors.registry.retries import Retries
from auditor.collectors.registry.sender import Reply, Sender
from auditor.collectors.registry.session import ApiRequest, Session
from auditor.collectors.registry.sink import HashingSink
from auditor.collectors.single_flight import SingleFlight
from auditor.errors import AuditorError, unexpected
from auditor.evidence.model import Absent, BlobSeen, Failed, Kind, TagSeen
from auditor.evidence.store import MAX_DOCUMENT
from auditor.oci.media_types import ACCEPT, OCI_INDEX
from auditor.plan.model import Plan
from auditor.redaction import redact

AT_ONCE = 4 * MOST  # requests to all hosts together
ALONE = 8.0  # seconds that other requests wait for the first one to a host: as long as a refused connection is retried
_P = ParamSpec("_P")
_T = TypeVar("_T")
_Ask = Callable[Concatenate["RegistryClient", str, str, str, _P], Awaitable[_T]]
_Asked = Callable[Concatenate["RegistryClient", str, str, str, _P], Coroutine[Any, Any, _T | Failed]]


def _isolated(kind: str) -> Callable[[_Ask[_P, _T]], _Asked[_P, _T | Failed]]:
    """Limit an unexpected exception to one observation, of a repository's `manifests` or `blobs`, so that the run continues."""

    def of(ask: _Ask[_P, _T]) -> _Asked[_P, _T | Failed]:
        @functools.wraps(ask)
        async def isolated(
            self: RegistryClient, domain: str, path: str, target: str, /, *rest: _P.args, **named: _P.kwargs
        ) -> _T | Failed:
            try:
                return await ask(self, domain, path, target, *rest, **named)
            except AuditorError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever an answer makes a library raise is about this answer alone
                return self.bug(domain, path, kind, target, error)

        return isolated

    return of


class RegistryClient:
    """Queries the registries of a plan, each through one session. Close it in the event loop that used it."""

    def __init__(
        self, plan: Plan, retries: Retries, jobs: int | None, environment: Mapping[str, str], home: Path, ca: bytes = b""
    ) -> None:
        """`jobs` limits concurrent requests to all hosts together; None: AT_ONCE, and as many to one host as `Pace` allows."""
        self._connections = Connections(environment)
        self._sender = Sender(self._connections, retries, asyncio.Semaphore(jobs or AT_ONCE), min(jobs or MOST, MOST))
        self._credentials = Credentials(environment, home)
        self._addresses = Addresses(plan, ca)
        self._sessions: dict[str, Session] = {}
        self._whole: dict[str, str] = {}  # by domain: why it sends no ranges; empty until it refuses one
        self._met: dict[str, asyncio.Event] = {}  # by domain: its first request has been answered
        self._first: SingleFlight[str] = SingleFlight()  # by domain

    @property
    def requests(self) -> int:
        """The number of requests that were sent, with retries, redirects and tokens."""
        return self._sender.requests

    async def close(self) -> None:
        """Close all connections."""
        await self._connections.close()

    def source(self, domain: str, path: str, kind: str, target: str) -> str:
        """Return the URL of a request, as evidence quotes it."""
        address = self._session(domain).address
        return f"{address.scheme}://{address.host}/v2/{path}/{kind}/{target}"

    @_isolated("manifests")
    async def manifest(self, domain: str, path: str, target: str, digest: str = "") -> VerifiedBytes | Misfit | Absent | Failed:
        """GET a manifest or an index by tag or digest. `digest` is the expected digest of its bytes, if known."""
        return await self._fetch(domain, ApiRequest(path, "manifests", target, MAX_DOCUMENT, accept=ACCEPT), digest)

    @_isolated("blobs")
    async def config(self, domain: str, path: str, digest: str) -> VerifiedBytes | Misfit | Absent | Failed:
        """GET a config blob."""
        return await self._fetch(domain, ApiRequest(path, "blobs", digest, MAX_DOCUMENT), digest)

    @_isolated("manifests")
    async def head(self, domain: str, path: str, target: str) -> TagSeen | Absent | Failed | None:
        """HEAD a manifest. Return None if the answer is incomplete, so that a GET is needed."""
        reply = await self._head(domain, ApiRequest(path, "manifests", target, 0, "HEAD", ACCEPT))
        if not isinstance(reply, Reply):
            return reply
        digest, size = digest_header(reply), length_of(reply)
        return TagSeen(digest, media_type_of(reply), size) if digest and size is not None else None

    @_isolated("blobs")
    async def head_blob(self, domain: str, path: str, digest: str) -> BlobSeen | Absent | Failed:
        """HEAD a blob. An answer without a size counts as failed, because it must prove that the whole blob exists."""
        reply = await self._head(domain, ApiRequest(path, "blobs", digest, 0, "HEAD"))
        source = self.source(domain, path, "blobs", digest)
        if reply is None:
            return Failed(Kind.UNSUPPORTED, "the registry does not answer HEAD for blobs", now(), source)
        if not isinstance(reply, Reply):
            return reply
        size = length_of(reply)
        if size is None:
            return Failed(Kind.MALFORMED, "the registry does not state the size of the blob", now(), source)
        return BlobSeen(size)

    @_isolated("blobs")
    async def read_blob(self, domain: str, path: str, digest: str, size: int) -> BlobSeen | Absent | Failed:
        """GET a whole blob and hash it as it arrives. Of a blob larger than `size` bytes, only that much is read."""
        source = self.source(domain, path, "blobs", digest)
        sink = HashingSink(digest)
        try:
            reply = await self._reply(domain, ApiRequest(path, "blobs", digest, size, sink=sink))
        except Unanswered as error:
            return self._failed(error, source)
        if (refused := refusal(reply, source)) is not None:
            return self._explained(refused)
        if reply.is_cut:
            return BlobSeen(max(length_of(reply) or 0, sink.size))
        return BlobSeen(sink.size, "", sink.hashed)

    @_isolated("blobs")
    async def part(self, domain: str, path: str, digest: str, part: ByteRange) -> bytes | Absent | Failed:
        """GET a range of a blob. After a registry sent a whole blob instead, it gets no further range requests.

        The first request to a registry is sent alone, so that only one can get a whole blob.
        """
        source = self.source(domain, path, "blobs", digest)

        async def first() -> bytes | Absent | Failed | None:
            return None if domain in self._whole else await self._part(domain, path, digest, part, source)

        if domain not in self._whole and (found := await self._first.run(lambda: domain, first)) is not None:
            return found
        if told := self._whole[domain]:
            return Failed(Kind.UNSUPPORTED, told, now(), source)
        return await self._part(domain, path, digest, part, source)

    @_isolated("referrers")
    async def referrers(self, domain: str, path: str, digest: str) -> bytes | Absent | Failed:
        """GET the referrers of a manifest: every page joined into one index, reduced to one entry per artifact type.

        Absent means that the registry does not have the API.
        """
        source, joined = self.source(domain, path, "referrers", digest), JoinedReferrers()
        target = digest
        for _ in range(MAX_PAGES):
            try:
                reply = await self._reply(domain, ApiRequest(path, "referrers", target, MAX_PAGE, accept=OCI_INDEX))
                if (refused := refusal(reply, source)) is not None:
                    return self._explained(refused)
                joined.add(reply)
                target = next_page(reply, path, digest)
            except Unanswered as error:
                return self._failed(error, source)
            if not target:
                return joined.document()
        return Failed(Kind.UNSUPPORTED, f"the list of referrers has more than {MAX_PAGES} pages", now(), source)

    async def _part(self, domain: str, path: str, digest: str, part: ByteRange, source: str) -> bytes | Absent | Failed:
        try:
            reply = await self._reply(domain, ApiRequest(path, "blobs", digest, part.length, part=part.header))
            if reply.status in {200, 206}:
                return body_of(reply, part)
            if reply.status == 416:
                raise unsatisfiable(reply, part)
        except Unanswered as error:
            if isinstance(error, WholeBlob):
                self._whole[domain] = error.detail
            return self._failed(error, source)
        finally:
            self._whole.setdefault(domain, "")
        refused = refusal(reply, source)
        assert refused is not None  # noqa: S101 - None only for status 200
        return self._explained(refused)

    async def _reply(self, domain: str, question: ApiRequest) -> Reply:
        """Send a request. The first one to a host is sent alone: it finds out if the host is down, or which login it needs."""
        session, met = self._session(domain), self._met.get(domain)
        if met is not None:
            await met.wait()
            return await session.ask(question)
        met = self._met[domain] = asyncio.Event()
        timer = asyncio.get_running_loop().call_later(ALONE, met.set)
        try:
            return await session.ask(question)
        finally:
            timer.cancel()
            met.set()

    async def _head(self, domain: str, question: ApiRequest) -> Reply | Absent | Failed | None:
        """Return the answer to a HEAD; None if the registry does not support that method."""
        source = self.source(domain, question.repository, question.kind, question.target)
        try:
            reply = await self._reply(domain, question)
        except Unanswered as error:
            return self._failed(error, source)
        if reply.status in {400, 405, 501}:
            return None
        refused = refusal(reply, source, asked_by_head=True)
        return reply if refused is None else self._explained(refused)

    async def _fetch(self, domain: str, question: ApiRequest, digest: str) -> VerifiedBytes | Misfit | Absent | Failed:
        source = self.source(domain, question.repository, question.kind, question.target)
        try:
            reply = await self._reply(domain, question)
            refused = refusal(reply, source)
            return self._explained(refused) if refused is not None else verified(reply, digest)
        except Unanswered as error:
            return self._failed(error, source)

    def _session(self, domain: str) -> Session:
        session = self._sessions.get(domain)
        if session is None:
            address = self._addresses.of(domain)
            if address.ca:
                self._connections.context(address.host, address.ca)  # an unreadable CA is a user error: raise it now
            session = self._sessions[domain] = Session(domain, address, self._sender, self._credentials)
        return session

    def bug(self, domain: str, path: str, kind: str, target: str, error: Exception) -> Failed:
        """Return the failed observation for an unexpected exception."""
        source = self.source(domain, path, kind, target)
        return self._failed(Unanswered(Kind.BUG, plain(unexpected(f"observing {source}", error))), source)

    def _failed(self, error: Unanswered, source: str) -> Failed:
        failed = Failed(error.kind, error.detail, now(), source, error.cause)
        explained = self._explained(failed)
        assert isinstance(explained, Failed)  # noqa: S101 - what goes in comes out
        return explained

    def _explained(self, refused: Absent | Failed) -> Absent | Failed:
        """Return the refusal without any secret that the registry may have echoed, and with the problems of the logins."""
        detail = redact(refused.detail)
        if isinstance(refused, Absent):
            return Absent(detail, refused.at, refused.source)
        if refused.kind is Kind.DENIED and self._credentials.problems:
            detail = f"{detail} ({plain('; '.join(dict.fromkeys(self._credentials.problems)))})"
        return replace(refused, detail=detail)
