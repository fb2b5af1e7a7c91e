"""BASEIMAGE files of kubernetes/kubernetes: one `os/arch[/release]=reference` per line. The key restricts the platform."""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.oci.platform import InvalidPlatform, parse_platform
from auditor.readers.lists.source import ListSource
from auditor.readers.model import ListLine

MAX_LINES = 10_000
_LINE = re.compile(r"(?P<os>linux|windows)/(?P<arch>[a-z0-9]+)(?:/(?P<more>[\w.]+))?=(?P<image>\S+)")


def recognises(data: bytes) -> bool:
    """Detect the format: the first line is such a pair."""
    lines = data[:1024].decode("utf-8", "replace").split("\n")
    return _LINE.fullmatch(lines[0].strip()) is not None


def read(source: ListSource, data: bytes) -> Iterator[ListLine]:
    """Yield every reference for its platform."""

    def line(number: int, column: int, text: str) -> Iterator[ListLine]:
        match = _LINE.fullmatch(text)
        if match is None:
            yield source.error(text, number, column, "not a pair `os/arch=reference`")
            return
        separator = ":" if match["os"] == "windows" else "/"
        name = f"{match['os']}/{match['arch']}{separator + match['more'] if match['more'] else ''}"
        try:
            platform = parse_platform(name)
        except InvalidPlatform as error:
            yield source.error(text, number, column, f"invalid platform {name!r}: {error}")
            return
        yield source.entry(match["image"], number, column + match.start("image"), platforms=(platform,))

    yield from source.each_line(data, MAX_LINES, line)
