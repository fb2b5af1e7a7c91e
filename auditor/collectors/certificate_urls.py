"""What lies at the URLs that certificates name: CRLs, and the certificates of issuers (AIA).

Only hosts that the plan calls reachable are asked, and those of its endpoints: what a node could not fetch either would
prove nothing. Nothing that comes back is trusted: CRLs and certificates are signed, and are judged later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace

import httpx

from auditor.collectors.registry.answers import now
from auditor.collectors.registry.connections import Connections
from auditor.collectors.registry.failures import Unanswered, shown
from auditor.collectors.registry.own_machine import is_own_machine
from auditor.collectors.registry.retries import Retries
from auditor.collectors.registry.sender import Reply, Request, Sender
from auditor.errors import AuditorError, unexpected
from auditor.evidence.causes import cause_of_status
from auditor.evidence.model import MAX_FETCHED, Absent, Failed, Fetched, Kind, Observation, Seen
from auditor.evidence.store import Store
from auditor.pki.certificate import Certificate
from auditor.pki.loading import load_certificates
from auditor.plan.model import Endpoint, Plan
from auditor.text import printable
from auditor.transfer.network import dial_of, is_reachable

MAX_URLS = 1_000
MAX_BYTES = 128 * 1024 * 1024  # of all together
MAX_LEVELS = 5
MAX_ISSUERS = 16
AT_ONCE = 4
TRIES = 2


class CertificateUrls:
    """Asks for each URL once, at most 1,000 of them and some 128 MiB in all.

    `lost` are those that nobody answered for, but that were seen before. For https the public roots are
    trusted, or those of the environment (SSL_CERT_FILE).
    """

    def __init__(
        self,
        plan: Plan,
        store: Store,
        retries: Retries,
        endpoints: Iterable[Endpoint] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.failures = 0
        self.lost: dict[str | tuple[str, str], Failed] = {}
        self._reachable = plan.reachable
        self._own = frozenset(endpoint.host.lower() for endpoint in (*plan.endpoints, *endpoints))
        self._store = store
        self._connections = Connections(environment)
        self._sender = Sender(self._connections, replace(retries, tries=TRIES), asyncio.Semaphore(AT_ONCE))
        self._asked: set[str] = set()
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._left = MAX_BYTES

    @property
    def requests(self) -> int:
        """How many requests were sent."""
        return self._sender.requests

    async def close(self) -> None:
        """Drop all connections."""
        await self._connections.close()

    async def follow(self, certificates: Iterable[Certificate]) -> None:
        """Ask for what the certificates name, and for what the issuers found so name in turn, a few levels up."""
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
        """Those that may be asked and were not yet."""
        new = tuple(url for url in dict.fromkeys(urls) if url not in self._asked and self._may_ask(url))
        new = new[: max(0, MAX_URLS - len(self._asked))]
        self._asked.update(new)
        return new

    def _may_ask(self, url: str) -> bool:
        """Whether the plan reaches the host. This machine is asked only if the plan names it, not because a glob covers it."""
        dial = dial_of(url)
        if dial is None or not (dial.host in self._own or is_reachable(dial.host, self._reachable)):
            return False
        try:
            address = httpx.URL(url)
            names = {address.host.rstrip("."), address.raw_host.decode("ascii").rstrip(".")}
        except (httpx.InvalidURL, ValueError):
            return True  # `_observe` says why it is no address
        if any(map(is_own_machine, names)) and dial.host not in self._own:
            return any(is_own_machine(pattern.partition("/")[0]) for pattern in self._reachable)
        # The address is connected to as httpx reads it, which may differ from how it was read above.
        return any(name in self._own or is_reachable(name, self._reachable) for name in names)

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
        except (httpx.InvalidURL, ValueError) as error:  # the latter for labels that no IDNA allows
            return Failed(Kind.MALFORMED, f"it is no address that can be asked: {error}", now(), "")
        if self._left <= 0:
            return Failed(Kind.UNSUPPORTED, f"not asked, as the others had more than {MAX_BYTES:,} bytes", now(), source)
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
