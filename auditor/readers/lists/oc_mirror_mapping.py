"""`mapping.txt` and `missing.txt` of oc-mirror: `source=destination`, one a line. The source is what is needed.

Format: openshift/oc-mirror, `--dry-run`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.readers.lists.source import ListSource
from auditor.readers.model import ListLine

MAX_LINES = 200_000
_PREFIX = "docker://"
_LINE = re.compile(rb"^(?:docker://)?[\w.:-]+/[^\s=]+=(?:docker://|oci://|file://)?[\w.:-]+/[^\s=]+[ \t]*\r?$")
_HEAD = 8192


def recognises(data: bytes) -> bool:
    """When the first lines that say anything all are pairs of images."""
    lines = [line for line in data[:_HEAD].split(b"\n")[:20] if line.strip() and not line.lstrip().startswith(b"#")]
    if len(data) > _HEAD and len(lines) > 1:
        lines.pop()  # it may be cut off
    return bool(lines) and all(_LINE.match(line) for line in lines)


def read(source: ListSource, data: bytes) -> Iterator[ListLine]:
    """Every source image; a line that is no pair is an error."""
    lines = data.decode("utf-8", "backslashreplace").splitlines()
    for number, line in enumerate(lines[:MAX_LINES], 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        image, equals, _ = text.partition("=")
        if not equals:
            yield source.error(text, number, 1, "no pair `source=destination`")
            continue
        yield source.entry(image.removeprefix(_PREFIX), number, line.index(text) + 1)
    if len(lines) > MAX_LINES:
        yield source.error("…", MAX_LINES + 1, 1, f"the list has more than {MAX_LINES:,} lines")
