"""Walk tar headers: ustar, GNU long names, PAX, base-256 sizes. All sizes and counts in headers are bounded.

Python's `tarfile` reads extended headers of any length into memory and does not limit entries, so this module has its own
walker. It reads only headers: `skip_to` decides whether data is skipped or streamed.
"""

from __future__ import annotations

import enum
import re
import zlib
from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple, Protocol

from auditor.oci.defects import Defect, Unusable

BLOCK = 512
MAX_NAME = 4096
MAX_ENTRIES = 200_000
MAX_EXTENSION = 1024 * 1024
_MAX_EXTENSIONS = 8  # before one entry; real writers need two
_ZEROS = bytes(BLOCK)
_ADLER = 65_521
_FIELDS = Struct("100s24x12s12x8sc100s6s82x155s12x")
_RECORD = re.compile(rb"(\d{1,7}) ([^=\n]+)=")


class EntryKind(enum.Enum):
    """The kind of an entry. Devices, sockets and sparse files are `OTHER`: images do not need them."""

    FILE = "file"
    SYMLINK = "symlink"
    HARDLINK = "hardlink"
    FOLDER = "folder"
    OTHER = "other"


_KINDS = {
    b"0": EntryKind.FILE,
    b"\0": EntryKind.FILE,
    b"7": EntryKind.FILE,
    b"1": EntryKind.HARDLINK,
    b"2": EntryKind.SYMLINK,
    b"5": EntryKind.FOLDER,
}
_WITHOUT_DATA = frozenset({b"1", b"2", b"3", b"4", b"5", b"6"})
_EXTENSIONS = frozenset({b"x", b"g", b"L", b"K"})


class TarSource(Protocol):
    """The bytes of an archive, read from start to end."""

    position: int

    def read(self, count: int) -> bytes:
        """Return exactly `count` bytes; fewer only at the end."""
        ...

    def skip_to(self, position: int) -> None:
        """Continue at `position`, which is never behind the current position."""
        ...


class Member(NamedTuple):
    """One entry as its headers describe it. Its data begins at byte `offset`. `why` says that it is damaged or sparse."""

    name: str
    kind: EntryKind
    size: int
    target: str
    offset: int
    defect: Defect | None = None
    why: str = ""


class _Extensions:
    """What extended headers state about the next entry."""

    __slots__ = ("count", "name", "size", "sparse", "target")

    def __init__(self) -> None:
        self.count = 0
        self.name: bytes | None = None
        self.target: bytes | None = None
        self.size: int | None = None
        self.sparse = False


_NONE = _Extensions()


def walk(source: TarSource) -> Iterator[Member]:
    """Yield the entries of a tar. Raises Unusable at the first unreadable header; earlier entries stay valid.

    Before the next entry the caller may read or skip the data of the current one.
    """
    count, extensions = 0, _NONE
    while (block := source.read(BLOCK)) != _ZEROS:
        start = source.position - len(block)
        if len(block) < BLOCK:
            raise _cut_off(start, block)
        simple = _simple(block, source.position) if extensions is _NONE else None
        if simple is not None:
            count += 1
            if count > MAX_ENTRIES:
                raise _too_many()
            yield simple
            source.skip_to(simple.offset + simple.size + -simple.size % BLOCK)
            continue
        name, size_field, checksum, flag, target, magic, prefix = _FIELDS.unpack(block)
        _verify(block, checksum, start)
        size = _number(size_field, start)
        if flag in _EXTENSIONS:
            extensions = _Extensions() if extensions is _NONE else extensions
            _extend(extensions, flag, _extension(source, size, start), start)
            continue
        count += 1
        if count > MAX_ENTRIES:
            raise _too_many()
        if magic == b"ustar\0" and prefix[0]:
            name = _text(prefix) + b"/" + _text(name)
        if flag == b"S":
            _skip_sparse_map(source, block)
        member = _member(name, flag, size, target, source.position, extensions)
        extensions = _NONE
        yield member
        source.skip_to(member.offset + member.size + -member.size % BLOCK)
    if extensions is not _NONE:
        raise Unusable("", Defect.MALFORMED, "the archive ends with an extended header that belongs to no entry")


def _simple(block: bytes, offset: int) -> Member | None:
    """Parse the usual header: a file with a short name. Return None for all other headers and for any anomaly."""
    size, total, end = block[124:135], block[148:154], block.find(0, 0, 100)
    if block[156] != 0x30 or block[345] or end < 1 or block[end - 1] == 0x2F or not (size.isdigit() and total.isdigit()):
        return None
    try:
        count, told = int(size, 8), int(total, 8)
    except ValueError:
        return None
    if zlib.adler32(block) & 0xFFFF != (told + sum(block[148:156]) - 255) % _ADLER:
        return None
    return Member(block[:end].decode("utf-8", "backslashreplace"), EntryKind.FILE, count, "", offset)


def _too_many() -> Unusable:
    return Unusable("", Defect.LIMIT, f"more than {MAX_ENTRIES:,} entries")


