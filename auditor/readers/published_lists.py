"""The image list of a release, as its project publishes or prints it: `cluster.images` of a plan.

In addition to every image-list format, it reads formats that only releases have: `oc adm release info --pullspecs`, and the
JSON of `oc adm release info` and of `kubeadm config images list`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from auditor.oci.platform import Platform
from auditor.readers.lists import ListSource, read_list
from auditor.readers.model import ListLine

_PULLSPEC = re.compile(rb"^[ \t]+([\w.-]{1,200})[ \t]+(\S{1,1000}@sha256:[0-9a-f]{64})[ \t]*\r?$", re.MULTILINE)
_PULLSPECS_HEAD = re.compile(rb"^(?:Images:|Pull From:)", re.MULTILINE)
_HTML = re.compile(rb"\s{0,100}<(?:!doctype|html)\b", re.IGNORECASE)
_NOT_FOUND = (b"Not Found", b"404: Not Found")
MAX_LINES = 20_000
MAX_APART = 100_000  # bytes between an image in the JSON and the next one


class _From(msgspec.Struct):
    name: str = ""


class _Tag(msgspec.Struct):
    name: str = ""
    from_: _From = msgspec.field(name="from", default_factory=_From)


class _Spec(msgspec.Struct):
    tags: tuple[_Tag, ...] = ()


class _References(msgspec.Struct):
    spec: _Spec = msgspec.field(default_factory=_Spec)


class _Printed(msgspec.Struct):
    """The image fields in the output of `oc adm release info -o json` and `kubeadm config images list -o json`."""

    images: tuple[str, ...] = ()
    references: _References = msgspec.field(default_factory=_References)


@dataclass(frozen=True, slots=True)
class ReleaseEntry:
    """One image of a release, and the OS whose nodes pull it."""

    line: ListLine
    os: str


def read_release_list(source: ListSource, data: bytes) -> tuple[ReleaseEntry, ...]:
    """Return every entry of the list, in order. Text that is not an image is an entry with an error: nothing is lost."""
    lines = tuple(_lines(source, data))
    windows = "windows" in source.whole.rpartition("/")[2].lower()
    return tuple(ReleaseEntry(line, os) for line in lines for os in _systems(line, windows=windows))


def _systems(line: ListLine, *, windows: bool) -> tuple[str, ...]:
    if line.platforms:
        return tuple(dict.fromkeys(_os(platform) for platform in line.platforms))
    return ("windows",) if windows or "windows" in line.text.rpartition("/")[2].lower() else ("linux",)


def _os(platform: Platform) -> str:
    return platform.os


def _lines(source: ListSource, data: bytes) -> Iterator[ListLine]:
    if _HTML.match(data) is not None or data.strip() in _NOT_FOUND:
        yield source.error(source.whole, 1, 1, "the download is an error page, not an image list")
    elif _PULLSPECS_HEAD.search(data) is not None and (found := tuple(_pullspecs(source, data))):
        yield from found
    elif data.lstrip()[:1] == b"{" and (printed := tuple(_printed(source, data))):
        yield from printed
    else:
        yield from read_list(source, data)


class _Places:
    """Line and column of offsets that only grow, so that a long file is counted once."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at, self._line = data, 0, 1

    def of(self, at: int) -> tuple[int, int]:
        """Return line and column of an offset that is not before the last one."""
        self._line += self._data.count(b"\n", self._at, at)
        self._at = at
        return self._line, at - self._data.rfind(b"\n", 0, at)


def _pullspecs(source: ListSource, data: bytes) -> Iterator[ListLine]:
    places = _Places(data)
    for count, match in enumerate(_PULLSPEC.finditer(data)):
        line, column = places.of(match.start(2))
        if count == MAX_LINES:
            yield source.error("…", line, 1, f"the list has more than {MAX_LINES:,} images")
            return
        yield source.entry(match[2].decode("utf-8", "backslashreplace"), line, column)


def _printed(source: ListSource, data: bytes) -> Iterator[ListLine]:
    try:
        printed = msgspec.json.decode(data, type=_Printed)
    except msgspec.MsgspecError:
        return
    places, at = _Places(data), 0
    texts = (*printed.images, *(tag.from_.name for tag in printed.references.spec.tags))
    for text in texts[:MAX_LINES]:
        found = data.find(text.encode(), at, at + MAX_APART)
        at = max(at, found)  # a text with escapes keeps the place of the one before
        yield source.entry(text, *places.of(at))
    if len(texts) > MAX_LINES:
        yield source.error("…", *places.of(at), f"the list has more than {MAX_LINES:,} images")
