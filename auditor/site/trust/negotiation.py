"""Whether a client and an endpoint agree on a TLS version, a cipher suite and a key exchange group.

The server chooses the highest version that both support. If they then have no suite or group in common, the handshake fails; no
server falls back to an older version.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass

from auditor.evidence.model import Handshakes
from auditor.pki.client_offers import ClientOffer
from auditor.pki.tls_names import VERSIONS, suite_named
from auditor.text import listed

_SHOWN = 4


class Agreed(enum.Enum):
    """Whether a handshake finds parameters that both sides support."""

    YES = enum.auto()
    NO = enum.auto()
    UNKNOWN = enum.auto()


class Lacking(enum.StrEnum):
    """What the two sides do not have in common."""

    NOTHING = ""
    VERSION = "version"
    SUITE = "cipher suite"
    GROUP = "key exchange group"


@dataclass(frozen=True, slots=True)
class Agreement:
    """The result of a negotiation. `why` is a clause: what the endpoint accepts, and what the client lacks."""

    agreed: Agreed
    lacking: Lacking = Lacking.NOTHING
    why: str = ""
    version: str = ""


AGREED = Agreement(Agreed.YES)


def negotiate(
    offers: Iterable[ClientOffer],
    versions: tuple[str, ...],
    handshakes: Handshakes | None,
    *,
    is_all: bool = True,
    differing: str = "versions of this client",
) -> Agreement:
    """Return the agreement of a client with an endpoint, for all that the client may offer.

    `versions` are those of the endpoint; `is_all`: it supports no others. Without `handshakes`, only versions are compared.
    `differing` names what makes several offers differ.
    """
    found = [_negotiate(offer, versions, handshakes, is_all=is_all) for offer in offers]
    if not found:
        return Agreement(Agreed.UNKNOWN, why="the facts do not state what the client offers")
    if len({(one.agreed, one.lacking) for one in found}) == 1:
        return found[0]
    worst = next(one for one in found if one.agreed is not Agreed.YES)
    why = f"{worst.why}. Other {differing} can connect, and the plan does not state which one runs"
    return Agreement(Agreed.UNKNOWN, worst.lacking, why, worst.version)


def _negotiate(offer: ClientOffer, versions: tuple[str, ...], handshakes: Handshakes | None, *, is_all: bool) -> Agreement:
    common = sorted(set(offer.versions) & set(versions), key=VERSIONS.__getitem__)
    if not common:
        why = f"the endpoint offers only {', '.join(versions)}, and the client supports {' and '.join(offer.versions)}"
        return Agreement(Agreed.NO if is_all else Agreed.UNKNOWN, Lacking.VERSION, _told(why, offer))
    version = common[-1]
    if handshakes is None or not _has(handshakes, version):
        return Agreement(Agreed.YES, version=version)
    if version == "TLSv1.3":
        return _new(offer, handshakes, version)
    return _old(offer, handshakes, version)


def _has(handshakes: Handshakes, version: str) -> bool:
    """Return whether suites of a version were observed."""
    return bool(handshakes.new_suites if version == "TLSv1.3" else handshakes.old_suites)


def _new(offer: ClientOffer, handshakes: Handshakes, version: str) -> Agreement:
    suites = [suite for suite in handshakes.new_suites if suite in offer.new_suites]
    if not suites:
        return _lacking(Lacking.SUITE, handshakes.new_suites, offer, version, is_all=handshakes.all_new_suites)
    if handshakes.new_groups and not set(handshakes.new_groups) & offer.new_groups:
        return _lacking(Lacking.GROUP, handshakes.new_groups, offer, version, is_all=handshakes.all_new_groups)
    return Agreement(Agreed.YES, version=version)


def _old(offer: ClientOffer, handshakes: Handshakes, version: str) -> Agreement:
    suites = [suite for suite in handshakes.old_suites if suite in offer.old_suites]
    if not suites:
        return _lacking(Lacking.SUITE, handshakes.old_suites, offer, version, is_all=handshakes.all_old_suites)
    if (
        all(_uses_group(suite) for suite in suites)
        and handshakes.old_groups
        and not set(handshakes.old_groups) & offer.old_groups
    ):
        return _lacking(Lacking.GROUP, handshakes.old_groups, offer, version, is_all=handshakes.all_old_groups)
    return Agreement(Agreed.YES, version=version)


def _uses_group(name: str) -> bool:
    suite = suite_named(name)
    return suite is not None and suite.exchange == "ECDHE"


def _lacking(lacking: Lacking, accepted: tuple[str, ...], offer: ClientOffer, version: str, *, is_all: bool) -> Agreement:
    shown = listed(accepted, _SHOWN)
    kind = f"{lacking.value}s"
    why = f"with {version}, the endpoint accepts only the {kind} {shown}, and the client offers none of them"
    return Agreement(Agreed.NO if is_all else Agreed.UNKNOWN, lacking, _told(why, offer), version)


def _told(why: str, offer: ClientOffer) -> str:
    return f"{why}, {offer.source}" if offer.source else why
