"""What can be wrong with an archive of images, and the error that says it. Light to import: the tar walker needs no more."""

from __future__ import annotations

import enum


class Defect(enum.StrEnum):
    """How an archive contradicts itself, or cannot be read."""

    MISSING = "missing"  # something that the archive refers to is not in it
    SIZE = "size"  # the descriptor says another size than the entry has
    DIGEST = "digest"  # the bytes do not hash to the digest under which they are stored
    MALFORMED = "malformed"  # a document that cannot be understood, or is not what its place says
    ESCAPES = "escapes"  # a name or a link that leads out of the archive, or a link in a circle
    TRUNCATED = "truncated"  # the stream ends before the archive does
    DUPLICATE = "duplicate"  # two entries of one name that differ
    UNSUPPORTED = "unsupported"  # no format that runtimes import: the legacy `repositories` file, a tar inside a tar
    LIMIT = "limit"  # more entries, bytes or expansion than an archive of images has
    MEDIA_TYPE = "media-type"  # a descriptor and what it points at state different media types
    NAMES = "names"  # two annotations give one image names that contradict each other
    LAX = "lax"  # readable, and yet strict readers refuse it: no `oci-layout` file


class Unusable(Exception):
    """Something in an archive that cannot be used: how, and why."""

    def __init__(self, entry: str, defect: Defect, detail: str) -> None:
        super().__init__(detail)
        self.entry = entry
        self.defect = defect
        self.detail = detail
