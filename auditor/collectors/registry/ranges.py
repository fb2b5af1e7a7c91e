"""Ranges of a blob: the request header, and the validation of the answer."""

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
    """The bytes of a blob of `size` bytes from `first` to `last`, both included, as in the Range header.

    Both ends are always stated: Azure's storage, to which some registries redirect, does not support ranges from the end.
    """

    first: int
    last: int
    size: int

    @property
    def length(self) -> int:
        """The number of bytes."""
        return self.last - self.first + 1

    @property
    def header(self) -> str:
        """The Range header."""
        return f"bytes={self.first}-{self.last}"


class WholeBlob(Unanswered):
    """The registry sent the whole blob instead of the requested range."""


def body_of(reply: Reply, part: ByteRange) -> bytes:
    """Return the requested range from a successful answer. Raises Unanswered if the answer holds no range,
    or a different one."""
    if reply.status == 200:
        if reply.is_cut or (part.first, part.length) != (0, len(reply.body)):
            raise WholeBlob(Kind.UNSUPPORTED, "the registry ignores Range and sends whole blobs")
        return reply.body
    header = reply.headers.get("content-range", "").strip()
    match = _CONTENT_RANGE.fullmatch(header)
    if match is None:
        raise Unanswered(Kind.MALFORMED, f"the Content-Range of a blob range is missing or unreadable: {plain(header[:80])!r}")
    if (int(match[1]), int(match[2])) != (part.first, part.last):
        raise Unanswered(Kind.MALFORMED, f"requested {part.header}, received {plain(header[:80])}")
    if match[3] not in {"*", str(part.size)}:
        raise Unanswered(Kind.MALFORMED, f"the blob has {int(match[3]):,} bytes, but its manifest states {part.size:,}")
    if reply.is_cut or len(reply.body) != part.length:
        raise Unanswered(Kind.MALFORMED, f"{'more than ' if reply.is_cut else ''}{len(reply.body)} bytes for {part.header}")
    return reply.body


def unsatisfiable(reply: Reply, part: ByteRange) -> Unanswered:
    """Return the meaning of status 416: mostly, the blob is shorter than its manifest states."""
    header = reply.headers.get("content-range", "").strip()
    length = header.removeprefix("bytes */")
    if length != header and length.isdecimal() and length != str(part.size):
        return Unanswered(Kind.MALFORMED, f"the blob has {short(length, 20)} bytes, but its manifest states {part.size:,}")
    return Unanswered(Kind.UNSUPPORTED, f"status 416: the registry does not send {part.header}")
