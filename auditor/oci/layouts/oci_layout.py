"""OCI layouts: `index.json` and `blobs/<algorithm>/<hex>`. Hauler stores and containerd exports use this format too."""

from __future__ import annotations

from typing import Any

import msgspec

from auditor.facts import Fact, table
from auditor.oci.archive import ArchivedImage, Defect
from auditor.oci.defects import Unusable
from auditor.oci.document import MAX_ENTRIES, Descriptor
from auditor.oci.layouts.blob_lookup import Blobs
from auditor.oci.layouts.document_walk import DocumentWalk
from auditor.oci.layouts.entry_index import EntryIndex
from auditor.oci.layouts.findings import Findings
from auditor.oci.reference import is_digest, spelt

INDEX = "index.json"
MARKER = "oci-layout"
VERSION = "1.0.0"
CONTAINERD_NAME = "io.containerd.image.name"
REF_NAME = "org.opencontainers.image.ref.name"


class ArchiveKind(Fact, frozen=True, kw_only=True):
    """A value of the annotation `kind` for content that belongs to an image but is not an image: signatures, attestations."""

    kind: str


class _Roots(msgspec.Struct, frozen=True):
    """`index.json`. Docker writes null if no image has a name."""

    manifests: tuple[Descriptor, ...] | None = None


class _Marker(msgspec.Struct, frozen=True, rename="camel"):
    image_layout_version: str


def blob_names(digest: str) -> tuple[str, ...]:
    """Return the entry names under which a layout stores a digest."""
    algorithm, _, encoded = digest.partition(":")
    return (f"blobs/{algorithm}/{encoded}",)


def is_layout(contents: EntryIndex) -> bool:
    """Return whether the archive claims to be an OCI layout."""
    return contents.has(INDEX) or contents.has(MARKER)


def decode_at(contents: EntryIndex, name: str, shape: Any) -> Any:  # noqa: ANN401 - each caller names the type it decodes
    """Return the document at a fixed path. Raises Unusable."""
    entry = contents.find(name)
    if entry.body is None:
        raise Unusable(name, entry.defect or Defect.MALFORMED, entry.why or "is not a JSON document")
    try:
        return msgspec.json.decode(entry.body, type=shape)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Unusable(name, Defect.MALFORMED, str(error)) from error


def read_layout(contents: EntryIndex, blobs: Blobs, tree: DocumentWalk, findings: Findings) -> list[ArchivedImage]:
    """Return the images that `index.json` names, with everything below them verified."""
    _check_marker(contents, findings)
    blobs.verify_names("blobs/")
    try:
        roots: tuple[Descriptor, ...] = decode_at(contents, INDEX, _Roots).manifests or ()
    except Unusable as error:
        findings.add_unusable(error)
        return []
    if len(roots) > MAX_ENTRIES:
        findings.add(INDEX, Defect.LIMIT, f"{len(roots):,} entries, more than {MAX_ENTRIES:,}")
    names: dict[tuple[str, str], dict[str, None]] = {}
    images: dict[tuple[str, str], ArchivedImage] = {}
    for root in roots[:MAX_ENTRIES]:
        name, source = name_of(root)
        if contradiction := _two_names(root):
            findings.add(INDEX, Defect.NAMES, contradiction, name)
        if not is_digest(root.digest):
            findings.add(INDEX, Defect.MALFORMED, f"digest {root.digest[:80]!r} is not a digest", name)
            continue
        kind = tree.walk(root, name)
        names.setdefault((root.digest, source), {}).update({name: None} if name else {})
        part, beside = _part_of(root)
        made = ArchivedImage((), root.digest, kind, _size(blobs, root), source, kind=part, beside=beside)
        images.setdefault((root.digest, source), made)
    return [msgspec.structs.replace(image, names=tuple(names[key])) for key, image in images.items()]


def name_of(root: Descriptor) -> tuple[str, str]:
    """Return the image name of an `index.json` entry and the annotation that holds it. Signatures have no name."""
    notes = root.annotations or {}
    if _belongs_to_another(notes.get("kind", "")):
        return "", ""
    return next(((notes[key], key) for key in (CONTAINERD_NAME, REF_NAME) if notes.get(key)), ("", ""))


def _part_of(root: Descriptor) -> tuple[str, str]:
    """Return the kind of a signature or attestation, and the name of the image that it belongs to; empty for an image."""
    notes = root.annotations or {}
    kind = notes.get("kind", "")
    if not _belongs_to_another(kind):
        return "", ""
    return kind, next((notes[key] for key in (CONTAINERD_NAME, REF_NAME) if notes.get(key)), "")


def _two_names(root: Descriptor) -> str:
    """Return how the two name annotations of an image contradict each other, or an empty string.

    `ref.name` may be the whole name, the end of it, or only its tag.
    """
    notes = root.annotations or {}
    name, ref = notes.get(CONTAINERD_NAME, ""), notes.get(REF_NAME, "")
    if not name or not ref or _belongs_to_another(notes.get("kind", "")):
        return ""
    if any(full.endswith((f":{ref}", f"@{ref}", f"/{ref}")) or full in {ref, spelt(ref)} for full in (name, spelt(name))):
        return ""
    return f"{root.digest} is {name} for containerd ({CONTAINERD_NAME}) and {ref} for others ({REF_NAME})"


def _belongs_to_another(kind: str) -> bool:
    return any(kind == row.kind or kind.startswith(f"{row.kind}/") for row in table("archive_kinds", ArchiveKind))


def _size(blobs: Blobs, root: Descriptor) -> int:
    return blobs.sizes.get(root.digest, max(root.size, 0))


def _check_marker(contents: EntryIndex, findings: Findings) -> None:
    if not contents.has(MARKER):
        findings.add(MARKER, Defect.LAX, "is missing: strict readers do not accept this as an OCI layout")
        return
    try:
        marker: _Marker = decode_at(contents, MARKER, _Marker)
    except Unusable as error:
        findings.add(MARKER, Defect.LAX, f"does not state a layout version: {error.detail}")
        return
    if marker.image_layout_version != VERSION:
        detail = f"states layout version {marker.image_layout_version!r}: containerd imports only {VERSION}"
        findings.add(MARKER, Defect.UNSUPPORTED, detail)
