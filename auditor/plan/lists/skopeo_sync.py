"""Sources of `skopeo sync`, and the same shape in mindthegap: registries, their repositories, and tags.

An empty list of tags means all of them, and a pattern means those that match: neither can be told from the file. Format:
skopeo-sync(1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.oci.reference import is_digest
from auditor.plan.lists.documents import read_documents
from auditor.plan.lists.source import ListSource
from auditor.plan.marked import Marked
from auditor.plan.model import ListLine

_PATTERNS = ("images-by-tag-regex", "images-by-semver")
_REGISTRY = re.compile(rb"[\"']?[a-z0-9][a-z0-9.-]*+(?::[0-9]++)?[\"']?:[ \t]*+(?:#.*)?")
_IMAGES = re.compile(rb"[ \t]++[\"']?images(?:-by-tag-regex|-by-semver)?[\"']?[ \t]*+:")
_HEAD = 64 * 1024
_MOST_LINES = 50  # between a registry and its images


def recognises(data: bytes) -> bool:
    """A registry host at the margin with `images` below it."""
    head = data[:_HEAD]
    return (
        b"images" in head
        and not re.search(rb"^(?:apiVersion|kind|version)[ \t]*:", head, re.MULTILINE)
        and _has_registry_with_images(head)
    )


def _has_registry_with_images(head: bytes) -> bool:
    left = 0
    for line in head.splitlines():
        if left and _IMAGES.match(line):
            return True
        is_below = line[:1] in {b" ", b"\t", b"#", b""}
        if not is_below:
            left = _MOST_LINES if _REGISTRY.fullmatch(line) else 0
        elif left:
            left -= 1
    return False


def read(source: ListSource, data: bytes) -> Iterator[ListLine]:
    """Every repository with its tags."""
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
                why = f"which tags of {name} match {pattern.text!r:.80} is not in the file: list them"
                yield source.unbounded(name, pattern.line, pattern.column, why)


def _repository(source: ListSource, name: str, tags: Marked) -> Iterator[ListLine]:
    if not tags.list:
        why = f"no tags are named, which means every tag of {name}: list those that are needed"
        yield source.unbounded(name, tags.line, tags.column, why)
    for tag in tags.list:
        yield source.entry(f"{name}{'@' if is_digest(tag.text) else ':'}{tag.text}", tag.line, tag.column)
