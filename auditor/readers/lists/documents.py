"""Shared code of importers for YAML and JSON files: detect a format by its first keys, and read every document."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from auditor.located import Marked, NotStructured, load_marked
from auditor.oci.platform import InvalidPlatform, Platform, parse_platform
from auditor.readers.lists.source import ListSource
from auditor.readers.model import ListLine

_HEAD = 1024
Reader = Callable[[ListSource, Marked], Iterator[ListLine]]

_SPECIAL = re.compile(r"[\\\[(?]")


def says(data: bytes, key: str, value: str) -> bool:
    """Return whether a top-level key of a YAML document begins with `value`, a pattern; in JSON, a key at a small indentation.

    YAML counts only at column 1: nested keys of Kubernetes objects must not look like the format of a list.
    """
    literal = _SPECIAL.split(value)[0].encode()  # fast to find, and most files do not have it
    if literal not in data:
        return False
    is_json = data[:_HEAD].removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in {b"{", b"["}
    indent = r"[ \t]{0,8}" if is_json else ""
    pattern = rf"^{indent}[\"']?{key}[\"']?[ \t]*:[ \t]*[\"']?{value}".encode()
    return re.search(pattern, data, re.MULTILINE) is not None


def read_documents(source: ListSource, data: bytes, read: Reader) -> Iterator[ListLine]:
    """Yield the result of `read` for every document. Unparsable data is one line with an error."""
    try:
        documents = load_marked(data)
    except NotStructured as error:
        yield source.error(source.whole, error.line, error.column, str(error))
        return
    for document in documents:
        yield from read(source, document)


def entry(source: ListSource, at: Marked | None, parent: Marked, **more: str) -> ListLine:
    """Return a line for the reference at a location, or an error if it is missing."""
    if at is None or not at.text.strip():
        return source.error("", parent.line, parent.column, "an entry without an image")
    platform = more.pop("platform", "")
    platforms: tuple[Platform, ...] = ()
    if platform:
        try:
            platforms = (parse_platform(platform),)
        except InvalidPlatform as error:
            return source.error(at.text, at.line, at.column, f"invalid platform {platform!r:.80}: {error}")
    return source.entry(more.get("text", at.text), at.line, at.column, digest=more.get("digest", ""), platforms=platforms)
