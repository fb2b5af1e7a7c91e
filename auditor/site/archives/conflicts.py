"""Find names under which the archives of a plan offer two different images. The reader decides which one a node gets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from auditor.evidence.model import ImageEvidence, Seen
from auditor.oci.archive import ArchivedImage
from auditor.oci.document import Descriptor, Index, MalformedDocument, Manifest, parse_config, parse_document
from auditor.oci.layouts.oci_layout import REF_NAME
from auditor.oci.platform import Platform
from auditor.oci.reference import is_digest, spelt
from auditor.site.archives.evidence import Archive, InArchive

_MAX_DEPTH = 4  # levels of nested indexes
_Builds = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Claim:
    """One root of an archive that has the name."""

    archive: Archive
    root: ArchivedImage


_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Conflict:
    """One name for two different images. `is_asked`: the plan needs an image of this name.

    `platform` is a platform in which they differ. It is empty if they have no platform in common: then both are valid, but the
    one loaded last replaces the other. `is_known`: the manifests and configs of both were read.
    """

    name: str
    first: Claim
    last: Claim
    platform: str
    is_asked: bool
    is_known: bool = True

    @property
    def is_inside_one(self) -> bool:
        """Return whether one archive contradicts itself."""
        return self.first.archive.path == self.last.archive.path


def conflicts_in(archives: Iterable[Archive], asked: Iterable[str], evidence: ImageEvidence) -> Iterator[Conflict]:
    """Yield each name that stands for two images, once per pair of archives, in the order of the archives."""
    wanted = frozenset(asked)
    for name, claims in _claims(archives).items():
        by_path: dict[str, dict[str, Claim]] = {}
        for claim in claims:
            by_path.setdefault(claim.archive.path, {}).setdefault(claim.root.digest, claim)
        firsts = []
        for roots in by_path.values():
            first, *others = roots.values()
            firsts.append(first)
            yield from _next(name, first, others, wanted, evidence)
        yield from _next(name, firsts[0], firsts[1:], wanted, evidence)


def _claims(archives: Iterable[Archive]) -> dict[str, list[Claim]]:
    """Return the roots by name. A bare tag names an image only within its own archive."""
    found: dict[str, list[Claim]] = {}
    for archive in archives:
        for root in archive.inventory.images:
            for name in root.names:
                is_tag = root.name_source == REF_NAME and not {"/", ":", "@"} & set(name)
                key = f"{archive.path}\0{name}" if is_tag else spelt(name)
                found.setdefault(key, []).append(Claim(archive, root))
    return {key: claims for key, claims in found.items() if len(claims) > 1}


def _next(
    name: str, first: Claim, others: Iterable[Claim], wanted: frozenset[str], evidence: ImageEvidence
) -> Iterator[Conflict]:
    """Yield the first of the others that is another image."""
    for other in others:
        if other.root.digest == first.root.digest:
            continue
        one, two = _builds(first, evidence), _builds(other, evidence)
        if one and one == two:
            continue  # the same builds in another form: a converted manifest, or an index of the same manifests
        differs = next((name for name in one if name != _UNKNOWN and name in two and one[name] != two[name]), "")
        is_known = bool(one and two) and _UNKNOWN not in one and _UNKNOWN not in two
        yield Conflict(name.rpartition("\0")[2], first, other, differs, name in wanted, is_known or bool(differs))
        return


def _builds(claim: Claim, evidence: ImageEvidence) -> _Builds:
    """Return the config digest of each platform that a root has in its archive."""
    held = InArchive(evidence, claim.archive, {"": claim.root})
    found: dict[str, str] = {}
    level = [Descriptor(claim.root.digest, claim.root.size, claim.root.media_type)]
    for _ in range(_MAX_DEPTH):
        following: list[Descriptor] = []
        for descriptor in level:
            document = _document(held, descriptor)
            if isinstance(document, Index):
                following += [child for child in document.manifests if not child.is_attestation and is_digest(child.digest)]
            elif isinstance(document, Manifest):
                found.setdefault(_platform(held, document), document.config.digest)
        level = following
    return found


def _document(held: InArchive, descriptor: Descriptor) -> object:
    match held.content("", descriptor.digest):
        case Seen(content):
            try:
                return parse_document(content.body, content.media_type)
            except MalformedDocument:
                return None
        case _:
            return None


def _platform(held: InArchive, manifest: Manifest) -> str:
    """Return the platform without the Windows revision, because nodes treat two revisions of one build as equal."""
    match held.content("", manifest.config.digest):
        case Seen(content):
            try:
                platform = parse_config(content.body).platform
            except MalformedDocument:
                return _UNKNOWN
            build = ".".join(platform.os_version.split(".")[:3])
            return str(Platform(platform.os, platform.architecture, platform.variant, build))
        case _:
            return _UNKNOWN
