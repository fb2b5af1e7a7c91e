"""What a registry does with a manifest that has `urls` when it is pushed."""

from __future__ import annotations

from functools import cache
from typing import Literal

from auditor.facts import table
from auditor.facts.versions import Versioned
from auditor.transfer.hops import Unpredicted


class RegistryUrls(Versioned, frozen=True, kw_only=True):
    """Whether a kind of registry takes such manifests, and of which media types it need not have the blob."""

    registry: str
    urls: Literal["accepted", "configured", "unknown"]
    symptom: str
    aliases: tuple[str, ...] = ()
    without_blob: tuple[str, ...] | None = None
    confirmed: bool = False

    def takes_without_blob(self, media_type: str) -> bool | None:
        """Whether a manifest is taken although its layer of this media type is not there; None when nobody knows."""
        if self.without_blob is None:
            return None
        return any(
            media_type.startswith(known[:-1]) if known.endswith("*") else media_type == known for known in self.without_blob
        )


@cache
def registry_row(kind: str, version: str) -> RegistryUrls | Unpredicted:
    """The row for a registry; a version that is not given fits every row."""
    rows: tuple[RegistryUrls, ...] = table("registry_urls", RegistryUrls)
    own = [row for row in rows if kind == row.registry or kind in row.aliases]
    if not own:
        return Unpredicted(f"the facts do not know {kind} as a registry")
    fitting = [row for row in own if row.may_cover(version)]
    if not fitting:
        return Unpredicted(f"the facts do not say what {kind} {version} does with `urls`")
    if fitting[0].urls == "unknown":
        return Unpredicted(f"the facts do not say whether {kind} takes manifests with `urls` ({fitting[0].source})")
    return fitting[0]
