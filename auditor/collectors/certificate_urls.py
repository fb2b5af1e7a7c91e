"""Download CRLs and issuer certificates (AIA) from the URLs in certificates.

Only hosts that the plan makes internal get a request, because nodes cannot download from other hosts. No response is trusted:
CRLs and certificates are signed, and checks validate them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace

import httpx

from auditor.collectors.registry.answers import now
from auditor.collectors.registry.connection_pool import Connections
from auditor.collectors.registry.failures import Unanswered, shown
from auditor.collectors.registry.retries import Retries
from auditor.collectors.registry.sender import Reply, Request, Sender
from auditor.errors import AuditorError, unexpected
from auditor.evidence.causes import cause_of_status
from auditor.evidence.model import MAX_FETCHED, Absent, Failed, Fetched, Kind, Observation, Seen
from auditor.evidence.store import Store
from auditor.net import is_own_machine, remote_of
from auditor.pki.certificate import Certificate
from auditor.pki.loading import load_certificates
from auditor.plan.model import Plan
from auditor.plan.reach import reach_of
from auditor.text import printable

MAX_URLS = 1_000
MAX_BYTES = 128 * 1024 * 1024  # of all downloads together
MAX_LEVELS = 5
MAX_ISSUERS = 16
AT_ONCE = 4
TRIES = 2


class CertificateUrls:
    """Requests each URL once, at most 1,000 URLs and about 128 MiB in total.

    `lost` holds URLs whose request failed in this run, but not in an earlier one. HTTPS servers are verified with the public
    roots, or with those of the environment (SSL_CERT_FILE).
    """

    def __init__(
        self,
        plan: Plan,
        store: Store,
        retries: Retries,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.failures = 0
        self.lost: dict[str | tuple[str, str], Failed] = {}
        self._reach = reach_of(plan)
        self._store = store
        self._connections = Connections(environment)
        self._sender = Sender(self._connections, replace(retries, tries=TRIES), asyncio.Semaphore(AT_ONCE))
        self._asked: set[str] = set()
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._left = MAX_BYTES

    @property
    def requests(self) -> int:
        """The number of requests that were sent."""
        return self._sender.requests

    async def close(self) -> None:
        """Close all connections."""
        await self._connections.close()

    async def follow(self, certificates: Iterable[Certificate]) -> None:
        """Request the URLs in the certificates, then those in the issuers found, a few levels up."""
        level = tuple(certificates)
        for _ in range(MAX_LEVELS):
            lists = self._new(url for certificate in level for url in certificate.extensions.crl_urls)
            issuers = self._new(url for certificate in level for url in certificate.extensions.aia_issuers)
            if not lists and not issuers:
                return
            found = await asyncio.gather(*(self._ask(url) for url in (*issuers, *lists)))
            bodies = (observed.value.body for observed in found[: len(issuers)] if isinstance(observed, Seen))
            level = tuple(issuer for body in bodies for issuer in load_certificates(body).certificates[:MAX_ISSUERS])

    def _new(self, urls: Iterable[str]) -> tuple[str, ...]:
        """Return the URLs that may get a request and have not had one."""
        new = tuple(url for url in dict.fromkeys(urls) if url not in self._asked and self._may_ask(url))
        new = new[: max(0, MAX_URLS - len(self._asked))]
        self._asked.update(new)
        return new

    def _may_ask(self, url: str) -> bool:
        """Return whether the plan makes the URL's host internal."""
        remote = remote_of(url)
        if remote is None or not self._may_connect(remote.host):
            return False
        try:
            # httpx connects to the host as it parses it, which may differ from the host above.
            return self._may_connect(httpx.URL(url).raw_host.decode("ascii"))
        except (httpx.InvalidURL, ValueError):
            return True  # `_observe` reports why the URL is malformed

    def _may_connect(self, host: str) -> bool:
        """Return whether a certificate may name the host. This machine counts only if the plan names it, not if a glob covers
        it."""
        return self._reach.declares(host) and (not is_own_machine(host) or self._reach.names(host))

    async def _ask(self, url: str) -> Observation[Fetched]:
        async with self._at_once:
            try:
                observed = await self._observe(url)
            except AuditorError:
                raise
            except Exception as error:  # noqa: BLE001 - a URL comes from a certificate: it must not end the run
                observed = Failed(Kind.BUG, unexpected(f"requesting {printable(url, 200)}", error), now(), "")
        self.failures += isinstance(observed, Failed)
        known = self._store.fetched(url)
        if isinstance(observed, Failed) and observed.kind is Kind.UNREACHABLE and isinstance(known, Seen):
            self.lost[url] = observed
        else:
            self._store.put_fetched(url, observed)
        return observed

    async def _observe(self, url: str) -> Observation[Fetched]:
        try:
            address = httpx.URL(url)
            source = shown(address)
        except (httpx.InvalidURL, ValueError) as error:  # ValueError: a label that IDNA does not allow
            return Failed(Kind.MALFORMED, f"the URL is invalid: {error}", now(), "")
        if self._left <= 0:
            return Failed(
                Kind.UNSUPPORTED, f"not requested, because the other downloads had more than {MAX_BYTES:,} bytes", now(), source
            )
        request = Request(address, MAX_FETCHED, allowed=lambda target: self._may_ask(str(target)))
        try:
            reply = await self._sender.send(request)
        except Unanswered as error:
            return Failed(error.kind, error.detail, now(), source, error.cause)
        self._left -= len(reply.body)
        return _meaning(reply, source)


def _meaning(reply: Reply, source: str) -> Observation[Fetched]:
    match reply.status:
        case 200 if reply.is_cut:
            return Failed(Kind.MALFORMED, f"more than {MAX_FETCHED:,} bytes", now(), source)
        case 200:
            return Seen(Fetched(reply.body), now(), source)
        case 404 | 410:
            return Absent(f"status {reply.status}", now(), source)
        case 401 | 403 | 407:
            return Failed(Kind.DENIED, f"status {reply.status}", now(), source, cause_of_status(reply.status))
        case _:
            return Failed(Kind.UNREACHABLE, f"status {reply.status}", now(), source, cause_of_status(reply.status))
