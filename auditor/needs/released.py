"""The images that a release of a distribution pulls on an OS: read from its source, or from the hand-written patterns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from auditor.errors import Location
from auditor.facts.release_images import Releases, releases_of
from auditor.needs.default_facts import DefaultRow, Distribution, default_rows

PULLED, LISTED = "pulled", "listed"


@dataclass(frozen=True, slots=True)
class DefaultPull:
    """An image that a release pulls on one OS. `*` in the tag stands for what is not known.

    `certain` is false for what can be disabled. `optional` marks what is pulled only if a setting enables it. `doubt` says why
    it is unknown whether it is pulled at all. `location` is the place that names the image, if the plan's files do. `stated_by`
    is the place of a row that the user added to the facts.
    """

    text: str
    os: str
    part: str
    source: str
    cni: str = ""
    arch: str = ""
    also: tuple[str, ...] = ()
    certain: bool = True
    optional: bool = False
    location: Location | None = None
    doubt: str = ""
    stated_by: str = ""


@dataclass(frozen=True, slots=True)
class ReleaseDefaults:
    """The known images of a release on one OS. `gap` states what is unknown, or is empty.

    `missing` is True if the plan's version is incomplete; else the facts do not cover the version.
    """

    images: tuple[DefaultPull, ...] = ()
    gap: str = ""
    missing: bool = False


def released(distribution: Distribution, version: str, kubernetes: str, revision: str, os: str) -> ReleaseDefaults:
    """Return what a version of a distribution pulls on an OS. `kubernetes` and `revision` are the parts of the version."""
    read, written = releases_of(distribution.name), _written(distribution, version, kubernetes, revision, os)
    found = read.named(version) if read is not None else ()
    if read is not None and found:
        release, more = _common(read, found, os), tuple(image for image in written if image.stated_by)
        if release.images or not written:
            parts = {image.part for image in more}  # the user's row replaces what was read
            return replace(release, images=(*more, *(image for image in release.images if image.part not in parts)))
    covers_os = read is not None and any(image.os == os for image in read.images)
    if written and not covers_os:
        return ReleaseDefaults(written)
    who = f"{distribution.name} {version}"
    through = f". The facts cover {read.coverage}" if read is not None and covers_os else ""
    hedged = tuple(image if image.stated_by else replace(image, certain=False) for image in written)
    return ReleaseDefaults(
        hedged, f"no facts about the images that {who} pulls by default on {os}{through}{artefact(distribution, version, os)}"
    )


def artefact(distribution: Distribution, version: str, os: str) -> str:
    """Return a sentence that names the file of the release with its images; empty if none is known."""
    pattern = distribution.image_list_windows if os == "windows" else distribution.image_list
    return f". Save {pattern.format_map({'version': version})} and name the file in `cluster.images`" if pattern else ""


def _written(distribution: Distribution, version: str, kubernetes: str, revision: str, os: str) -> tuple[DefaultPull, ...]:
    words = {"kubernetes": kubernetes, "revision": revision or "*"}
    return tuple(_of_row(row, words) for row in default_rows(distribution.name, version) if row.os == os)


def _of_row(row: DefaultRow, words: dict[str, str]) -> DefaultPull:
    also = tuple(other.format_map(words) for other in row.also)
    certain = row.certain and row.confidence == "high"
    text = row.image.format_map(words)
    return DefaultPull(text, row.os, row.part, row.source, row.cni, also=also, certain=certain, stated_by=row.stated_by)


def _common(read: Releases, names: tuple[str, ...], os: str) -> ReleaseDefaults:
    """Return the images of the releases that a version names; those that differ between them stay open."""
    of_each = [tuple(_images(read, name, os)) for name in names]
    keys = set[tuple[str, str, str]].intersection(*({_key(image) for image in images} for images in of_each))
    images = tuple(image for image in of_each[-1] if _key(image) in keys)
    if len(images) == len(of_each[-1]) or not any(of_each):
        gap = "" if any(of_each) else f"no facts about the images that {read.distribution} {names[0]} pulls by default on {os}"
        return ReleaseDefaults(images, gap)
    parts = sorted({image.part for each in of_each for image in each if _key(image) not in keys and not image.optional})
    named = ", ".join(names)
    gap = f"the version stands for {named}, whose images differ ({', '.join(parts)}): state it in full"
    return ReleaseDefaults(images, gap, missing=True)


def _key(image: DefaultPull) -> tuple[str, str, str]:
    return image.text, image.cni, image.arch


def _images(read: Releases, name: str, os: str) -> Iterable[DefaultPull]:
    source = read.source_of(name)
    for image, tag in read.images_of(name):
        if image.os == os:
            certain, optional = image.use == PULLED, image.use == LISTED
            text = f"{image.image}:{tag}"
            yield DefaultPull(text, os, image.part, source, image.cni, image.arch, certain=certain, optional=optional)
