"""`ctr images ls`: a table of REF, TYPE, DIGEST, SIZE, PLATFORMS and LABELS, also inside a longer report.

Rows with a bare digest, or with `name@digest`, are other names of images that have a row with a tag. Format:
containerd/containerd, cmd/ctr/commands/images.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.oci.platform import InvalidPlatform, Platform, parse_platform
from auditor.oci.reference import is_digest
from auditor.readers.lists.source import ListSource
from auditor.readers.model import ListLine

MAX_LINES = 200_000
_HEADER = re.compile(rb"^REF[ \t]+TYPE[ \t]+DIGEST[ \t]+SIZE[ \t]+PLATFORMS", re.MULTILINE)
_ROW = re.compile(r"(\S+)\s+(application/\S+)\s+(sha256:[0-9a-f]{64})\s+[0-9.]+ ?[KMGT]?i?B\s+(\S+)")


def recognises(data: bytes) -> bool:
    """Detect the format by the table's header."""
    return b"PLATFORMS" in data and _HEADER.search(data) is not None


def read(source: ListSource, data: bytes) -> Iterator[ListLine]:
    """Yield every row with a tag, and rows of digests without a tag. Other text ends the table."""
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "backslashreplace")
    lines = text.splitlines()[:MAX_LINES]
    start = next(number for number, line in enumerate(lines) if _HEADER.match(line.encode()))
    rows = []
    for number, line in enumerate(lines[start + 1 :], start + 2):
        match = _ROW.match(line)
        if match is None:
            if not line.strip():
                continue
            if "application/" in line:
                yield source.error(line, number, 1, "not a row of `ctr images ls`: the table may be truncated")
                continue
            break
        rows.append((number, match))
    tagged = {match[3] for _, match in rows if not is_digest(match[1]) and "@" not in match[1]}
    for number, match in rows:
        if match[3] in tagged and (is_digest(match[1]) or "@" in match[1]):
            continue
        yield _row(source, number, match)


def _row(source: ListSource, number: int, match: re.Match[str]) -> ListLine:
    name, digest = match[1], match[3]
    if is_digest(name):
        return source.unbounded(name, number, 1, "the image has only a digest and no name, so no node can pull it")
    platforms: list[Platform] = []
    for text in match[4].split(","):
        if text.startswith("unknown"):
            continue
        try:
            platforms.append(parse_platform(text))
        except InvalidPlatform as error:
            return source.error(name, number, 1, f"invalid platform {text!r:.80}: {error}")
    return source.entry(name, number, 1, digest="" if "@" in name else digest, platforms=tuple(dict.fromkeys(platforms)))
