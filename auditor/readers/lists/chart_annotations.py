"""`Chart.yaml` with a list of images in its annotations: `helm.sh/images`, `artifacthub.io/images` or `images`.

The value is YAML in a string. Its lines are those of the file, so locations are known. Zarf, dt and Artifact Hub read it.
Platforms of `artifacthub.io/images` restrict an image.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.located import Marked, NotStructured, load_marked
from auditor.readers.lists.documents import entry, read_documents, says
from auditor.readers.lists.source import ListSource
from auditor.readers.model import ListLine

_KEYS = ("helm.sh/images", "artifacthub.io/images", "images")


def recognises(data: bytes) -> bool:
    """Detect the format by the chart's keys."""
    return (
        says(data, "apiVersion", "v[12]") and says(data, "annotations", "") and says(data, "version", "") and b"images" in data
    )


def read(source: ListSource, data: bytes) -> Iterator[ListLine]:
    """Yield every image of every annotation."""
    return read_documents(source, data, _document)


def _document(source: ListSource, document: Marked) -> Iterator[ListLine]:
    for key in _KEYS:
        annotation = document.get("annotations", key)
        if annotation is None:
            continue
        try:
            inner = load_marked(annotation.text.encode())
        except NotStructured as error:
            why = f"line {error.line} of the annotation {key}: {error}"
            yield source.error(annotation.text.strip(), annotation.line, annotation.column, why)
            continue
        for image in [image for listed in inner for image in listed.list]:
            # The block begins on the line after its key. In a flow scalar, only the location of the key is known.
            at = image.get("image") or image
            line = annotation.line + at.line if "\n" in annotation.text else annotation.line
            platforms = image.get("platforms")
            for platform in [item.text for item in platforms.list] if platforms is not None and platforms.list else [""]:
                yield entry(source, Marked(at.value, line, 1, at.text), Marked(None, line, 1), platform=platform)
