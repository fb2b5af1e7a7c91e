"""`mapping.txt` and `missing.txt` of oc-mirror: one `source=destination` per line. The source is the needed image.

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
    """Detect the format: the first non-empty lines are all pairs of images."""
    lines = [line for line in data[:_HEAD].split(b"\n")[:20] if line.strip() and not line.lstrip().startswith(b"#")]
    if len(data) > _HEAD and len(lines) > 1:
        lines.pop()  # the last line may be truncated
    return bool(lines) and all(_LINE.match(line) for line in lines)


def read(source: ListSource, data: bytes) -> Iterator[ListLine]:
    """Yield every source image; a line that is not a pair is an error."""

    def line(number: int, column: int, text: str) -> Iterator[ListLine]:
        image, equals, _ = text.partition("=")
        if equals:
            yield source.entry(image.removeprefix(_PREFIX), number, column)
        else:
            yield source.error(text, number, column, "not a pair `source=destination`")

    yield from source.each_line(data, MAX_LINES, line)
