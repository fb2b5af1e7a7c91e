"""The results of the readers: lines of image lists and settings of nodes, each with its location."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.errors import Location
from auditor.oci.platform import Platform
from auditor.oci.reference import Reference


@dataclass(frozen=True, slots=True)
class ListLine:
    """One entry of an image list, or one inline reference. Exactly one of `reference`, `error` and `unbounded` is set.

    `platforms` are those to which the list's format restricts the entry; empty means no restriction. `unbounded` gives the
    reason why the list does not enumerate the images of the entry: a whole repository, a range of versions, a template.
    """

    text: str
    location: Location
    pools: tuple[str, ...]
    reference: Reference | None = None
    error: str = ""
    digest: str = ""  # a digest in a separate column next to the reference
    sources: tuple[str, ...] = ()
    host_process: bool = False
    platforms: tuple[Platform, ...] = ()
    unbounded: str = ""
    imports: str = ""  # the folder of another package, relative to the plan, that has the images


@dataclass(frozen=True, slots=True)
class Setting:
    """A value in a node's configuration, as written there, and its location."""

    text: str
    location: Location
