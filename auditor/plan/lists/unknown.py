"""JSON and Kubernetes objects that no importer knows: one line that says so, rather than one per line of the file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.plan.lists.documents import says
from auditor.plan.lists.source import ListSource
from auditor.plan.model import ListLine

_JSON = re.compile(rb"\s*(?:\{\s*[\"}]|\[\s*[\"{\]])")


def is_object(data: bytes) -> bool:
    """Whether it has an API version and a kind, as Kubernetes objects do."""
    return says(data, "apiVersion", r"\S") and says(data, "kind", r"\S")


def recognises(data: bytes) -> bool:
    """Whether it begins as JSON does, or has an API version and a kind."""
    return _JSON.match(data.removeprefix(b"\xef\xbb\xbf")) is not None or is_object(data)


def read(source: ListSource, data: bytes) -> Iterator[ListLine]:
    """One error for the file."""
    if is_object(data):
        message = "the file holds Kubernetes objects, not a list of images: name it under `workloads`, as `manifests`"
    else:
        message = "JSON of a form that is not known as an image list"
    yield source.error(source.file, 1, 1, message)
