"""The format of `docker save`: `manifest.json` lists the config, names and layers of each image. It stores no image manifest.

The reader builds a manifest from the config and the stored layers, so the image can be checked like any other. The digest of
that manifest exists in no registry.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from auditor.oci.archive import ArchivedImage, Defect
from auditor.oci.defects import Unusable
from auditor.oci.document import Descriptor
from auditor.oci.layouts.blob_lookup import Blobs
from auditor.oci.layouts.entries import Entry, promised_digest
from auditor.oci.layouts.entry_index import EntryIndex
from auditor.oci.layouts.findings import Findings
from auditor.oci.layouts.oci_layout import decode_at
from auditor.oci.media_types import DOCKER_MANIFEST

MANIFEST = "manifest.json"
CONFIG_TYPE: Final = "application/vnd.docker.container.image.v1+json"
_PLAIN: Final = "application/vnd.docker.image.rootfs.diff.tar"
_LAYER_TYPES: Final = {"": _PLAIN, "gzip": f"{_PLAIN}.gzip", "zstd": f"{_PLAIN}.zstd"}


class Item(msgspec.Struct, frozen=True, rename="pascal"):
    """One image of `manifest.json`. `layer_sources` maps diff ids to the descriptors of the layers in their registry."""

    config: str
    repo_tags: tuple[str, ...] | None = None
    layers: tuple[str, ...] | None = None
    layer_sources: dict[str, Descriptor] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Return the distinct names."""
        return tuple(dict.fromkeys(name for name in self.repo_tags or () if name))

    @property
    def name(self) -> str:
        """Return the name for messages."""
        return self.names[0] if self.names else ""


class _RootFs(msgspec.Struct, frozen=True):
    diff_ids: tuple[str, ...] | None = None


class _Config(msgspec.Struct, frozen=True):
    rootfs: _RootFs


def read_items(contents: EntryIndex, findings: Findings) -> tuple[Item, ...]:
    """Return the images of `manifest.json`."""
    try:
        items: tuple[Item, ...] | None = decode_at(contents, MANIFEST, tuple[Item, ...] | None)
    except Unusable as error:
        findings.add_unusable(error)
        return ()
    if not items:
        findings.add(MANIFEST, Defect.MALFORMED, "is null: it lists no image" if items is None else "lists no image")
    return items or ()


@dataclass(frozen=True, slots=True)
class DockerArchive:
    """The parts of an archive that belong to `manifest.json`."""

    contents: EntryIndex
    blobs: Blobs
    findings: Findings

    def check_present(self, item: Item, foreign: set[str]) -> None:
        """Check that the files of an image exist; its stored manifest verifies the rest. Foreign layers may be missing."""
        for path in (item.config, *(item.layers or ())):
            if promised_digest(path) in foreign and not self.contents.has(path):
                continue
            self._file(path, item.name)

    def config_digest(self, item: Item) -> str:
        """Return the digest of an image's config, or an empty string if it cannot be read."""
        try:
            return self.contents.find(item.config).digest
        except Unusable:
            return ""

    def derive(self, item: Item) -> ArchivedImage | None:
        """Verify an image and build its manifest. Return None if the config is unusable."""
        config = self._file(item.config, item.name)
        diff_ids = self._diff_ids(config, item) if config else None
        if config is None or diff_ids is None:
            return None
        self._keep_promise(item.config, config, item.name)
        layers = item.layers or ()
        if len(layers) != len(diff_ids):
            detail = f"lists {len(layers)} layers, its config {len(diff_ids)}"
            self.findings.add(item.config, Defect.MALFORMED, detail, item.name)
        sources = item.layer_sources or {}
        found = [self._layer(path, diff_id, sources, item.name) for path, diff_id in zip(layers, diff_ids, strict=False)]
        descriptors = [descriptor for descriptor in found if descriptor is not None]
        return self._manifest(config, descriptors, item)

    def _file(self, path: str, image: str) -> Entry | None:
        try:
            return self.contents.find(path)
        except Unusable as error:
            self.findings.add_unusable(error, image)
            return None

    def _keep_promise(self, path: str, entry: Entry, image: str) -> bool:
        """Verify a file against the digest in its name, if there is one."""
        promised = promised_digest(path)
        if promised and promised != entry.digest:
            self.findings.add(path, Defect.DIGEST, f"hashes to {entry.digest}", image)
            return False
        self.blobs.sizes[entry.digest] = entry.size
        return True

    def _diff_ids(self, config: Entry, item: Item) -> tuple[str, ...] | None:
        try:
            decoded: _Config = decode_at(self.contents, item.config, _Config)
        except Unusable as error:
            detail = error.detail if error.defect is Defect.LIMIT else f"is not an image config: {error.detail}"
            self.findings.add(item.config, error.defect, detail, item.name)
            return None
        self.blobs.keep(config.digest, CONFIG_TYPE, config.body or b"")
        return decoded.rootfs.diff_ids or ()

    def _layer(self, path: str, diff_id: str, sources: Mapping[str, Descriptor], image: str) -> Descriptor | None:
        """Return the descriptor of a layer as stored. Use the registry's descriptor if the bytes are equal or the layer is
        foreign.
        """
        source = sources.get(diff_id)
        if source is not None and (source.urls or source.is_nondistributable) and not self.contents.has(path):
            return source
        entry = self._file(path, image)
        if entry is None:
            return None
        vouched = source is not None and source.digest == entry.digest
        if not vouched and not self._is_layer(path, entry, diff_id, image):
            return None
        self.blobs.sizes[entry.digest] = entry.size
        if source is None or not vouched:
            return Descriptor(entry.digest, entry.size, _LAYER_TYPES[entry.packed])
        if source.size != entry.size:
            detail = f"has {entry.size:,} bytes, LayerSources states {source.size:,}"
            self.findings.add(path, Defect.SIZE, detail, image)
        kind = source.media_type or _LAYER_TYPES[entry.packed]
        return Descriptor(entry.digest, entry.size, kind, source.urls)

    def _is_layer(self, path: str, entry: Entry, diff_id: str, image: str) -> bool:
        """Return whether the stored bytes are the config's layer: as stored, by digest in the name, or after decompression."""
        if diff_id in {entry.digest, entry.unpacked}:
            return True
        if entry.packed and promised_digest(path) == entry.digest:
            return True
        if entry.packed and not entry.unpacked:
            self.findings.add(path, entry.defect or Defect.DIGEST, entry.why or f"hashes to {entry.digest}", image)
            return False
        how = f"unpacks to {entry.unpacked}" if entry.packed else f"hashes to {entry.digest}"
        self.findings.add(path, Defect.DIGEST, f"{how}, the config states {diff_id}", image)
        return False

    def _manifest(self, config: Entry, layers: list[Descriptor], item: Item) -> ArchivedImage:
        body = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": DOCKER_MANIFEST,
                "config": {"mediaType": CONFIG_TYPE, "size": config.size, "digest": config.digest},
                "layers": [_written(layer) for layer in layers],
            }
        ).encode()
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        self.blobs.keep(digest, DOCKER_MANIFEST, body)
        source = "RepoTags" if item.names else ""
        return ArchivedImage(item.names, digest, DOCKER_MANIFEST, len(body), source, derived=True)


def _written(layer: Descriptor) -> dict[str, Any]:
    urls = {"urls": list(layer.urls)} if layer.urls else {}
    return {"mediaType": layer.media_type, "size": layer.size, "digest": layer.digest, **urls}
