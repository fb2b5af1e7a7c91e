"""Walk from a root document through indexes, manifests, configs and layers. Each document is verified once."""

from __future__ import annotations

from typing import Final

from auditor.oci import media_types
from auditor.oci.defects import Defect
from auditor.oci.document import (
    Descriptor,
    Document,
    Index,
    MalformedDocument,
    Manifest,
    Schema1,
    parse_config,
    parse_document,
)
from auditor.oci.layouts.blob_lookup import UNKNOWN_SIZE, Blobs
from auditor.oci.layouts.entries import Entry
from auditor.oci.layouts.findings import Findings
from auditor.text import in_brackets

MAX_DEPTH = 8
IMAGE_CONFIGS: Final = frozenset({"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"})
_DOCUMENTS = media_types.INDEXES | media_types.MANIFESTS | media_types.SCHEMA1
_SHAPES: Final = {
    Index: media_types.OCI_INDEX,
    Manifest: media_types.OCI_MANIFEST,
    Schema1: media_types.DOCKER_SCHEMA1_SIGNED,
}


def media_type_of(descriptor: Descriptor, document: Document) -> str:
    """Return the media type from the descriptor, else from the document, else from its shape."""
    own = "" if isinstance(document, Schema1) else document.media_type
    return next((told for told in (descriptor.media_type, own) if told in _DOCUMENTS), _SHAPES[type(document)])


def contradicts(called: str, document: Document) -> str:
    """Return how a document contradicts the media type in its descriptor, or an empty string."""
    if isinstance(document, Schema1):
        return "" if called not in _DOCUMENTS - media_types.SCHEMA1 else f"is declared as {called}, but is a schema 1 manifest"
    family, shape = (media_types.INDEXES, "an index") if isinstance(document, Index) else (media_types.MANIFESTS, "a manifest")
    if called in _DOCUMENTS and called not in family:
        return f"is declared as {called}, but is {shape}"
    own = document.media_type
    if own in _DOCUMENTS and own not in family:
        return f"states mediaType {own}, but is {shape}"
    if called in _DOCUMENTS and own in _DOCUMENTS and called != own:
        return f"is declared as {called}, but states mediaType {own}"
    return ""


