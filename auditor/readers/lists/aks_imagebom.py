"""`imageBom` of the AKS node images: JSON with id, repoTags, repoDigests and, for Linux, bytes.

In the files of Windows images, `id` equals the digest of the index and `repoDigests` does not, so neither field is used as a
pin. Format: Azure/AgentBaker, vhdbuilder/release-notes.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.located import Marked, head_matches
from auditor.readers.lists.documents import entry, read_documents
from auditor.readers.lists.source import ListSource
from auditor.readers.model import ListLine


def recognises(data: bytes) -> bool:
    """Detect the format by its keys."""
    return head_matches(data[:4096], b'"imageBom"', b'"repoTags"')


def read(source: ListSource, data: bytes) -> Iterator[ListLine]:
    """Yield every tag."""
    return read_documents(source, data, _document)


def _document(source: ListSource, document: Marked) -> Iterator[ListLine]:
    images = document.get("imageBom")
    for image in images.list if images is not None else []:
        tags = image.get("repoTags")
        for tag in tags.list if tags is not None else []:
            yield entry(source, tag, image)
        if tags is None or not tags.list:
            yield source.unbounded(image.text_at("id"), image.line, image.column, "an image without a tag")
