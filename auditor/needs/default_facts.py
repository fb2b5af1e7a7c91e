"""Facts about default images: distributions, their images by version, and the pause images of runtimes."""

from __future__ import annotations

import re
from typing import Literal

from auditor.facts import Fact, remembered, table
from auditor.facts.lookup import Found, rows_at
from auditor.facts.release_images import releases_of
from auditor.facts.versions import Answer, Versioned

PAUSE = "pause"
NO_CNI = "none"


class Distribution(Fact, frozen=True, kw_only=True):
    """A Kubernetes distribution. `brings` lists the network plug-ins that it installs itself.

    `numbering`: the versions are those of Kubernetes, its own, or those of a product that runs on another distribution.
    `image_list` and `image_list_windows` state where the exact images of `{version}` are listed, or are empty if unknown.
    """

    name: str
    own_runtime: bool
    default_cni: str
    brings: tuple[str, ...]
    numbering: Literal["kubernetes", "own", "product"]
    image_list: str = ""
    image_list_windows: str = ""


class DefaultRow(Versioned, frozen=True, kw_only=True):
    """An image that a distribution pulls by default, in a range of its versions, on one OS."""

    distribution: str
    os: Literal["linux", "windows"]
    image: str
    part: str
    cni: str = ""
    also: tuple[str, ...] = ()
    certain: bool = True


class RuntimePause(Versioned, frozen=True, kw_only=True):
    """The pause image that a runtime uses if its configuration names none."""

    runtime: str
    image: str


class PauseBuilds(Fact, frozen=True, kw_only=True):
    """The Windows builds for which a pause image has a manifest."""

    repository: str
    tag: str
    builds: tuple[int, ...]


@remembered
def distribution_named(name: str) -> Distribution | None:
    """Return the distribution of that name, or None if the facts do not have it."""
    rows: tuple[Distribution, ...] = table("distributions", Distribution)
    return next((row for row in rows if row.name == name.lower()), None)


@remembered
def default_rows(distribution: str, version: str) -> tuple[DefaultRow, ...]:
    """Return the rows for a version; empty if the facts do not cover it."""
    rows: tuple[DefaultRow, ...] = table("default_images", DefaultRow)
    return tuple(row for row in rows if row.distribution == distribution and row.covers(version) is Answer.YES)


def written_row(distribution: str, repository: str, os: str) -> DefaultRow | None:
    """Return the first hand-written row of a distribution's image for any version, or None."""
    rows: tuple[DefaultRow, ...] = table("default_images", DefaultRow)
    found = (row for row in rows if (row.distribution, row.os, row.image.rpartition(":")[0]) == (distribution, os, repository))
    return next(found, None)


def cnis_of(cni: str, distribution: Distribution) -> tuple[str, ...]:
    """Return the network plug-ins of a plan's `cni`, in the spelling of the facts: `multus,canal` is two.

    An empty `cni` is the default of the distribution; `none` is no plug-in.
    """
    named = re.split(r"[\s,+]+", (cni or distribution.default_cni).lower().strip())
    known = {name.replace("-", ""): name for name in distribution.brings}
    return tuple(known.get(name.replace("-", ""), name) for name in named if name and name != NO_CNI)


@remembered
def has_images_of_its_own(distribution: str, cni: str) -> bool:
    """Return whether a network plug-in of a distribution consists of images. If not, the distribution's binary contains it."""
    rows: tuple[DefaultRow, ...] = table("default_images", DefaultRow)
    read = releases_of(distribution)
    return any(row.distribution == distribution and row.cni == cni for row in rows) or (
        read is not None and any(image.cni == cni for image in read.images)
    )


@remembered
def runtime_pauses(runtime: str, version: str) -> Found[RuntimePause]:
    """Return the rows for a runtime at a version, or the gap if the facts do not answer."""
    rows: tuple[RuntimePause, ...] = table("pause_images", RuntimePause)
    return rows_at((row for row in rows if row.runtime == runtime), version, runtime)


@remembered
def pause_builds(repository: str, tag: str) -> PauseBuilds | None:
    """Return the Windows builds for which a pause image has a manifest, or None if the facts do not have the image."""
    rows: tuple[PauseBuilds, ...] = table("pause_builds", PauseBuilds)
    return next((row for row in rows if (row.repository, row.tag) == (repository, tag)), None)
