"""Programs that install further workloads from their own image. Facts: auditor/facts/self_installers.yaml."""

from __future__ import annotations

from functools import cache

from auditor.facts import Fact, table
from auditor.oci.reference import Reference


class SelfInstaller(Fact, frozen=True, kw_only=True):
    """One program: the ends of its image's repository, and the workloads that it installs."""

    images: tuple[str, ...]
    why: str


@cache
def _by_name() -> dict[str, tuple[str, SelfInstaller]]:
    """Return the rows by the last part of their images, with the whole end."""
    rows: tuple[SelfInstaller, ...] = table("self_installers", SelfInstaller)
    return {image.rpartition("/")[2]: (image, row) for row in rows for image in row.images}


def installer_of(reference: Reference) -> tuple[str, str] | None:
    """Return the program's name and what it installs for an image; None for other images."""
    path = reference.path
    found = _by_name().get(path.rpartition("/")[2])
    if found is None or not f"/{path}".endswith(f"/{found[0]}"):
        return None
    return found[0], found[1].why
