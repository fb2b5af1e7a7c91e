"""Zarf packages (`ZarfPackageConfig`, `ZarfInitConfig`): the images of every component, and of the archives that it names.

Charts and manifests of a component add nothing: Zarf copies only the listed images. Format: zarf-dev/zarf, the package schema.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import replace

from auditor.located import Marked
from auditor.readers.lists.documents import entry, read_documents, says
from auditor.readers.lists.source import ListSource
from auditor.readers.model import ListLine
from auditor.text import shown


def recognises(data: bytes) -> bool:
    """Detect the format by its kind."""
    return says(data, "kind", "Zarf(?:Package|Init)Config")


def read(source: ListSource, data: bytes) -> Iterator[ListLine]:
    """Yield every image of every component."""
    return read_documents(source, data, _document)


def _items(value: Marked | None) -> list[Marked]:
    return value.list if value is not None else []


def _document(source: ListSource, document: Marked) -> Iterator[ListLine]:
    # Zarf pulls images for Linux only; a package can select only the architecture.
    architecture = document.text_at("metadata", "architecture")
    more = {"platform": f"linux/{architecture}"} if architecture and architecture != "multi" else {}
    for component in _items(document.get("components")):
        if (imported := component.get("import")) is not None:
            name = imported.text_at("url") or imported.text_at("path") or component.text_at("name")
            why = f"the component is imported from {shown(name)}, and its images are not in this file: list them"
            folder = posixpath.normpath(posixpath.join(posixpath.dirname(source.name), imported.text_at("path")))
            line = source.unbounded(name, imported.line, imported.column, why)
            yield replace(line, imports=folder if imported.text_at("path") and source.name else "")
        for image in _items(component.get("images")):
            yield entry(source, image, component, **more)
        for archive in _items(component.get("imageArchives")):
            for image in _items(archive.get("images")):
                yield entry(source, image, archive, **more)
