"""The possible results of a chain at a client, each with the path that was followed."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from auditor.pki.certificate import Certificate
from auditor.pki.path_rules import Flaw


@dataclass(frozen=True, slots=True)
class Path:
    """A path with all its flaws, leaf first. The last certificate is the anchor if there is one."""

    certificates: tuple[Certificate, ...]
    flaws: tuple[Flaw, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the certificates, leaf first."""
        return tuple(certificate.name for certificate in self.certificates)

    @property
    def top(self) -> Certificate:
        """Return the last certificate."""
        return self.certificates[-1]


class TrustGap(enum.StrEnum):
    """What is missing for a decision."""

    NOT_KNOWN_ON_NODE = "not-known-on-node"  # Windows would download the root; whether the node has it is unknown
    PROBABLY_ON_NODE = "probably-on-node"  # a new Windows installation probably contains the root
    FROM_MIRROR = "from-mirror"  # Windows would download the root from an internal mirror, which was not checked
    POOL_UNKNOWN = "pool-unknown"  # the client trusts its own CA, which the plan does not provide
    UNREAD_TRUST = "unread-trust"  # a file of the pool's trust could not be read
    TOO_MANY_PATHS = "too-many-paths"
    UNCONFIRMED = "unconfirmed"  # the facts do not state what the client does with such a certificate


class Distrust(enum.StrEnum):
    """Why a root is not trusted."""

    NOT_GIVEN = "not-given"  # not in the pool's trust, and no OS ships or downloads it
    NOT_ON_NODE = "not-on-node"  # a public root that is missing in a dump of the node
    REFUSED = "refused"  # on Microsoft's list, but not for this use
    BROKEN = "broken"  # the path to it is broken


@dataclass(frozen=True, slots=True)
class Verifies:
    """The client verifies the chain by this path."""

    path: Path


@dataclass(frozen=True, slots=True)
class Incomplete:
    """An intermediate was not served: the issuer of the path's top. `aia_urls` is where a client could download it."""

    path: Path
    missing: str
    aia_urls: tuple[str, ...]
    is_requested: bool


@dataclass(frozen=True, slots=True)
class Untrusted:
    """The chain is complete but leads to `anchor`, which is not trusted. The path includes the anchor if it is known."""

    path: Path
    anchor: str
    why: str
    cause: Distrust = Distrust.NOT_GIVEN


@dataclass(frozen=True, slots=True)
class Invalid:
    """The chain leads to a trusted anchor, but the path has flaws."""

    path: Path


@dataclass(frozen=True, slots=True)
class Unproven:
    """The result cannot be determined. `path.flaws` may show another reason for a failure."""

    path: Path
    gap: TrustGap
    why: str


TrustVerdict = Verifies | Incomplete | Untrusted | Invalid | Unproven
