"""Defects of image archives, and the exception that reports one. Kept small, because the tar walker imports nothing else."""

from __future__ import annotations

import enum


class Defect(enum.StrEnum):
    """How an archive contradicts itself, or why it cannot be read."""

    MISSING = "missing"  # an entry that the archive refers to is missing
    SIZE = "size"  # the entry's size differs from its descriptor
    DIGEST = "digest"  # the bytes do not hash to the digest in the entry's name
    MALFORMED = "malformed"  # a document cannot be parsed, or has the wrong type for its location
    ESCAPES = "escapes"  # a name or link points outside the archive, or links form a loop
    TRUNCATED = "truncated"  # the stream ends before the end of the archive
    DUPLICATE = "duplicate"  # two different entries have the same name
    UNSUPPORTED = "unsupported"  # runtimes do not import the format: the legacy `repositories` file, a tar inside a tar
    LIMIT = "limit"  # more entries, bytes or expansion than the reader allows
    MEDIA_TYPE = "media-type"  # a descriptor and its target state different media types
    NAMES = "names"  # two annotations give one image contradictory names
    LAX = "lax"  # readable, but strict readers reject it: no `oci-layout` file


class Unusable(Exception):
    """An archive entry that cannot be used, with the defect and the reason."""

    def __init__(self, entry: str, defect: Defect, detail: str) -> None:
        super().__init__(detail)
        self.entry = entry
        self.defect = defect
        self.detail = detail
