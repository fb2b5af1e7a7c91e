"""The referrers of a manifest, as a registry lists them: pages of an index, joined and reduced.

OCI distribution specification v1.1.1, "Listing Referrers" and "Referrers Tag Schema".
"""

from __future__ import annotations

import json
import re
from typing import Final

import httpx
import msgspec

from auditor.collectors.registry.answers import media_type_of
from auditor.collectors.registry.failures import Unanswered
from auditor.collectors.registry.sender import Reply
from auditor.evidence.causes import Cause
from auditor.evidence.model import Kind
from auditor.oci.media_types import OCI_INDEX
from auditor.oci.reference import is_digest

MAX_PAGES: Final = 100
MAX_PAGE: Final = 8 * 1024 * 1024  # bytes of one page
MAX_ENTRIES: Final = 200_000
_MAX_TYPES: Final = 256
_MAX_TEXT: Final = 256
_NEXT: Final = re.compile(r'<([^<>"\s]{1,2048})>[^,]{0,200}rel="?next')


class _Entry(msgspec.Struct, frozen=True, rename="camel"):
    digest: str
    size: int = 0
    media_type: str = ""
    artifact_type: str | None = None


class _Page(msgspec.Struct, frozen=True):
    manifests: tuple[_Entry, ...] | None = None


class JoinedReferrers:
    """The entries of all pages, reduced to the first valid one of each artifact type."""

    def __init__(self) -> None:
        self._kept: dict[str, _Entry] = {}
        self._count = 0

    def add(self, reply: Reply) -> None:
        """Add a page. Raises Unanswered if it is not an index, or too large."""
        if reply.is_cut:
            raise Unanswered(Kind.UNSUPPORTED, f"the list of referrers is larger than {MAX_PAGE // 1024 // 1024} MiB")
        stated = media_type_of(reply)
        if stated == "text/html" or reply.body.lstrip()[:1] == b"<":
            raise Unanswered(Kind.MALFORMED, "HTML where an index of referrers was expected", Cause.WEB_PAGE)
        self.add_index(reply.body)

    def add_index(self, body: bytes) -> None:
        """Add the entries of an index. Raises Unanswered if it is not one."""
        try:
            page = msgspec.json.decode(body, type=_Page)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Unanswered(Kind.MALFORMED, f"the list of referrers is not an index: {error}"[:300]) from None
        for entry in page.manifests or ():
            self._count += 1
            if self._count > MAX_ENTRIES:
                raise Unanswered(Kind.UNSUPPORTED, f"the manifest has more than {MAX_ENTRIES:,} referrers")
            kind = (entry.artifact_type or "")[:_MAX_TEXT]
            if is_digest(entry.digest) and entry.size >= 0 and kind not in self._kept and len(self._kept) < _MAX_TYPES:
                self._kept[kind] = entry

    def document(self) -> bytes:
        """Return the index of the kept entries."""
        manifests = [
            {"mediaType": one.media_type[:_MAX_TEXT], "digest": one.digest, "size": one.size, "artifactType": kind}
            for kind, one in self._kept.items()
        ]
        return json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}).encode()


def next_page(reply: Reply, path: str, digest: str) -> str:
    """Return the target of the next page: the digest with a query; empty for the last page.

    A link must lead to the same list on the same host. Raises Unanswered for any other link.
    """
    found = _NEXT.search(reply.headers.get("link", "")[:4096])
    if found is None:
        return ""
    try:
        url = reply.url.join(found[1])
    except (httpx.InvalidURL, ValueError):
        url = httpx.URL("")
    base, here = f"/v2/{path}/referrers/{digest}", reply.url
    if (url.scheme, url.netloc) != (here.scheme, here.netloc) or not url.path.endswith(base) or url.query in {b"", here.query}:
        raise Unanswered(Kind.MALFORMED, "the next page of the list of referrers is not at the registry's own address")
    return f"{digest}?{url.query.decode('ascii', 'replace')}"
