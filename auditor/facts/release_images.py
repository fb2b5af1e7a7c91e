"""The images of every release of a distribution that was read from its source: generated tables (`tools/facts`).

A table is a JSON file under `releases/`, one per distribution, so that a plan loads only its own. A range `first..last` means
the releases from `first` to `last` in the order of the table; every one of them was read.
"""

from __future__ import annotations

import datetime
from functools import cache
from typing import Literal

import msgspec

from auditor.facts import RELEASED
from auditor.facts.versions import Version, parse_version
from auditor.own_files import text_in

NAMES = RELEASED


class ReleasedImage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One image of a distribution with its tags by release.

    `use`: `pulled` by every cluster, `switchable` if a setting can disable it, `listed` if only a setting enables it.
    """

    image: str
    os: Literal["linux", "windows"]
    part: str
    use: Literal["pulled", "switchable", "listed"]
    cni: str = ""
    arch: str = ""
    tags: dict[str, tuple[str, ...]]


class Releases(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """All releases of a distribution, product or runtime that were read, with the commit of each."""

    about: str
    distribution: str
    repository: str
    as_of: datetime.date
    verified_through: str
    paths: tuple[str, ...]
    settings: dict[str, dict[str, tuple[str, ...]]] = {}
    releases: dict[str, str]
    images: tuple[ReleasedImage, ...]

    def named(self, version: str) -> tuple[str, ...]:
        """Return the releases that a version names: one, or all revisions of it if the version states none."""
        if f"v{version.removeprefix('v')}" in self.releases:
            return (f"v{version.removeprefix('v')}",)
        wanted = parse_version(version)
        if wanted is None or self._is_of_another(version):
            return ()
        return tuple(tag for tag in self.releases if _is(wanted, tag, states_revision="+" in version))

    def _is_of_another(self, version: str) -> bool:
        """Return whether the revision of a version names another distribution: v1.35.3+k3s1 is no release of RKE2."""
        revision = version.partition("+")[2].lower()
        return "+" in self.verified_through and bool(revision) and not revision.startswith(self.distribution)

    def images_of(self, release: str) -> tuple[tuple[ReleasedImage, str], ...]:
        """Return every image of a release with its tag."""
        place = {tag: at for at, tag in enumerate(self.releases)}
        at, (kubernetes, _, revision) = place[release], release.removeprefix("v").partition("+")
        return tuple(
            (image, tag.replace("{kubernetes}", kubernetes).replace("{revision}", revision))
            for image in self.images
            for tag, ranges in image.tags.items()
            if any(_holds(text, at, place) for text in ranges)
        )

    def setting(self, name: str, release: str) -> str:
        """Return the value of a setting in a release, or an empty text if the table does not have it."""
        place = {tag: at for at, tag in enumerate(self.releases)}
        values = self.settings.get(name, {}).items()
        return next((value for value, ranges in values if any(_holds(text, place[release], place) for text in ranges)), "")

    def source_of(self, release: str) -> str:
        """Return where the images of a release were read."""
        commit = self.releases[release]
        return f"{self.repository} {', '.join(self.paths)} at {release} (commit {commit})"

    @property
    def coverage(self) -> str:
        """Return how far the table goes, as a phrase."""
        return f"{self.distribution} releases up to {self.verified_through} (checked {self.as_of:%Y-%m})"


def _is(wanted: Version, tag: str, *, states_revision: bool) -> bool:
    version = parse_version(tag)
    if version is None:
        return False
    if states_revision:
        return version == wanted
    return (version.numbers, version.stage, version.pre_release) == (wanted.numbers, wanted.stage, wanted.pre_release)


def _holds(text: str, at: int, place: dict[str, int]) -> bool:
    first, _, last = text.partition("..")
    return place[first] <= at <= place[last or first]


@cache
def releases_of(distribution: str) -> Releases | None:
    """Return the table of a distribution, or None for a distribution without one.

    Raises ValueError if the file does not have the shape of a table; as it ships with the program, that is a bug.
    """
    if distribution not in NAMES:
        return None
    try:
        return msgspec.json.decode(text_in("auditor.facts", f"releases/{distribution}.json"), type=Releases)
    except msgspec.ValidationError as error:
        raise ValueError(f"auditor/facts/releases/{distribution}.json: {error}") from error
