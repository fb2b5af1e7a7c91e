"""The types of evidence. Absent (the registry returned 404), failed (no usable answer) and not observed (None) are distinct."""

from __future__ import annotations

import datetime
import enum
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

MAX_FETCHED = 16 * 1024 * 1024  # bytes; the CRL of a large public CA has 5 to 10 million

T = TypeVar("T")


class Seen(msgspec.Struct, Generic[T], frozen=True, gc=False):
    """A successful observation. `source` is its URL, file or command; `at` is in UTC."""

    value: T
    at: datetime.datetime
    source: str


@dataclass(frozen=True, slots=True)
class Absent:
    """The source answered that the subject does not exist."""

    detail: str
    at: datetime.datetime
    source: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A request without a usable answer. `cause` gives more detail than `kind`, if known.

    `is_specific`: the server failed for this one request only, so this is no outage.
    """

    kind: Kind
    detail: str
    at: datetime.datetime
    source: str
    cause: Cause = Cause.UNKNOWN
    is_specific: bool = field(default=False, compare=False)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The host that did not answer; empty if the fault is in one answer, or if the source is not a host."""
        host = host_of(self.source)
        is_of_host = self.cause is not Cause.UNKNOWN or self.kind in {Kind.UNREACHABLE, Kind.DENIED}
        return (Fault(host, self.cause, self.detail),) if host and is_of_host else ()


Observation = Seen[T] | Absent | Failed


class TagSeen(msgspec.Struct, frozen=True, gc=False):
    """The target of a tag: manifest digest, media type and size in bytes."""

    digest: str
    media_type: str
    size: int


class Content(msgspec.Struct, frozen=True, gc=False):
    """A document (index, manifest or config). Its bytes hash to the digest that it is stored under."""

    media_type: str
    body: bytes


class BlobSeen(msgspec.Struct, frozen=True, gc=False):
    """An existing blob or manifest: its `size` in bytes, as stated or as read.

    `media_type` is the Content-Type of a manifest response, without parameters. `hashed` is the digest of the bytes, if all of
    them were read. If it differs from the requested digest, the bytes are wrong.
    """

    size: int
    media_type: str = ""
    hashed: str = ""


class ArchiveSeen(msgspec.Struct, frozen=True):
    """The content of an archive. `seal` changes if its files change, so an unchanged archive is not read again."""

    seal: str
    inventory: Inventory


@dataclass(frozen=True, slots=True)
class ChainSeen:
    """The certificates that a TLS endpoint served, DER, leaf first, and the negotiated protocol (`TLSv1.3`)."""

    certificates: tuple[bytes, ...]
    protocol: str


class ClientAuth(enum.StrEnum):
    """Whether an endpoint asks a client for a certificate, and what happens without one."""

    UNKNOWN = "unknown"  # the handshakes could not be read
    NONE = "none"  # it asks for none
    OPTIONAL = "optional"  # it asks, and answered a client without one
    ASKED = "asked"  # it asks, and what it does without one was not observed
    REQUIRED = "required"  # it refused a client without one


class Handshakes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an endpoint accepts and asks for in handshakes, in the order of discovery.

    Suites and groups (key exchange) have the names of IANA; `old` is TLS 1.2 and older, `new` is TLS 1.3. A flag `all_…` states
    that the list is complete. `authorities` are the CAs (RFC 4514 names) of whose client certificates it wants one; none if any
    CA will do. `refusal` is what the endpoint said to a client without a certificate. `staple` is the OCSP response (DER) that
    it stapled to its certificate; empty if it stapled none.
    """

    old_suites: tuple[str, ...] = ()
    new_suites: tuple[str, ...] = ()
    old_groups: tuple[str, ...] = ()
    new_groups: tuple[str, ...] = ()
    all_old_suites: bool = False
    all_new_suites: bool = False
    all_old_groups: bool = False
    all_new_groups: bool = False
    client_auth: ClientAuth = ClientAuth.UNKNOWN
    authorities: tuple[str, ...] = ()
    refusal: str = ""
    staple: bytes = b""
    staple_known: bool = False


@dataclass(frozen=True, slots=True)
class TlsOffered:
    """The TLS versions and ciphers that an endpoint accepts, with OpenSSL's names, in the order of discovery.

    `versions` as `TLSv1.2`, oldest first. `ciphers` covers all versions: for TLS 1.3 its suites (`TLS_AES_128_GCM_SHA256`), for
    older versions the suite with its key exchange (`ECDHE-RSA-AES128-GCM-SHA256`). The server's own choice comes first. Ciphers
    that the collector's OpenSSL does not support are missing.

    `handshakes` has the details; None in evidence that was collected before they were observed.
    """

    versions: tuple[str, ...]
    ciphers: tuple[str, ...]
    handshakes: Handshakes | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes at a URL that a certificate names: a CRL or the issuer's certificate, unmodified, at most MAX_FETCHED."""

    body: bytes = field(repr=False)


class ImageEvidence(Protocol):
    """The evidence about images from one kind of source. None always means not observed."""

    def tag(self, reference: str) -> Observation[TagSeen] | None:
        """Return the target of a normalised reference (`str(Reference)`)."""
        ...

    def content(self, repository: str, digest: str) -> Observation[Content] | None:
        """Return a document by digest, or the failed answer of `repository` (`host/path`) if the document is not stored."""
        ...

    def blob(self, repository: str, digest: str) -> Observation[BlobSeen] | None:
        """Return whether `repository` has the blob or the manifest of that digest."""
        ...


class RegistryEvidence(ImageEvidence, Protocol):
    """The evidence about images in registries."""

    def observed_blobs(self, repository: str) -> AbstractSet[str]:
        """Return the digests of `repository` that were observed. For all others, `blob` returns None."""
        ...


class Evidence(RegistryEvidence, Protocol):
    """The read side of evidence: all observations."""

    def archives(self) -> Mapping[str, Observation[ArchiveSeen]]:
        """Return the content of each archive, by its path relative to the plan. A missing archive is absent."""
        ...

    def unpacked(self, digest: str) -> Observation[UnpackedSeen] | None:
        """Return what the bytes of a layer state about its unpacked size, from any source."""
        ...

    def all_unpacked(self) -> AllUnpacked:
        """Return every layer with an observed unpacked size at once, because there may be hundreds of thousands."""
        ...

    def chain(self, endpoint: str) -> Observation[ChainSeen] | None:
        """Return the chain that `host:port` served."""
        ...

    def tls_offered(self, endpoint: str) -> Observation[TlsOffered] | None:
        """Return the TLS versions and ciphers that `host:port` accepts."""
        ...

    def fetched(self, url: str) -> Observation[Fetched] | None:
        """Return the content of a URL, spelt as in the certificate that names it."""
        ...

    def tallies(self) -> tuple[Tally, ...]:
        """Return how many observations of each kind there are, by source."""
        ...
