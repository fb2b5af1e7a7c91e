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
    lines = data.decode("utf-8", "backslashreplace").splitlines()
    for number, line in enumerate(lines[:MAX_LINES], 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        image, equals, _ = text.partition("=")
        if not equals:
            yield source.error(text, number, 1, "not a pair `source=destination`")
            continue
        yield source.entry(image.removeprefix(_PREFIX), number, line.index(text) + 1)
    if len(lines) > MAX_LINES:
        yield source.error("…", MAX_LINES + 1, 1, f"the list has more than {MAX_LINES:,} lines")
