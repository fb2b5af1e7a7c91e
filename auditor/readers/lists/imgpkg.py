"""imgpkg lock files: ImagesLock and BundleLock (`imgpkg.carvel.dev`), which pin by digest.

An annotation holds the reference that kbld resolved; users know the image by that name. Format: carvel-dev/imgpkg,
pkg/imgpkg/lockconfig.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.located import Marked
from auditor.readers.lists.documents import entry, read_documents, says
from auditor.readers.lists.source import ListSource
from auditor.readers.model import ListLine


def recognises(data: bytes) -> bool:
    """Detect the format by its API group: Helm's dt has a kind ImagesLock too."""
    return says(data, "apiVersion", r"imgpkg\.carvel\.dev/")


def read(source: ListSource, data: bytes) -> Iterator[ListLine]:
    """Yield every locked image, and the bundle itself."""
    return read_documents(source, data, _document)


def _document(source: ListSource, document: Marked) -> Iterator[ListLine]:
    images = document.get("images")
    for image in images.list if images is not None else []:
        yield _pinned(source, image)
    bundle = document.get("bundle")
    if bundle is not None:
        yield _pinned(source, bundle)


def _pinned(source: ListSource, image: Marked) -> ListLine:
    at = image.get("image")
    if at is not None and "@" not in at.text:
        return source.error(at.text, at.line, at.column, "the entry has no digest, but an imgpkg lock pins by digest")
    return entry(source, at, image)
