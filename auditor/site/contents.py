"""The view of contents: contradictory statements about the bytes of an image, in one kind of registry.

Statements are: size and media type in a descriptor; size and Content-Type in the registry's response; the digest of the bytes
that were read; and the `mediaType` and structure of the document itself.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from auditor.evidence.documents import observed_index
from auditor.evidence.model import Absent, BlobSeen, Failed, Kind, Seen, Verify
from auditor.oci.document import Descriptor, Index
from auditor.oci.media_types import INDEXES, form_of
from auditor.oci.select import flatten
from auditor.site.images import DocumentShape, Image, Images, Payload, Placement, Trouble
from auditor.site.inside import AtSource, InternalEvidence
from auditor.text import short_digest


class Aspect(enum.StrEnum):
    """What two statements contradict each other about."""

    SIZE = "size"  # in bytes
    DIGEST = "digest"
    FORM = "form"  # an index or a manifest
    CONTENT_TYPE = "content-type"  # the form in the registry's response for a child; only a pull by digest reads it
    MEDIA_TYPE = "media-type"  # two media types of one form
    VALUE = "value"  # no client accepts the document's values


class ContentPart(enum.StrEnum):
    """Which part of the image the bytes are."""

    ROOT = "root"  # the manifest or index that the reference names
    CHILD = "child"  # a manifest that an index lists
    CONFIG = "config"
    LAYER = "layer"

    @property
    def noun(self) -> str:
        """The word for the part in a sentence."""
        return "manifest or index" if self is ContentPart.ROOT else "manifest" if self is ContentPart.CHILD else self.value


@dataclass(frozen=True, slots=True)
class ContentMismatch:
    """One contradiction. `expected` comes from the descriptor, digest or document; `actual` was observed."""

    aspect: Aspect
    part: ContentPart
    digest: str
    expected: str
    actual: str

    @property
    def is_fatal(self) -> bool:
        """Return whether a client rejects the image. Two media types of one form make no difference to clients."""
        return self.aspect is not Aspect.MEDIA_TYPE


@dataclass(frozen=True, slots=True)
class ComparedImage:
    """One image: its placements, the contradictions, and why something could not be compared."""

    image: Image
    placements: tuple[Placement, ...]
    mismatches: tuple[ContentMismatch, ...]
    trouble: Trouble | None


def contents_of(images: Images, evidence: AtSource | InternalEvidence, verify: Verify | None = None) -> Iterator[ComparedImage]:
    """Yield every image whose tag was observed or is in doubt.

    With `verify`, content that was not observed (with `full`: not read) is in doubt; otherwise it is omitted.
    """
    grouped: dict[str, list[Placement]] = {}
    for placement in images.placements:
        grouped.setdefault(placement.image.name, []).append(placement)
    repositories: dict[str, list[str]] = {}
    for name, placements in grouped.items():
        if not placements[0].image.absent:
            repositories.setdefault(placements[0].image.reference.repository, []).append(name)
    found: dict[str, ComparedImage] = {}
    for repository, names in repositories.items():
        comparison = _Comparison(images, evidence, verify, repository)
        for name in names:
            found[name] = comparison.contents(grouped[name])
    return (found[name] for name in grouped if name in found)


class _Comparison:
    """Compares the images of one repository. Parts that several images share are compared once."""

    def __init__(self, images: Images, evidence: AtSource | InternalEvidence, verify: Verify | None, repository: str) -> None:
        self._shapes = images.shapes
        self._configs = images.configs
        self._evidence = evidence
        self._repository = repository
        self._observed_blobs = evidence.observed_blobs(repository)
        self._proven = evidence.proven(repository)
        self._is_strict = verify is not None
        self._read = frozenset(ContentPart) if verify is Verify.FULL else frozenset(ContentPart) - {ContentPart.LAYER}
        self._known: dict[tuple[str, int, ContentPart, str], tuple[ContentMismatch | Trouble, ...]] = {}

    def contents(self, placements: list[Placement]) -> ComparedImage:
        """Return the comparison of an image for all its placements."""
        image = placements[0].image
        found = [*self.root(image), *self.parts(image, placements)]
        mismatches = dict.fromkeys(one for one in found if isinstance(one, ContentMismatch))
        trouble = next((one for one in found if isinstance(one, Trouble)), None)
        return ComparedImage(image, tuple(placements), tuple(mismatches), trouble)

    def root(self, image: Image) -> Iterator[ContentMismatch | Trouble]:
        """Compare the manifest or index that the reference names."""
        found: tuple[ContentMismatch | Trouble, ...] = ()
        if image.digest and not self._agrees(image.digest, image.size, image.media_type):
            found = tuple(self._document(Descriptor(image.digest, image.size, image.media_type), ContentPart.ROOT))
            yield from found
        if image.trouble is not None and not any(isinstance(one, ContentMismatch) for one in found):
            yield image.trouble

    def parts(self, image: Image, placements: Iterable[Placement]) -> Iterator[ContentMismatch | Trouble]:
        """Compare the entries of the index, and the configs and layers of the manifests that nodes would pull."""
        for entry in self._entries(image.document) if isinstance(image.document, Index) else ():
            if not self._agrees(entry.digest, entry.size, entry.media_type):
                yield from self._shared(entry, ContentPart.CHILD)
        payloads: dict[str, Payload] = {}
        for placement in placements:
            if placement.resolution.payload is not None:
                payloads.setdefault(placement.resolution.payload.digest, placement.resolution.payload)
            elif placement.resolution.trouble is not None:
                yield placement.resolution.trouble  # without the manifest, its parts cannot be compared
        if not self._is_strict:
            yield from self._unasked([image.digest, *payloads])
        for payload in payloads.values():
            if payload.flaw:
                yield ContentMismatch(
                    Aspect.VALUE, ContentPart.CHILD, payload.digest, "values that clients accept", payload.flaw
                )
            if payload.config is not None:
                for config in self._stated_again((payload.config,)):
                    yield from self._shared(config, ContentPart.CONFIG)
            for layer in self._stated_again(payload.layers):
                yield from self._shared(layer, ContentPart.LAYER)

    def _stated_again(self, blobs: tuple[Descriptor, ...]) -> Iterable[Descriptor]:
        """Return the configs or layers with further statements to compare. At sources, nearly all layers have none."""
        if self._is_strict:
            return blobs
        observed, configs = self._observed_blobs, self._configs
        return [blob for blob in blobs if blob.digest in observed or blob.digest in configs]

    def _unasked(self, digests: list[str]) -> Iterator[Trouble]:
        """Yield a trouble for each document that was not requested beside others of the image. Older evidence has none."""
        if self._observed_blobs.isdisjoint(digests):
            return
        for digest in dict.fromkeys(digests):
            if digest and digest not in self._observed_blobs:
                detail = f"{digest}: {self._repository} was not asked whether it has this manifest"
                yield Trouble(Kind.MISSING_EVIDENCE, detail)

    def _entries(self, index: Index) -> Iterable[Descriptor]:
        """Return everything that the index lists, including nested indexes and their entries."""
        entries = {entry.digest: entry for entry in index.manifests}
        if any(entry.media_type in INDEXES for entry in index.manifests):
            entries |= {entry.digest: entry for entry in flatten(index, self._nested).manifests}
        return entries.values()

    def _nested(self, digest: str) -> Index | None:
        return observed_index(self._evidence, self._repository, digest)

    def _shared(self, named: Descriptor, part: ContentPart) -> tuple[ContentMismatch | Trouble, ...]:
        key = (named.digest, named.size, part, named.media_type)
        found = self._known.get(key)
        if found is None:
            compare = self._document if part is ContentPart.CHILD else self._blob
            found = self._known[key] = tuple(compare(named, part))
        return found

    def _agrees(self, digest: str, size: int, media_type: str) -> bool:
        """Return whether all statements about a document exist and agree: the fast path for very many documents."""
        shape = self._shapes.get(digest)
        return (
            shape is not None
            and self._proven.get(digest) == media_type == shape.media_type
            and size == shape.size
            and form_of(media_type) is shape.form
        )

    def _document(self, named: Descriptor, part: ContentPart) -> Iterator[ContentMismatch | Trouble]:
        """Compare a manifest or index: its size, its digest and every media type stated for it."""
        observed = self._observed(named, part)
        seen = observed if isinstance(observed, BlobSeen) else None
        shape = self._shapes.get(named.digest)
        if seen is not None and shape is not None and _agree(named, seen, shape):
            return
        if isinstance(observed, Trouble):
            yield observed
        if seen is not None:
            yield from self._bytes(named, seen, part)
        # A collected document is the descriptor's target, even if its bytes came from another repository.
        if shape is not None and shape.size != named.size and (seen is None or seen.size == named.size):
            yield _mismatch(Aspect.SIZE, part, named, named.size, shape.size)
        yield from self._types(named, seen, shape, part)

    def _types(
        self, named: Descriptor, seen: BlobSeen | None, shape: DocumentShape | None, part: ContentPart
    ) -> Iterator[ContentMismatch | Trouble]:
        answered = seen.media_type if seen is not None else ""
        stated = [named.media_type, shape.media_type if shape is not None else ""]
        known = dict.fromkeys(media_type for media_type in (*stated, answered) if form_of(media_type) is not None)
        form = shape.form if shape is not None else next((form_of(media_type) for media_type in known), None)
        if wrong := [media_type for media_type in known if form_of(media_type) is not form]:
            is_answer = part is ContentPart.CHILD and wrong == [answered] and answered not in stated
            aspect = Aspect.CONTENT_TYPE if is_answer else Aspect.FORM
            yield ContentMismatch(aspect, part, named.digest, wrong[0], str(form))
        elif len(known) > 1:
            yield ContentMismatch(Aspect.MEDIA_TYPE, part, named.digest, *[*known][:2])
        if self._is_strict and part is ContentPart.ROOT and seen is not None and form_of(answered) is None and seen.hashed:
            detail = f"{named.digest}: the registry states the Content-Type {answered!r:.100}, which is not a manifest type"
            yield Trouble(Kind.UNSUPPORTED, detail)

    def _blob(self, named: Descriptor, part: ContentPart) -> Iterator[ContentMismatch | Trouble]:
        """Compare a config or layer: its size, and its digest if the bytes were read."""
        observed = self._observed(named, part)
        if isinstance(observed, Trouble):
            yield observed
        elif observed is not None:
            yield from self._bytes(named, observed, part)
        size = self._configs.get(named.digest)
        if size is not None and size != named.size and not (isinstance(observed, BlobSeen) and observed.size != named.size):
            yield _mismatch(Aspect.SIZE, part, named, named.size, size)

    def _bytes(self, named: Descriptor, seen: BlobSeen, part: ContentPart) -> Iterator[ContentMismatch | Trouble]:
        if seen.size != named.size:
            yield _mismatch(Aspect.SIZE, part, named, named.size, seen.size)
        elif seen.hashed not in {"", named.digest}:
            yield ContentMismatch(Aspect.DIGEST, part, named.digest, named.digest, seen.hashed)
        elif self._is_strict and part in self._read and not seen.hashed:
            how = " with `--verify full`" if part is ContentPart.LAYER else ""
            detail = f"{part.noun} {short_digest(named.digest)}: its bytes were not read; collect again{how}"
            yield Trouble(Kind.MISSING_EVIDENCE, detail)

    def _observed(self, named: Descriptor, part: ContentPart) -> BlobSeen | Trouble | None:
        """Return what the registry has, or None if the question is left to others or was not asked."""
        match self._evidence.blob(self._repository, named.digest):
            case Seen(seen):
                return seen
            case Failed(kind, detail) as failed:
                return Trouble(kind, f"{part.noun} {short_digest(named.digest)}: {detail}", failed.faults)
            case Absent():
                return None
            case None:
                detail = f"{part.noun} {short_digest(named.digest)}: it was not requested from the registry"
                return Trouble(Kind.MISSING_EVIDENCE, detail) if self._is_strict else None


def _agree(named: Descriptor, seen: BlobSeen, shape: DocumentShape) -> bool:
    """Return whether all statements about a document exist and agree: the fast path for very many documents."""
    return (
        seen.size == named.size == shape.size
        and seen.hashed == named.digest
        and seen.media_type == named.media_type == shape.media_type
        and form_of(named.media_type) is shape.form
    )


def _mismatch(aspect: Aspect, part: ContentPart, named: Descriptor, expected: int, actual: int) -> ContentMismatch:
    return ContentMismatch(aspect, part, named.digest, str(expected), str(actual))
