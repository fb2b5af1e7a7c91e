"""The shapes of evidence. Absent (the registry said 404), failed (it did not answer) and unobserved (None) stay apart."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

import msgspec

from auditor.evidence.causes import Cause, Fault, host_of
from auditor.evidence.kinds import Kind as Kind  # noqa: PLC0414 - the shapes of evidence, in one place
from auditor.evidence.kinds import Place as Place  # noqa: PLC0414
from auditor.evidence.kinds import Verify as Verify  # noqa: PLC0414
from auditor.evidence.tally import Tally
from auditor.oci.archive import Inventory
from auditor.oci.unpacked import AllUnpacked, UnpackedSeen

MAX_FETCHED = 16 * 1024 * 1024  # bytes; the CRL of a big public CA has 5 to 10 million

T = TypeVar("T")


class Seen(msgspec.Struct, Generic[T], frozen=True, gc=False):
    """Something was observed. `source` is the URL, file or command that showed it; `at` is in UTC."""

    value: T
    at: datetime.datetime
    source: str


@dataclass(frozen=True, slots=True)
class Absent:
    """The place that was asked says that it does not exist."""

    detail: str
    at: datetime.datetime
    source: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The question got no usable answer. `cause` says why in more detail than `kind`, as far as it is known.

    `is_specific`: the server failed at this one question, so that it is no outage.
    """

    kind: Kind
    detail: str
    at: datetime.datetime
    source: str
    cause: Cause = Cause.UNKNOWN
    is_specific: bool = field(default=False, compare=False)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The host that did not answer; none where the fault is in one answer, or the source is no host."""
        host = host_of(self.source)
        is_of_host = self.cause is not Cause.UNKNOWN or self.kind in {Kind.UNREACHABLE, Kind.DENIED}
        return (Fault(host, self.cause, self.detail),) if host and is_of_host else ()


Observation = Seen[T] | Absent | Failed


class TagSeen(msgspec.Struct, frozen=True, gc=False):
    """What a reference pointed at: manifest digest, its media type and its size in bytes."""

    digest: str
    media_type: str
    size: int


class Content(msgspec.Struct, frozen=True, gc=False):
    """A document (index, manifest or config) whose bytes hash to the digest it is stored under."""

    media_type: str
    body: bytes


class BlobSeen(msgspec.Struct, frozen=True, gc=False):
    """A blob or a manifest that a place has: its `size` in bytes, as the place states it or as it was read.

    `media_type` is the Content-Type of a manifest's answer, without parameters. `hashed` is the digest of the bytes, if all of
    them were read; another digest than the requested one means that the bytes are not those that the digest names.
    """

    size: int
    media_type: str = ""
    hashed: str = ""


class ArchiveSeen(msgspec.Struct, frozen=True):
    """What an archive holds. `seal` changes when its files do, so that one that has not changed is not read again."""

    seal: str
    inventory: Inventory


@dataclass(frozen=True, slots=True)
class ChainSeen:
    """The certificates that a TLS endpoint served, DER, leaf first, and the protocol that was agreed (`TLSv1.3`)."""

    certificates: tuple[bytes, ...]
    protocol: str


@dataclass(frozen=True, slots=True)
class TlsOffered:
    """What a TLS endpoint agrees to, both in OpenSSL's names and in the order in which they were found.

    `versions` as `TLSv1.2`, oldest first. `ciphers` of all of them: for TLS 1.3 its suites (`TLS_AES_128_GCM_SHA256`), for
    older versions the suite with its key exchange (`ECDHE-RSA-AES128-GCM-SHA256`); the server's own choice comes first.
    Only what the OpenSSL of the asking side speaks can be in them.
    """

    versions: tuple[str, ...]
    ciphers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes at a URL that a certificate names: a CRL or the issuer's certificate, as they came and at most MAX_FETCHED."""

    body: bytes = field(repr=False)


class ImageEvidence(Protocol):
    """What one place says about images. None always means: nobody looked."""

    def tag(self, reference: str) -> Observation[TagSeen] | None:
        """What the normalised reference (`str(Reference)`) pointed at."""
        ...

    def content(self, repository: str, digest: str) -> Observation[Content] | None:
        """A document by digest; when it is not stored, what `repository` (`host/path`) answered for it."""
        ...

    def blob(self, repository: str, digest: str) -> Observation[BlobSeen] | None:
        """Whether `repository` has the blob, or the manifest, of that digest."""
        ...


class RegistryEvidence(ImageEvidence, Protocol):
    """What registries say about images."""

    def observed_blobs(self, repository: str) -> AbstractSet[str]:
        """The digests of which `repository` was asked whether it has them: for all others, `blob` returns None."""
        ...


class Evidence(RegistryEvidence, Protocol):
    """The reading side of evidence: all that was observed, of every place."""

    def archives(self) -> Mapping[str, Observation[ArchiveSeen]]:
        """What each archive holds, by its path relative to the plan; an archive that is not there is absent."""
        ...

    def unpacked(self, digest: str) -> Observation[UnpackedSeen] | None:
        """What the bytes of a layer say about its unpacked size, wherever they lie."""
        ...

    def all_unpacked(self) -> AllUnpacked:
        """Every layer of which `unpacked` was seen, at once: there may be hundreds of thousands."""
        ...

    def chain(self, endpoint: str) -> Observation[ChainSeen] | None:
        """What `host:port` served."""
        ...

    def tls_offered(self, endpoint: str) -> Observation[TlsOffered] | None:
        """The TLS versions and ciphers that `host:port` offers."""
        ...

    def fetched(self, url: str) -> Observation[Fetched] | None:
        """What lies at a URL that a certificate names, as it stands in the certificate."""
        ...

    def tallies(self) -> tuple[Tally, ...]:
        """How much was observed of each kind, by place."""
        ...
