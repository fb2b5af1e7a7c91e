"""Files that are certainly not a list: archives, other binaries, UTF-16 and web pages. Each becomes one error line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.readers.lists.source import ListSource
from auditor.readers.model import ListLine

_MAGIC = (
    (b"\x1f\x8b", "a gzip file"),
    (b"\x28\xb5\x2f\xfd", "a zstd file"),
    (b"\xfd7zXZ\x00", "an xz file"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z file"),
    (b"PK\x03\x04", "a zip file"),
    (b"%PDF-", "a PDF"),
    (b"\xff\xfe", "UTF-16 text: save it as UTF-8"),
    (b"\xfe\xff", "UTF-16 text: save it as UTF-8"),
    (b"SQLite format 3\x00", "a database: give evidence with --evidence"),
)
_BZIP2 = re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")  # neither white space nor the escape character of coloured text
_HEAD = 8192


def _kind(data: bytes) -> str:
    head = data[:_HEAD]
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if _BZIP2.match(head):
        return "a bzip2 file"
    if head[257:262] == b"ustar":
        return "a tar archive"
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html", b"<?xml")):
        return "a web page; the download may come from a login page or a proxy"
    # A single control character in a text affects only its line; a file with many is binary.
    return "a binary file" if len(_CONTROL.findall(head)) > max(8, len(head) // 100) else ""


def recognises(data: bytes) -> bool:
    """Return whether the file cannot be a list."""
    return bool(_kind(data))


def read(source: ListSource, data: bytes) -> Iterator[ListLine]:
    """Yield one line that states what the file is."""
    yield source.error(source.whole, 1, 1, f"the file is {_kind(data)}, not an image list")
