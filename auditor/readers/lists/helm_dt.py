"""Images.lock of Helm's distribution tooling (dt): the images of a chart with the digest of each architecture.

Format: vmware-labs/distribution-tooling-for-helm, `kind: ImagesLock`, `apiVersion: v0`.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.located import Marked
from auditor.readers.lists.documents import entry, read_documents, says
from auditor.readers.lists.source import ListSource
from auditor.readers.model import ListLine


def recognises(data: bytes) -> bool:
    """Detect the format by its kind and its API version: imgpkg has a kind ImagesLock too."""
    return says(data, "kind", "ImagesLock") and says(data, "apiVersion", "v0")


def read(source: ListSource, data: bytes) -> Iterator[ListLine]:
    """Yield every image, once for each architecture in the lock."""
    return read_documents(source, data, _document)


def _document(source: ListSource, document: Marked) -> Iterator[ListLine]:
    images = document.get("images")
    for image in images.list if images is not None else []:
        digests = image.get("digests")
        for locked in digests.list if digests is not None else []:
            # The digest is that of the architecture's manifest, not of the tag. So it does not pin a pull by tag.
            yield entry(source, image.get("image"), image, platform=locked.text_at("arch"))
        if digests is None or not digests.list:
            yield entry(source, image.get("image"), image)
