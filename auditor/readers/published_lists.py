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


def _pullspecs(source: ListSource, data: bytes) -> Iterator[ListLine]:
    for match in _PULLSPEC.finditer(data):
        number = data.count(b"\n", 0, match.start()) + 1
        if number > MAX_LINES:
            yield source.error("…", number, 1, f"the list has more than {MAX_LINES:,} lines")
            return
        yield source.entry(match[2].decode("utf-8", "backslashreplace"), number, match.start(2) - match.start() + 1)


def _printed(source: ListSource, data: bytes) -> Iterator[ListLine]:
    try:
        printed = msgspec.json.decode(data, type=_Printed)
    except msgspec.MsgspecError:
        return
    for text in (*printed.images, *(tag.from_.name for tag in printed.references.spec.tags)):
        at = data.find(text.encode())
        number = data.count(b"\n", 0, max(at, 0)) + 1
        yield source.entry(text, number, at - data.rfind(b"\n", 0, max(at, 0)))
