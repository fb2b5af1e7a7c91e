"""Hauler manifests: documents of the kinds Images, Charts and Files (`content.hauler.cattle.io`).

Images are read, with the platform of an entry or the document. Only rendering finds the images of charts. Files are not images.
Format: hauler-dev/hauler, pkg/apis/hauler.cattle.io.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.located import Marked
from auditor.readers.lists.documents import entry, read_documents, says
from auditor.readers.lists.source import ListSource
from auditor.readers.model import ListLine

_PLATFORM = "hauler.dev/platform"
_REGISTRY = "hauler.dev/registry"


def recognises(data: bytes) -> bool:
    """Detect the format by its API group."""
    return says(data, "apiVersion", r"content\.hauler\.cattle\.io/")


def read(source: ListSource, data: bytes) -> Iterator[ListLine]:
    """Yield every image, and a line for each chart, whose images cannot be enumerated."""
    return read_documents(source, data, _document)


def _document(source: ListSource, document: Marked) -> Iterator[ListLine]:
    match document.text_at("kind"):
        case "Images":
            yield from _images(source, document)
        case "Charts":
            charts = document.get("spec", "charts")
            for chart in charts.list if charts is not None else []:
                name = f"{chart.text_at('name')} {chart.text_at('version')}".strip()
                why = f"the chart {name} contains images that only rendering can find: name it under `workloads` or list them"
                yield source.unbounded(name, chart.line, chart.column, why)


def _images(source: ListSource, document: Marked) -> Iterator[ListLine]:
    notes = document.get("metadata", "annotations")
    platform, registry = (notes.text_at(_PLATFORM), notes.text_at(_REGISTRY)) if notes is not None else ("", "")
    images = document.get("spec", "images")
    for image in images.list if images is not None else []:
        name = image.get("name")
        more = {"platform": image.text_at("platform") or platform}
        if registry and name is not None and not _has_registry(name.text):
            more["text"] = f"{registry.rstrip('/')}/{name.text}"
        yield entry(source, name, image, **more)


def _has_registry(text: str) -> bool:
    first, slash, _ = text.partition("/")
    return bool(slash) and ("." in first or ":" in first or first == "localhost")
