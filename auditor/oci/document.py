"""The JSON documents of an image: index, manifest, schema 1 manifest and config.

All input from registries and archives is untrusted. `parse_document` returns a document or raises `MalformedDocument` with the
reason. Defects that leave the document readable (an invalid digest, a negative size) are listed in `problems`, so the rest can
still be checked.
"""

from __future__ import annotations

from functools import lru_cache
from sys import intern
from typing import Annotated, Any

import msgspec

from auditor.oci import media_types
from auditor.oci.platform import Platform, normalise
from auditor.oci.reference import are_digests, is_digest

MAX_DOCUMENT = 4 * 1024 * 1024
MAX_ENTRIES = 10_000
MAX_SIZE = 2**63 - 1  # the largest int64 in Go: every client rejects a document with a larger size

_Text = Annotated[str, msgspec.Meta(max_length=4096)]


class MalformedDocument(ValueError):
    """A document that cannot be parsed. `str(error)` is the reason."""


class _PlatformField(msgspec.Struct, frozen=True, gc=False):
    os: str = ""
    architecture: str = ""
    variant: str | None = None
    os_version: str | None = msgspec.field(name="os.version", default=None)
    os_features: tuple[str, ...] | None = msgspec.field(name="os.features", default=None)

    def platform(self) -> Platform:
        return normalise(self.os, self.architecture, self.variant or "", self.os_version or "", self.os_features or ())


