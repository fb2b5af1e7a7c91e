"""`crictl images -o json`: the images of a running node, with id, repoTags, repoDigests and size.

Digests are not used as pins, because a runtime reports that of the index or that of one manifest. Format:
kubernetes/cri-api, ListImagesResponse.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.located import Marked, head_matches
from auditor.readers.lists.documents import entry, read_documents
from auditor.readers.lists.source import ListSource
from auditor.readers.model import ListLine


def recognises(data: bytes) -> bool:
    """Detect the format by its keys."""
    return head_matches(data[:4096], b'"images"', b'"repoTags"', b'"repoDigests"')


def read(source: ListSource, data: bytes) -> Iterator[ListLine]:
    """Yield every tag, and the digests of an image without a tag."""
    return read_documents(source, data, _document)


def _document(source: ListSource, document: Marked) -> Iterator[ListLine]:
    images = document.get("images")
    for image in images.list if images is not None else []:
        tags, digests = image.get("repoTags"), image.get("repoDigests")
        names = (tags.list if tags is not None else []) or (digests.list if digests is not None else [])
        for name in names:
            yield entry(source, name, image)
        if not names:
            yield source.unbounded(image.text_at("id"), image.line, image.column, "an image without a tag")
