"""Whether files could resolve a finding of an audit. Only then are the modules that write the files imported."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from auditor.check import RemedyKind

if TYPE_CHECKING:
    from auditor.fix.reported import Reported
    from auditor.site import Site


def may_resolve(site: Site, findings: Iterable[Reported]) -> bool:
    """Whether files for these findings may exist. False is certain; True is only possible."""
    kinds = {finding.kind for finding in findings if finding.kind is not None}
    return bool(kinds - {RemedyKind.PIN_IN_LIST}) or (RemedyKind.PIN_IN_LIST in kinds and has_digests(site))


def has_digests(site: Site) -> bool:
    """Whether a digest was observed at a source. Without one, no list can be pinned."""
    return site.source is not None and any(image.digest for image in site.source.images.values())
