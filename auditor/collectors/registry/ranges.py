"""A part of a blob: how it is asked for, and whether an answer is that part."""

from __future__ import annotations

import re
from dataclasses import dataclass

from auditor.collectors.registry.failures import Unanswered, plain
from auditor.collectors.registry.sender import Reply
from auditor.evidence.model import Kind
from auditor.text import short

_CONTENT_RANGE = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(\d{1,19}|\*)")


@dataclass(frozen=True, slots=True)
class ByteRange:
    """The bytes of a blob of `size` bytes from `first` to `last`, both included, as the header counts them.

    Both ends are always named: Azure's storage, to which some registries redirect, knows no range that counts from the end.
    """

    first: int
    last: int
    size: int

    @property
    def length(self) -> int:
        """How many bytes it has."""
        return self.last - self.first + 1

    @property
    def header(self) -> str:
        """What to send as Range."""
        return f"bytes={self.first}-{self.last}"


class WholeBlob(Unanswered):
    """A registry that sends the whole blob where a part was asked for."""


def body_of(reply: Reply, part: ByteRange) -> bytes:
    """The part that a good answer brings. Raises Unanswered when it is none, or another."""
    if reply.status == 200:
        if reply.is_cut or (part.first, part.length) != (0, len(reply.body)):
            raise WholeBlob(Kind.UNSUPPORTED, "the registry sends whole blobs where a part is asked for")
        return reply.body
    header = reply.headers.get("content-range", "").strip()
    match = _CONTENT_RANGE.fullmatch(header)
    if match is None:
        raise Unanswered(Kind.MALFORMED, f"a part of a blob without a Content-Range that can be read: {plain(header[:80])!r}")
    if (int(match[1]), int(match[2])) != (part.first, part.last):
        raise Unanswered(Kind.MALFORMED, f"asked for {part.header}, answered with {plain(header[:80])}")
    if match[3] not in {"*", str(part.size)}:
        raise Unanswered(Kind.MALFORMED, f"the blob has {int(match[3]):,} bytes, its manifest says {part.size:,}")
    if reply.is_cut or len(reply.body) != part.length:
        raise Unanswered(Kind.MALFORMED, f"{'more than ' if reply.is_cut else ''}{len(reply.body)} bytes for {part.header}")
    return reply.body


def unsatisfiable(reply: Reply, part: ByteRange) -> Unanswered:
    """What status 416 means: mostly, that the blob is shorter than its manifest says."""
    header = reply.headers.get("content-range", "").strip()
    length = header.removeprefix("bytes */")
    if length != header and length.isdecimal() and length != str(part.size):
        return Unanswered(Kind.MALFORMED, f"the blob has {short(length, 20)} bytes, its manifest says {part.size:,}")
    return Unanswered(Kind.UNSUPPORTED, f"status 416: the registry does not send {part.header}")