def _member(name: bytes, flag: bytes, size: int, target: bytes, offset: int, extensions: _Extensions) -> Member:
    sparse = flag == b"S"
    if extensions is not _NONE:
        name = name if extensions.name is None else extensions.name
        target = target if extensions.target is None else extensions.target
        size = size if extensions.size is None else extensions.size
        sparse = sparse or extensions.sparse
    text = _text(name).decode("utf-8", "backslashreplace")
    kind = _KINDS.get(flag, EntryKind.OTHER)
    if flag in _WITHOUT_DATA:
        size = 0
    if len(text) > MAX_NAME:
        return Member(text[:MAX_NAME], EntryKind.OTHER, size, "", offset, Defect.LIMIT, f"a name of {len(text):,} characters")
    if sparse:
        return Member(text, EntryKind.OTHER, size, "", offset, Defect.UNSUPPORTED, "is stored as a sparse file")
    if kind is EntryKind.FILE:
        return Member(text, EntryKind.FOLDER if text.endswith("/") else kind, size, "", offset)
    return Member(text, kind, size, _text(target).decode("utf-8", "backslashreplace"), offset)


def _text(field: bytes) -> bytes:
    """Return a field up to its first NUL."""
    end = field.find(0)
    return field if end < 0 else field[:end]


def _number(field: bytes, start: int) -> int:
    """Parse a size: octal digits, or base-256 if the first bit is set."""
    if field[0] & 0x80:
        value = int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
        if field[0] & 0x40 or value >= 1 << 62:
            raise Unusable("", Defect.MALFORMED, f"the header at byte {start:,} states an impossible file size")
        return value
    digits = field.strip(b"\0 ")
    value = _octal(digits) if digits else 0
    if value < 0:
        raise Unusable("", Defect.MALFORMED, f"the header at byte {start:,} has no size")
    return value


def _octal(digits: bytes) -> int:
    """Return the number, or -1. Python's `int` would also accept signs, underscores and `0o`."""
    try:
        return int(digits, 8) if digits.isdigit() else -1
    except ValueError:
        return -1


def _verify(block: bytes, field: bytes, start: int) -> None:
    """Verify the checksum, which counts its own field as spaces. The lower half of Adler-32 is that sum, computed in C."""
    digits = field.strip(b"\0 ")
    told = _octal(digits)
    # Damage that shifts the sum by exactly 65,521 would have to change half of the header.
    if zlib.adler32(block) & 0xFFFF == (told + sum(field) - 255) % _ADLER:
        return
    if told == sum(value - 256 if value > 127 else value for value in block[:148] + block[156:]) + 256:
        return
    what = "is not a tar header" if start == 0 else "is not a tar header: damaged, or the size of the entry before is wrong"
    raise Unusable("", Defect.MALFORMED, f"the block at byte {start:,} {what}")


def _cut_off(start: int, block: bytes) -> Unusable:
    if start == 0:
        what = "is empty" if not block else "is shorter than any archive"
        return Unusable("", Defect.MALFORMED, what)
    return Unusable("", Defect.TRUNCATED, f"ends after {start + len(block):,} bytes, before the end of the archive")


def _extension(source: TarSource, size: int, start: int) -> bytes:
    if size > MAX_EXTENSION:
        raise Unusable(
            "", Defect.LIMIT, f"the extended header at byte {start:,} has {size:,} bytes, more than {MAX_EXTENSION:,}"
        )
    body = source.read(size + -size % BLOCK)
    if len(body) < size:
        raise _cut_off(start, body)
    return body[:size]


def _extend(extensions: _Extensions, flag: bytes, body: bytes, start: int) -> None:
    extensions.count += 1
    if extensions.count > _MAX_EXTENSIONS:
        raise Unusable("", Defect.LIMIT, f"more than {_MAX_EXTENSIONS} extended headers in a row before byte {start:,}")
    if flag == b"L":
        extensions.name = _text(body)
    elif flag == b"K":
        extensions.target = _text(body)
    else:
        _records(extensions, body, start, everywhere=flag == b"g")


def _records(extensions: _Extensions, body: bytes, start: int, *, everywhere: bool) -> None:
    """Parse PAX records: `LENGTH KEY=VALUE` and a line feed, where LENGTH counts the whole record."""
    place = 0
    while place < len(body) and body[place]:
        match = _RECORD.match(body, place)
        end = place + int(match[1]) if match else 0
        if match is None or not match.end() < end <= len(body) or body[end - 1] != 0x0A:
            raise Unusable("", Defect.MALFORMED, f"the extended header at byte {start:,} has a broken record")
        _record(extensions, match[2], body[match.end() : end - 1], start, everywhere=everywhere)
        place = end


def _record(extensions: _Extensions, key: bytes, value: bytes, start: int, *, everywhere: bool) -> None:
    if key not in {b"path", b"linkpath", b"size"} and not key.startswith(b"GNU.sparse."):
        return
    if everywhere:
        raise Unusable("", Defect.MALFORMED, f"the global header at byte {start:,} sets {key.decode()} for every entry")
    if key == b"path":
        extensions.name = value
    elif key == b"linkpath":
        extensions.target = value
    elif key == b"size":
        if not value.isdigit() or len(value) > 18:
            raise Unusable("", Defect.MALFORMED, f"the extended header at byte {start:,} states an impossible file size")
        extensions.size = int(value)
    else:
        extensions.sparse = True


def _skip_sparse_map(source: TarSource, block: bytes) -> None:
    """Skip the extra blocks of GNU's old sparse format between header and data; each block says whether another follows."""
    more, left = block[482], MAX_EXTENSION // BLOCK
    while more and left:
        block = source.read(BLOCK)
        more, left = block[504] if len(block) == BLOCK else 0, left - 1


def is_header(block: bytes) -> bool:
    """Return whether a block is a tar header, by its checksum."""
    if len(block) < BLOCK or block == _ZEROS:
        return False
    try:
        _verify(block, block[148:156], 0)
    except Unusable:
        return False
    return True
