"""What can become of a chain at a client: the closed set of verdicts, each with the path that was followed."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from auditor.pki.certificate import Certificate
from auditor.pki.rules import Flaw


@dataclass(frozen=True, slots=True)
class Path:
    """A way with everything that is wrong with it. Leaf first; the last one is the anchor where there is one."""

    certificates: tuple[Certificate, ...]
    flaws: tuple[Flaw, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The certificates by name, leaf first."""
        return tuple(certificate.name for certificate in self.certificates)

    @property
    def top(self) -> Certificate:
        """The last certificate."""
        return self.certificates[-1]


class Gap(enum.StrEnum):
    """What is missing to decide."""

    NOT_KNOWN_ON_NODE = "not-known-on-node"  # Windows would download the root; nobody knows whether the node has it
    PROBABLY_ON_NODE = "probably-on-node"  # a fresh Windows probably brings the root
    FROM_MIRROR = "from-mirror"  # Windows would fetch the root from a mirror inside; nobody asked the mirror
    POOL_UNKNOWN = "pool-unknown"  # the client trusts a CA of its own, which the plan does not give
    UNREAD_TRUST = "unread-trust"  # a file of the pool's trust could not be read
    TOO_MANY_PATHS = "too-many-paths"


class Distrust(enum.StrEnum):
    """Why a root is not trusted."""

    NOT_GIVEN = "not-given"  # nothing gives it to the nodes, and no OS brings or fetches it
    NOT_ON_NODE = "not-on-node"  # a public root that a dump of the node does not have
    REFUSED = "refused"  # Microsoft's list has it, and not for this
    BROKEN = "broken"  # the way to it breaks off


@dataclass(frozen=True, slots=True)
class Verifies:
    """The client verifies it by this path."""

    path: Path


@dataclass(frozen=True, slots=True)
class Incomplete:
    """An intermediate was not served: the issuer of the path's top. `aia_urls` is where it could be fetched."""

    path: Path
    missing: str
    aia_urls: tuple[str, ...]
    would_dial: bool


@dataclass(frozen=True, slots=True)
class Untrusted:
    """The chain is whole and leads to `anchor`, which is not trusted. The path ends with it where the audit has it."""

    path: Path
    anchor: str
    why: str
    cause: Distrust = Distrust.NOT_GIVEN


@dataclass(frozen=True, slots=True)
class Invalid:
    """The chain leads to a trusted anchor, and the path has flaws."""

    path: Path


@dataclass(frozen=True, slots=True)
class Unproven:
    """It cannot be told. `path.flaws` may still say that it fails for another reason."""

    path: Path
    gap: Gap
    why: str


TrustVerdict = Verifies | Incomplete | Untrusted | Invalid | Unproven