class Descriptor(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A pointer to content: digest, size in bytes, media type, and alternative download locations (`urls`)."""

    digest: str
    size: int
    media_type: str = ""
    urls: tuple[_Text, ...] | None = None
    platform_field: _PlatformField | None = msgspec.field(name="platform", default=None)
    annotations: dict[str, str] | None = None
    artifact_type: str | None = None

    @property
    def platform(self) -> Platform | None:
        """Return the normalised platform of an index entry, or None if the entry names none."""
        field = self.platform_field
        return field.platform() if field is not None else None

    @property
    def is_nondistributable(self) -> bool:
        """Return whether the media type marks a foreign layer."""
        return media_types.is_nondistributable(self.media_type)

    @property
    def is_attestation(self) -> bool:
        """Return whether this index entry is a BuildKit attestation for another entry, not a runnable image."""
        return (self.annotations or {}).get("vnd.docker.reference.type") == "attestation-manifest"


@lru_cache(maxsize=4096)
def _shared(platform: _PlatformField) -> _PlatformField:
    return platform


def slim(one: Descriptor) -> Descriptor:
    """Return the same descriptor with interned media type and platform, to save memory when there are very many."""
    platform = one.platform_field
    return Descriptor(
        one.digest,
        one.size,
        intern(one.media_type),
        one.urls,
        None if platform is None else _shared(platform),
        one.annotations,
        one.artifact_type,
    )


class Index(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """An OCI index or Docker manifest list."""

    manifests: tuple[Descriptor, ...]
    media_type: str = ""
    schema_version: int = 2

    def slim(self) -> Index:
        """Return the same index with interned entries, to keep it in memory."""
        return Index(tuple(map(slim, self.manifests)), intern(self.media_type), self.schema_version)

    @property
    def problems(self) -> tuple[str, ...]:
        """Return the problems of single entries."""
        return tuple(_problems("manifests", self.manifests))


class Manifest(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """An OCI or Docker schema 2 image manifest."""

    config: Descriptor
    layers: tuple[Descriptor, ...]
    media_type: str = ""
    schema_version: int = 2
    artifact_type: str | None = None

    @property
    def problems(self) -> tuple[str, ...]:
        """Return the problems of single descriptors."""
        return (*_problems("config", (self.config,)), *_problems("layers", self.layers))


class _Subject(msgspec.Struct, frozen=True):
    digest: str = ""


class _WithSubject(msgspec.Struct, frozen=True):
    subject: _Subject | None = None


def parse_subject(body: bytes) -> str:
    """Return the digest of the manifest that a manifest refers to; empty if it refers to none, or cannot be parsed."""
    try:
        subject = msgspec.json.decode(body, type=_WithSubject).subject
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    return subject.digest if subject is not None and is_digest(subject.digest) else ""


class _FsLayer(msgspec.Struct, frozen=True, rename="camel"):
    blob_sum: str


class Schema1(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A Docker schema 1 manifest: layers without sizes, architecture without os."""

    fs_layers: tuple[_FsLayer, ...]
    name: str = ""
    tag: str = ""
    architecture: str = ""
    schema_version: int = 1


class _RootFs(msgspec.Struct, frozen=True):
    diff_ids: tuple[str, ...] | None = None


class ImageConfig(msgspec.Struct, frozen=True):
    """The part of an image config that states the platform and the digests of the unpacked layers."""

    os: str = ""
    architecture: str = ""
    variant: str | None = None
    os_version: str | None = msgspec.field(name="os.version", default=None)
    os_features: tuple[str, ...] | None = msgspec.field(name="os.features", default=None)
    rootfs: _RootFs | None = None

    @property
    def diff_ids(self) -> tuple[str, ...] | None:
        """Return the digests of the unpacked layers, lowest first, or None if the config does not state them."""
        return self.rootfs.diff_ids if self.rootfs is not None else None

    @property
    def platform(self) -> Platform:
        """Return the normalised platform that the config declares."""
        return normalise(self.os, self.architecture, self.variant or "", self.os_version or "", self.os_features or ())


Document = Index | Manifest | Schema1


class _Shape(msgspec.Struct, frozen=True, rename="camel"):
    """The fields that distinguish the kinds of documents."""

    schema_version: int = 0
    media_type: str = ""
    manifests: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    layers: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    config: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    fs_layers: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _PlainIndex(Index, frozen=True, gc=False, rename="camel"):
    """An index, plus the keys that would make it another kind of document."""

    layers: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    config: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    fs_layers: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET

    def document(self) -> Index | None:
        """Return the index, or None if it may be another kind of document."""
        if self.schema_version == 1 or not self.layers is self.config is self.fs_layers is msgspec.UNSET:
            return None
        return Index(self.manifests, self.media_type, self.schema_version)


class _PlainManifest(Manifest, frozen=True, gc=False, rename="camel"):
    """A manifest, plus the keys that would make it another kind of document."""

    manifests: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    fs_layers: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET

    def document(self) -> Manifest | None:
        """Return the manifest, or None if it may be another kind of document."""
        if self.schema_version == 1 or not self.manifests is self.fs_layers is msgspec.UNSET:
            return None
        return Manifest(self.config, self.layers, self.media_type, self.schema_version, self.artifact_type)


_Decoder = msgspec.json.Decoder[Any]
_INDEX = msgspec.json.Decoder(Index)
_MANIFEST = msgspec.json.Decoder(Manifest)
_SCHEMA1 = msgspec.json.Decoder(Schema1)
_CONFIG = msgspec.json.Decoder(ImageConfig)
_SHAPE = msgspec.json.Decoder(_Shape)
_PLAIN: dict[str, _Decoder] = {
    **dict.fromkeys(media_types.INDEXES, msgspec.json.Decoder(_PlainIndex)),
    **dict.fromkeys(media_types.MANIFESTS, msgspec.json.Decoder(_PlainManifest)),
}


def _problems(where: str, descriptors: tuple[Descriptor, ...]) -> list[str]:
    # Fast path: there may be a million descriptors, and nearly all are valid.
    sizes = [one.size for one in descriptors]
    if min(sizes, default=0) >= 0 and max(sizes, default=0) <= MAX_SIZE and are_digests([one.digest for one in descriptors]):
        return []
    problems = []
    for number, descriptor in enumerate(descriptors):
        place = where if where == "config" else f"{where}[{number}]"
        if not is_digest(descriptor.digest):
            problems.append(f"{place}.digest {descriptor.digest[:80]!r} is not a digest")
        if descriptor.size < 0:
            problems.append(f"{place}.size {descriptor.size} is negative")
        if descriptor.size > MAX_SIZE:
            problems.append(f"{place}.size {descriptor.size} does not fit into 64 bits")
    return problems


def _explain(data: bytes, error: Exception) -> MalformedDocument:
    if not data.strip():
        return MalformedDocument("the document is empty")
    if data.lstrip()[:1] == b"<":
        return MalformedDocument("HTML or XML where JSON was expected: a proxy or a login page may have answered")
    if isinstance(error, RecursionError):
        return MalformedDocument("JSON nested too deeply")
    if isinstance(error, UnicodeDecodeError):
        return MalformedDocument("not UTF-8 text")
    return MalformedDocument(str(error))


def _decode(data: bytes, decoder: _Decoder) -> Any:  # noqa: ANN401 - each caller names the type it decodes
    if len(data) > MAX_DOCUMENT:
        raise MalformedDocument(f"{len(data):,} bytes, more than the {MAX_DOCUMENT:,} that registries accept")
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise _explain(data, error) from error


def _decoder_for(shape: _Shape, media_type: str) -> _Decoder:
    has_list, has_image = shape.manifests is not msgspec.UNSET, shape.layers is not msgspec.UNSET
    if has_list and has_image:
        raise MalformedDocument("both manifests and layers: neither an index nor a manifest (CVE-2021-41190)")
    if has_list and shape.config is not msgspec.UNSET:
        raise MalformedDocument("both manifests and config: neither an index nor a manifest (CVE-2021-41190)")
    if shape.schema_version == 1 or shape.fs_layers is not msgspec.UNSET or media_type in media_types.SCHEMA1:
        return _SCHEMA1
    if has_list:
        return _INDEX
    if has_image or shape.config is not msgspec.UNSET:
        return _MANIFEST
    if media_type in media_types.INDEXES:
        return _INDEX
    if media_type in media_types.MANIFESTS:
        return _MANIFEST
    raise MalformedDocument("neither an index, nor a manifest: no manifests, no layers, no fsLayers")


def _everyday(data: bytes, media_type: str) -> Document | None:
    """Parse a document whose content matches its media type, in one pass. Return None if the full checks are needed."""
    decoder = _PLAIN.get(media_type)
    if decoder is None or len(data) > MAX_DOCUMENT:
        return None
    try:
        document: Document | None = decoder.decode(data).document()
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None  # the full parse reports the reason
    return document


def parse_document(data: bytes, media_type: str = "") -> Document:
    """Parse an index, a manifest or a schema 1 manifest.

    `media_type` is the type that the server stated; it decides only where the content is ambiguous. Raises MalformedDocument.
    """
    document = _everyday(data, media_type)
    if document is None:
        shape: _Shape = _decode(data, _SHAPE)
        document = _decode(data, _decoder_for(shape, media_type or shape.media_type))
    entries = document.manifests if isinstance(document, Index) else ()
    if len(entries) > MAX_ENTRIES:
        raise MalformedDocument(f"an index of {len(entries):,} entries, more than {MAX_ENTRIES:,}")
    return document


def parse_config(data: bytes) -> ImageConfig:
    """Parse an image config. Raises MalformedDocument."""
    config: ImageConfig = _decode(data, _CONFIG)
    return config
