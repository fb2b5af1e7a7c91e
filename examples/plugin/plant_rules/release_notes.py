"""An importer for the plant's release notes: every line `IMAGE: reference` counts, all other text does not."""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.readers.lists import ListSource
from auditor.readers.model import ListLine

_TITLE = b"# Release notes of the plant"
_IMAGE = re.compile(r"^IMAGE:\s*(\S+)")


def recognises(data: bytes) -> bool:
    """By its title."""
    return data.startswith(_TITLE)


def read(source: ListSource, data: bytes) -> Iterator[ListLine]:
    """Every image with its line and column."""
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), start=1):
        if found := _IMAGE.match(line):
            yield source.entry(found[1], number, found.start(1) + 1)
