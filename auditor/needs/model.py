"""Image needs: which image, on which platform, for which pool, and why."""

from __future__ import annotations

from dataclasses import dataclass, field

from auditor.errors import Location
from auditor.oci.platform import Platform
from auditor.oci.reference import Reference
from auditor.readers.demands import Demand, WantedChart
from auditor.readers.model import ListLine


@dataclass(frozen=True, slots=True)
class Reason:
    """The reason why an image is needed: the kind of source (`list`, `inline`, `manifest`, `chart`, `default`) and its
    location."""

    kind: str
    location: Location

    def __str__(self) -> str:
        return f"{self.kind} {self.location}"


@dataclass(frozen=True, slots=True)
class Need:
    """One image on one platform for one pool, with all reasons."""

    reference: Reference
    pool: str
    platform: Platform = field(hash=False)
    why: tuple[Reason, ...] = field(hash=False)  # there may be many reasons, and the other fields suffice for the hash
    host_process: bool = False


@dataclass(frozen=True, slots=True)
class DefaultImage:
    """An image that no manifest names: `who` pulls it on the nodes of `pools`, for `part`.

    `text` is a reference, or has a tag with `*` that only the registry can complete; then `reference` is None. `also` lists
    other accepted spellings. `certain` is False if the component can be switched off or the nodes may set another image.
    `image_list` states where the exact tags are listed, or is empty if unknown. `optional`: only a setting enables the
    component, so the lists need not have the image, but another tag of it alone is wrong. `doubt` states why it is unknown
    whether the cluster pulls the image.
    """

    who: str
    part: str
    text: str
    location: Location
    pools: tuple[str, ...]
    source: str
    reference: Reference | None = None
    also: tuple[str, ...] = ()
    certain: bool = True
    image_list: str = ""
    optional: bool = False
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class UnknownDefault:
    """An unknown default image. `missing`: True if the plan lacks data, False if the facts do."""

    who: str
    detail: str
    location: Location
    pool: str = ""
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Defaults:
    """The images that the distribution and the runtimes pull by default, and the unknown ones."""

    images: tuple[DefaultImage, ...] = ()
    unknown: tuple[UnknownDefault, ...] = ()


@dataclass(frozen=True, slots=True)
class Needs:
    """All needs of a plan: list lines and demands as written, and the image needs that result from them.

    `defaults` are separate from the demands of workloads, because no file names them. `passed_over` are files in manifest
    folders that hold neither objects nor values that look like images. `charts` are those that releases pull from a registry.
    """

    lines: tuple[ListLine, ...] = ()
    needs: tuple[Need, ...] = ()
    demands: tuple[Demand, ...] = ()
    defaults: Defaults = field(default_factory=Defaults)
    passed_over: tuple[str, ...] = ()
    charts: tuple[WantedChart, ...] = ()
