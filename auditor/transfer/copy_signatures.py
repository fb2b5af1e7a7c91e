"""What a copy carries of an image's signatures, on its way to the internal registry."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Literal

from auditor.facts import remembered, table
from auditor.transfer.copy_options import options_for
from auditor.transfer.hops import REGISTRY, Hop, HopRow, Unpredicted, row_for

Carried = Literal["kept", "left", "unknown"]
Part = Literal["sig", "att", "referrer"]


class CopySignatures(HopRow, frozen=True, kw_only=True):
    """What one hop carries: cosign's tags `sig` and `att`, and referrers. `unless` names what may change the result.

    `is_advised` is False for an option that does more than to copy the signature.
    """

    sig: Carried
    att: Carried
    referrer: Carried
    why: str = ""
    unless: str = ""
    is_advised: bool = True

    def carries(self, part: Part) -> Carried:
        """Return what becomes of one form of a signature."""
        return {"sig": self.sig, "att": self.att, "referrer": self.referrer}[part]


@dataclass(frozen=True, slots=True)
class SignatureFate:
    """Whether a signature arrives, and the row of the deciding hop."""

    is_carried: bool
    row: CopySignatures
    hop: Hop


def _said(row: CopySignatures) -> Hashable:
    return row.sig, row.att, row.referrer


@remembered
def signature_row(hop: Hop) -> CopySignatures | Unpredicted:
    """Return the row for one hop."""
    rows: tuple[CopySignatures, ...] = table("copy_signatures", CopySignatures)
    return row_for(rows, hop, _said)


def signature_fate(way: tuple[Hop, ...], part: Part) -> SignatureFate | Unpredicted:
    """Return what becomes of one form of a signature over all hops. What one hop does not copy does not arrive."""
    found: SignatureFate | None = None
    for hop in way:
        row = signature_row(hop)
        if isinstance(row, Unpredicted):
            return row
        carried = row.carries(part)
        if carried == "unknown":
            return Unpredicted(f"it is unknown whether {hop} copies signatures: {row.why or row.source}")
        found = SignatureFate(carried == "kept", row, hop)
        if not found.is_carried:
            return found
    assert found is not None  # noqa: S101 - a way has a hop
    return found


def fate_over(ways: Iterable[tuple[Hop, ...]], parts: Iterable[Part]) -> SignatureFate | Unpredicted:
    """Return what becomes of a signature that exists in these forms: one form that arrives on every route is enough."""
    lost: SignatureFate | Unpredicted | None = None
    routes = tuple(ways)
    for part in parts:
        fates = [signature_fate(way, part) for way in routes]
        if fates and all(isinstance(fate, SignatureFate) and fate.is_carried for fate in fates):
            return fates[0]
        unclear = next((fate for fate in fates if isinstance(fate, Unpredicted)), None)
        lost = (
            unclear or lost or next((fate for fate in fates if isinstance(fate, SignatureFate) and not fate.is_carried), None)
        )
    return lost or Unpredicted("the route of the copy is unknown", missing=True)


@remembered
def carrying_option(tool: str, version: str, part: Part) -> str | None:
    """Return the option with which a tool copies such signatures between registries; empty if it does so by default.

    None: it has no such option.
    """
    rows: tuple[CopySignatures, ...] = table("copy_signatures", CopySignatures)
    for row in rows:
        if row.tool != tool or row.carries(part) != "kept" or not row.is_advised:
            continue
        for option in row.given or ("",):
            hop = (
                Hop(tool, version, REGISTRY, REGISTRY, options_for(option))
                if option
                else Hop(tool, version, REGISTRY, REGISTRY)
            )
            if signature_row(hop) is row:
                return option
    return None
