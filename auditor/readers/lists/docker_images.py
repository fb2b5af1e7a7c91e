"""`docker image ls --format json`: one JSON object per line with Repository, Tag and Digest.

Format: docker/cli, the formatter of images.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from auditor.located import head_matches
from auditor.oci.reference import is_digest
from auditor.readers.lists.source import ListSource
from auditor.readers.model import ListLine

MAX_LINES = 200_000
_NONE = "<none>"


class _Row(msgspec.Struct, rename="pascal"):
    repository: str
    tag: str = _NONE
    digest: str = _NONE
    id: str = msgspec.field(name="ID", default="")


def recognises(data: bytes) -> bool:
    """Detect the format by the keys of the first line."""
    head = data.lstrip()[:4096].split(b"\n", 1)[0]
    return head.startswith(b"{") and head_matches(head, b'"Repository"', b'"Tag"')


def read(source: ListSource, data: bytes) -> Iterator[ListLine]:
    """Yield every image with a tag. An image without a tag is an error, because no node can pull it."""
    lines = data.splitlines()
    for number, line in enumerate(lines[:MAX_LINES], 1):
        if not line.strip():
            continue
        try:
            row = msgspec.json.decode(line, type=_Row)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            yield source.error(line.decode("utf-8", "backslashreplace"), number, 1, f"not a row of `docker image ls`: {error}")
            continue
        if _NONE in {row.repository, row.tag}:
            why = f"the image {row.id[:80]} has no name with a tag, so no node can pull it"
            yield source.unbounded(row.repository, number, 1, why)
            continue
        digest = row.digest if is_digest(row.digest) else ""
        yield source.entry(f"{row.repository}:{row.tag}", number, 1, digest=digest)
    if len(lines) > MAX_LINES:
        yield source.error("…", MAX_LINES + 1, 1, f"the list has more than {MAX_LINES:,} lines")