class DocumentWalk:
    """Walk documents. `config_of` and `children_of` record by digest what each manifest and index points at.

    `steps` counts the documents that `configs_under` visits. Indexes may share children, so many roots can need much work.
    """

    def __init__(self, blobs: Blobs, findings: Findings) -> None:
        self._blobs = blobs
        self._findings = findings
        self._types: dict[str, str] = {}
        self._stated: dict[str, tuple[Entry, str]] = {}
        self.config_of: dict[str, str] = {}
        self.children_of: dict[str, tuple[str, ...]] = {}
        self.foreign: set[str] = set()
        self.steps = 0

    def walk(self, root: Descriptor, image: str) -> str:
        """Verify everything below a root, which must exist. Return the root's media type."""
        if root.digest in self._types:
            self._check_again(root, image)
            return self._types[root.digest]
        level: tuple[Descriptor, ...] = (root,)
        required = True
        for _ in range(MAX_DEPTH):
            level = tuple(child for descriptor in level for child in self._visit(descriptor, image, required=required))
            required = False
            if not level:
                break
        else:
            name = self._blobs.name_of(root.digest)
            self._findings.add(name, Defect.LIMIT, f"indexes nested more than {MAX_DEPTH} deep", image)
        return self._types.get(root.digest, root.media_type)

    def configs_under(self, root: str) -> frozenset[str]:
        """Return the configs of all manifests below a root."""
        found, seen, left = set(), {root}, [root]
        while left:
            digest = left.pop()
            self.steps += 1 + len(self.children_of.get(digest, ()))
            if digest in self.config_of:
                found.add(self.config_of[digest])
            fresh = [child for child in self.children_of.get(digest, ()) if child not in seen]
            seen.update(fresh)
            left.extend(fresh)
        return frozenset(found)

    def _visit(self, descriptor: Descriptor, image: str, *, required: bool) -> tuple[Descriptor, ...]:
        """Verify one document. Return its entries if it is an index. A missing child may be stored elsewhere."""
        if descriptor.digest in self._types:
            self._check_again(descriptor, image)
            return ()
        if not (required or self._blobs.has(descriptor.digest)):
            return ()
        self._types[descriptor.digest] = descriptor.media_type
        entry = self._blobs.check(descriptor, image)
        document = self._parse(descriptor, entry, image) if entry else None
        if entry is None or document is None:
            return ()
        kind = self._types[descriptor.digest] = media_type_of(descriptor, document)
        self._stated[descriptor.digest] = (entry, kind)
        if contradiction := contradicts(descriptor.media_type, document):
            self._findings.add(entry.name, Defect.MEDIA_TYPE, contradiction, image)
        self._blobs.keep(descriptor.digest, kind, entry.body or b"")
        return self._follow(descriptor.digest, document, entry.name, image)

    def _check_again(self, descriptor: Descriptor, image: str) -> None:
        """Compare a further descriptor of a known document with its size and media type."""
        entry, kind = self._stated.get(descriptor.digest, (None, ""))
        if entry is None:
            return
        self._blobs.check_size(descriptor, entry, image)
        if descriptor.media_type in _DOCUMENTS and descriptor.media_type != kind:
            detail = f"one descriptor declares it as {kind}, another as {descriptor.media_type}"
            self._findings.add(entry.name, Defect.MEDIA_TYPE, detail, image)

    def _follow(self, digest: str, document: Document, name: str, image: str) -> tuple[Descriptor, ...]:
        match document:
            case Index():
                self._note(name, document.problems, image)
                self.children_of[digest] = tuple(child.digest for child in document.manifests)
                return document.manifests
            case Manifest():
                self._note(name, document.problems, image)
                self.config_of[digest] = document.config.digest
                diff_ids = self._config(document.config, image)
                self._layers(document.layers, image, diff_ids)
                if diff_ids is not None and len(diff_ids) != len(document.layers):
                    detail = f"lists {len(document.layers)} layers, its config {len(diff_ids)}"
                    self._findings.add(name, Defect.MALFORMED, detail, image)
            case Schema1():
                self._layers(tuple(Descriptor(layer.blob_sum, UNKNOWN_SIZE) for layer in document.fs_layers), image, None)
        return ()

    def _note(self, name: str, reasons: tuple[str, ...], image: str) -> None:
        for reason in reasons[:1]:
            self._findings.add(name, Defect.MALFORMED, f"{reason}{in_brackets(len(reasons))}", image)

    def _parse(self, descriptor: Descriptor, entry: Entry, image: str) -> Document | None:
        """Return the document, or None. Report a problem only if the media type requires a document."""
        should = descriptor.media_type in _DOCUMENTS
        if entry.body is None:
            if should:
                self._findings.add(entry.name, entry.defect or Defect.MALFORMED, entry.why or "is not a JSON document", image)
            return None
        try:
            return parse_document(entry.body, descriptor.media_type)
        except MalformedDocument as error:
            if should:
                self._findings.add(entry.name, Defect.MALFORMED, str(error), image)
            return None

    def _config(self, config: Descriptor, image: str) -> tuple[str, ...] | None:
        """Verify a config. Return its diff ids, or None if it is not an image config or states none."""
        entry = self._blobs.check(config, image)
        if entry is None:
            return None
        if entry.body is not None:
            self._blobs.keep(config.digest, config.media_type, entry.body)
        if config.media_type not in IMAGE_CONFIGS:
            return None
        if entry.body is None:
            self._findings.add(entry.name, entry.defect or Defect.MALFORMED, entry.why or "is not a JSON config", image)
            return None
        try:
            return parse_config(entry.body).diff_ids
        except MalformedDocument as error:
            self._findings.add(entry.name, Defect.MALFORMED, f"is not an image config: {error}", image)
            return None

    def _layers(self, layers: tuple[Descriptor, ...], image: str, diff_ids: tuple[str, ...] | None) -> None:
        for number, layer in enumerate(layers):
            if layer.urls or layer.is_nondistributable:
                self.foreign.add(layer.digest)
                if not self._blobs.has(layer.digest):
                    continue
            entry = self._blobs.check(layer, image)
            if entry is None or layer.media_type not in media_types.OCI_PLAIN_LAYERS:
                continue
            if entry.packed:
                detail = f"is declared as {layer.media_type}, but its bytes are {entry.packed}"
                self._findings.add(entry.name, Defect.MEDIA_TYPE, detail, image)
            elif diff_ids is not None and number < len(diff_ids) and diff_ids[number] != entry.digest:
                detail = f"hashes to {entry.digest}, the config states {diff_ids[number]}"
                self._findings.add(entry.name, Defect.DIGEST, detail, image)
