"""skopeo's `dir:` format: `manifest.json` is the image manifest, with blobs beside it named by hex digest. It has no names."""

from __future__ import annotations

from collections.abc import Callable

from auditor.oci.archive import ArchivedImage, Defect
from auditor.oci.document import Descriptor, MalformedDocument, parse_document
from auditor.oci.layouts.blob_lookup import Blobs
from auditor.oci.layouts.document_walk import DocumentWalk, media_type_of
from auditor.oci.layouts.entry_index import EntryIndex
from auditor.oci.layouts.findings import Findings

MANIFEST = "manifest.json"


def blob_names(contents: EntryIndex) -> Callable[[str], tuple[str, ...]]:
    """Return the naming rule of such a folder for blobs, for manifests of an index, and for the root document."""
    top = contents.find(MANIFEST).digest

    def names(digest: str) -> tuple[str, ...]:
        encoded = digest.partition(":")[2]
        return (MANIFEST,) if digest == top else (encoded, f"{encoded}.manifest.json")

    return names


def is_directory(contents: EntryIndex) -> bool:
    """Return whether `manifest.json` is a single object instead of Docker's list."""
    return (contents.body(MANIFEST) or b"").lstrip()[:1] == b"{"


def read_directory(contents: EntryIndex, blobs: Blobs, tree: DocumentWalk, findings: Findings) -> list[ArchivedImage]:
    """Return the only image of the folder."""
    blobs.verify_names("")
    entry = contents.find(MANIFEST)
    try:
        document = parse_document(entry.body or b"")
    except MalformedDocument as error:
        findings.add(MANIFEST, Defect.MALFORMED, str(error))
        return []
    root = Descriptor(entry.digest, entry.size)
    root = Descriptor(entry.digest, entry.size, media_type_of(root, document))
    return [ArchivedImage((), root.digest, tree.walk(root, ""), entry.size)]
