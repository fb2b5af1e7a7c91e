"""skopeo's `dir:`: `manifest.json` is the image's own manifest, blobs lie beside it by their hex digits. It gives no names."""

from __future__ import annotations

from collections.abc import Callable

from auditor.oci.archive import ArchivedImage, Defect
from auditor.oci.document import Descriptor, MalformedDocument, parse_document
from auditor.oci.layouts.blobs import Blobs
from auditor.oci.layouts.contents import Contents
from auditor.oci.layouts.findings import Findings
from auditor.oci.layouts.tree import Tree, media_type_of

MANIFEST = "manifest.json"


def blob_names(contents: Contents) -> Callable[[str], tuple[str, ...]]:
    """Where such a folder keeps a digest's bytes: blobs, the manifests of an index, and the document at the top."""
    top = contents.find(MANIFEST).digest

    def names(digest: str) -> tuple[str, ...]:
        encoded = digest.partition(":")[2]
        return (MANIFEST,) if digest == top else (encoded, f"{encoded}.manifest.json")

    return names


def is_directory(contents: Contents) -> bool:
    """Whether `manifest.json` is one object, and not Docker's list."""
    return (contents.body(MANIFEST) or b"").lstrip()[:1] == b"{"


def read_directory(contents: Contents, blobs: Blobs, tree: Tree, findings: Findings) -> list[ArchivedImage]:
    """The one image."""
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
