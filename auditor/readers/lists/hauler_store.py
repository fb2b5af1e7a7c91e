"""`hauler store info -o json`: the content of a store, with type, platform and digest of every artifact.

Charts and files of a store are not images. Format: hauler-dev/hauler, cmd/hauler/cli/store/info.go.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.located import Marked, head_matches
from auditor.readers.lists.documents import entry, read_documents
from auditor.readers.lists.source import ListSource
from auditor.readers.model import ListLine


def recognises(data: bytes) -> bool:
    """Detect the format by its keys."""
    return data.lstrip().startswith(b"{") and head_matches(data[:4096], b'"artifacts"', b'"reference"')


def read(source: ListSource, data: bytes) -> Iterator[ListLine]:
    """Yield every image, once for each of its platforms."""
    return read_documents(source, data, _document)


def _document(source: ListSource, document: Marked) -> Iterator[ListLine]:
    artifacts = document.get("artifacts")
    for artifact in artifacts.list if artifacts is not None else []:
        if artifact.text_at("type") not in {"image", ""}:
            continue
        platform = artifact.text_at("platform")
        yield entry(source, artifact.get("reference"), artifact, platform=platform if "/" in platform else "")
