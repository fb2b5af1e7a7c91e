"""YAML, JSON and Kubernetes objects that no importer recognises: one error for the file, not one per line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.readers.lists.documents import says
from auditor.readers.lists.source import ListSource
from auditor.readers.model import ListLine

_HEAD = 64 * 1024
_KEY = re.compile(rb"[\"']?[A-Za-z_][\w./-]{0,100}[\"']?:(?:[ \t]|$)")
_JSON = re.compile(rb"\s*(?:\{\s*[\"}]|\[\s*[\"{\]])")


def is_object(data: bytes) -> bool:
    """Return whether the file has an API version and a kind, like a Kubernetes object; JSON may have both on one line."""
    head = data[:_HEAD].removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith((b"{", b"[")):
        return b"apiVersion" in head and b"kind" in head
    return says(data, "apiVersion", r"\S") and says(data, "kind", r"\S")


def recognises(data: bytes) -> bool:
    """Return whether the file begins like JSON, has an API version and a kind, or is YAML with keys."""
    return _JSON.match(data.removeprefix(b"\xef\xbb\xbf")) is not None or is_object(data) or _has_keys(data)


def _has_keys(data: bytes) -> bool:
    """Return whether the first text line, and most lines, are `key: value`. A reference has no space after its colon."""
    lines = [line.strip() for line in data[:_HEAD].removeprefix(b"\xef\xbb\xbf").splitlines()]
    said = [line.removeprefix(b"- ") for line in lines if line and not line.startswith((b"#", b"---", b"%"))]
    keyed = [_KEY.match(line) is not None for line in said]
    return bool(keyed) and keyed[0] and 2 * sum(keyed) > len(keyed)


def read(source: ListSource, data: bytes) -> Iterator[ListLine]:
    """Yield one error for the file."""
    if is_object(data):
        message = "the file holds Kubernetes objects, not a list of images: name it under `workloads`, as `manifests`"
    else:
        what = "JSON" if _JSON.match(data.removeprefix(b"\xef\xbb\xbf")) else "YAML"
        message = f"{what} in a format that is not a known image list"
    yield source.error(source.whole, 1, 1, message)
