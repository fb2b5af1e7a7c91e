"""Sources of `skopeo sync`, and the same format in mindthegap: registries, their repositories, and tags.

An empty list of tags means all tags, and a pattern means those that match. The file enumerates neither. Format: skopeo-sync(1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.located import Marked
from auditor.oci.reference import is_digest
from auditor.readers.lists.documents import read_documents
from auditor.readers.lists.source import ListSource
from auditor.readers.model import ListLine

_PATTERNS = ("images-by-tag-regex", "images-by-semver")
_HOST = re.compile(rb"[\"']?[a-z0-9][a-z0-9.-]*+(?::[0-9]++)?[\"']?:(?:[ \t]|$)")
_KEYS = tuple(key.encode() for key in ("images", *_PATTERNS))
_MOST_LINES = 50  # between a registry and its key
_HEAD = 64 * 1024


def recognises(data: bytes) -> bool:
    """Detect the format: a registry host in column 1 with `images` below it."""
    head = data[:_HEAD]
    return b"images" in head and not re.search(rb"^(?:apiVersion|kind|version)[ \t]*:", head, re.MULTILINE) and _has_shape(head)


def _has_shape(head: bytes) -> bool:
    """Return whether a key in column 1 could be a registry, with a key of skopeo below it."""
    left = 0
    for line in head.splitlines():
        key = line.strip().partition(b":")[0].strip(b"\"' ")
        if line[:1].strip() and not line.startswith(b"#"):
            left = _MOST_LINES if _HOST.match(line) and not _behind_key(line) else 0
        elif left and line[:1] in {b" ", b"\t"} and key in _KEYS and b":" in line:
            return True
        else:
            left -= left > 0
    return False


def _behind_key(line: bytes) -> bytes:
    """Return the text after the last colon of a key in column 1, without comments."""
    return line.partition(b" #")[0].rstrip().rpartition(b":")[2].strip()


def read(source: ListSource, data: bytes) -> Iterator[ListLine]:
    """Yield every repository with its tags."""
    return read_documents(source, data, _document)


def _document(source: ListSource, document: Marked) -> Iterator[ListLine]:
    for registry, part in document.items():
        images = part.get("images")
        for repository, tags in images.items() if images is not None else ():
            yield from _repository(source, f"{registry}/{repository}", tags)
        for key in _PATTERNS:
            patterns = part.get(key)
            for repository, pattern in patterns.items() if patterns is not None else ():
                name = f"{registry}/{repository}"
                why = f"the file does not list the tags of {name} that match {pattern.text!r:.80}: list them"
                yield source.unbounded(name, pattern.line, pattern.column, why)


def _repository(source: ListSource, name: str, tags: Marked) -> Iterator[ListLine]:
    if not tags.list:
        why = f"no tags are listed, which means every tag of {name}: list the needed ones"
        yield source.unbounded(name, tags.line, tags.column, why)
    for tag in tags.list:
        yield source.entry(f"{name}{'@' if is_digest(tag.text) else ':'}{tag.text}", tag.line, tag.column)
