"""An importer for the plant's release notes: every line `IMAGE: reference` is an entry, other text is ignored."""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.readers.lists import ListSource
from auditor.readers.model import ListLine

_TITLE = b"# Release notes of the plant"
_IMAGE = re.compile(r"^IMAGE:\s*(\S+)")


def recognises(data: bytes) -> bool:
    """Recognise the file by its title."""
    return data.startswith(_TITLE)


def read(source: ListSource, data: bytes) -> Iterator[ListLine]:
    """Yield every image with its line and column."""
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), start=1):
        if found := _IMAGE.match(line):
            yield source.entry(found[1], number, found.start(1) + 1)
