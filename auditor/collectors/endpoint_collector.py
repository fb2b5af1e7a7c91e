"""Observe the endpoints of a plan: the chain, the TLS offer, and the URLs in the certificates."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from auditor.collectors.certificate_urls import CertificateUrls
from auditor.collectors.registry.answers import now
from auditor.errors import AuditorError, unexpected
from auditor.evidence.model import Absent, ChainSeen, Failed, Kind, Observation, Seen, TlsOffered
from auditor.evidence.store import Store
from auditor.pki.certificate import Certificate, UnreadableCertificate, parse_certificate
from auditor.pki.loading import load_certificates
from auditor.plan.model import Endpoint, Plan

AT_ONCE = 8
ObserveChain = Callable[[str, int], Observation[ChainSeen]]
ObserveOffered = Callable[[str, int], Observation[TlsOffered]]


class EndpointCollector:
    """Observes endpoints. `lost` holds endpoints (`host:port`) without an answer now, but with an earlier observation."""

    def __init__(
        self, plan: Plan, store: Store, urls: CertificateUrls, observe_chain: ObserveChain, observe_offered: ObserveOffered
    ) -> None:
        self.failures = 0
        self.lost: dict[str | tuple[str, str], Failed] = {}
        self._plan = plan
        self._store = store
        self._urls = urls
        self._observe_chain = observe_chain
        self._observe_offered = observe_offered
        self._at_once = asyncio.Semaphore(AT_ONCE)

    async def collect(self, endpoint: Endpoint) -> None:
        """Observe one endpoint. With a chain file, observe only the URLs in its certificates.

        An unexpected error is evidence about this endpoint only; the others are still observed.
        """
        try:
            await self._collect(endpoint)
        except AuditorError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever one endpoint makes a library raise must not end the run
            self.failures += 1
            failed = Failed(Kind.BUG, unexpected(f"observing {endpoint.name}", error), now(), f"tls://{endpoint.name}")
            if isinstance(self._store.chain(endpoint.name), Seen):
                self.lost[endpoint.name] = failed
            else:
                self._store.put_chain(endpoint.name, failed)
                self._store.put_offered(endpoint.name, failed)

    async def _collect(self, endpoint: Endpoint) -> None:
        if endpoint.chain:
            await self._urls.follow(load_certificates(self._plan.files.get(endpoint.chain, b"")).certificates)
            return
        async with self._at_once:
            chain, offered = await asyncio.to_thread(self._observe, endpoint)
        self.failures += not isinstance(chain, Seen) or not isinstance(offered, Seen)
        known = self._store.chain(endpoint.name)
        if isinstance(chain, Failed) and chain.kind is Kind.UNREACHABLE and isinstance(known, Seen):
            self.lost[endpoint.name] = chain
        else:
            self._store.put_chain(endpoint.name, chain)
            self._store.put_offered(endpoint.name, offered)
        await self._urls.follow(_certificates(self._store.chain(endpoint.name)))

    def _observe(self, endpoint: Endpoint) -> tuple[Observation[ChainSeen], Observation[TlsOffered]]:
        chain = self._observe_chain(endpoint.host, endpoint.port)
        if isinstance(chain, Absent | Failed):
            return chain, chain
        return chain, self._observe_offered(endpoint.host, endpoint.port)


def _certificates(chain: Observation[ChainSeen] | None) -> tuple[Certificate, ...]:
    """Return the readable certificates of a chain."""
    found: list[Certificate] = []
    for der in chain.value.certificates if isinstance(chain, Seen) else ():
        try:
            found.append(parse_certificate(der))
        except UnreadableCertificate:
            continue
    return tuple(found)
