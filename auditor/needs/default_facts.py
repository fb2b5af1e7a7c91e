"""The facts about what is pulled by default: distributions, their images by version, and the pause images of runtimes."""

from __future__ import annotations

from functools import cache
from typing import Literal

from auditor.facts import Fact, table
from auditor.facts.releases import releases_of
from auditor.facts.versions import Versioned

PAUSE = "pause"


class Distribution(Fact, frozen=True, kw_only=True):
    """A distribution of Kubernetes. `brings` are the network plug-ins that it installs itself.

    `numbering` says what its versions are: those of Kubernetes, its own, or those of a product on another distribution.

    `image_list` says where the exact images of `{version}` are listed, `image_list_windows` the same for Windows nodes; empty
    where that is not known.
    """

    name: str
    own_runtime: bool
    default_cni: str
    brings: tuple[str, ...]
    numbering: Literal["kubernetes", "own", "product"]
    image_list: str = ""
    image_list_windows: str = ""


class DefaultRow(Versioned, frozen=True, kw_only=True):
    """An image that a distribution pulls by itself, in a range of its versions, on one OS."""

    distribution: str
    os: Literal["linux", "windows"]
    image: str
    part: str
    cni: str = ""
    also: tuple[str, ...] = ()
    certain: bool = True


class RuntimePause(Versioned, frozen=True, kw_only=True):
    """The pause image that a runtime asks for when its configuration names none."""

    runtime: str
    image: str


class PauseBuilds(Fact, frozen=True, kw_only=True):
    """The Windows builds for which a pause image has a manifest."""

    repository: str
    tag: str
    builds: tuple[int, ...]


@cache
def distribution_named(name: str) -> Distribution | None:
    """The distribution of that name; None when the facts do not know it."""
    rows: tuple[Distribution, ...] = table("distributions", Distribution)
    return next((row for row in rows if row.name == name.lower()), None)


@cache
def default_rows(distribution: str, version: str) -> tuple[DefaultRow, ...]:
    """The rows that were read for a version; empty when the facts do not cover it."""
    rows: tuple[DefaultRow, ...] = table("default_images", DefaultRow)
    return tuple(row for row in rows if row.distribution == distribution and row.surely_covers(version))


def written_row(distribution: str, repository: str, os: str) -> DefaultRow | None:
    """The hand-written row of an image of a distribution, whatever the version; None if there is none."""
    rows: tuple[DefaultRow, ...] = table("default_images", DefaultRow)
    found = (row for row in rows if (row.distribution, row.os, row.image.rpartition(":")[0]) == (distribution, os, repository))
    return next(found, None)


@cache
def has_images_of_its_own(distribution: str, cni: str) -> bool:
    """Whether a network plug-in of a distribution comes as images at all; else it is part of the distribution's binary."""
    rows: tuple[DefaultRow, ...] = table("default_images", DefaultRow)
    read = releases_of(distribution)
    return any(row.distribution == distribution and row.cni == cni for row in rows) or (
        read is not None and any(image.cni == cni for image in read.images)
    )


@cache
def runtime_pause(runtime: str, version: str) -> RuntimePause | None:
    """The row for a runtime at a version; None when the facts have none."""
    rows: tuple[RuntimePause, ...] = table("pause_images", RuntimePause)
    return next((row for row in rows if row.runtime == runtime and row.surely_covers(version)), None)


@cache
def pause_builds(repository: str, tag: str) -> PauseBuilds | None:
    """For which Windows builds a pause image is there; None when the facts do not know the image."""
    rows: tuple[PauseBuilds, ...] = table("pause_builds", PauseBuilds)
    return next((row for row in rows if (row.repository, row.tag) == (repository, tag)), None)
