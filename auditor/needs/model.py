"""Which image is needed, on which platform, for which pool, and why."""

from __future__ import annotations

from dataclasses import dataclass, field

from auditor.errors import Location
from auditor.oci.platform import Platform
from auditor.oci.reference import Reference
from auditor.readers.demands import Demand
from auditor.readers.model import ListLine


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an image is needed: what asked for it (`list`, `inline`, `manifest`, `chart`, `default`) and where."""

    kind: str
    location: Location

    def __str__(self) -> str:
        return f"{self.kind} {self.location}"


@dataclass(frozen=True, slots=True)
class Need:
    """One image on one platform for one pool, with every reason why."""

    reference: Reference
    pool: str
    platform: Platform = field(hash=False)
    why: tuple[Reason, ...] = field(hash=False)  # there may be many: the others tell needs apart well enough
    host_process: bool = False


@dataclass(frozen=True, slots=True)
class DefaultImage:
    """An image that nobody writes in a manifest: `who` pulls it on the nodes of `pools`, for `part`.

    `text` is a reference, or has a tag with `*` that only the registry can complete: then `reference` is None. `also` are other
    spellings that will do. `certain` is false for what can be switched off, or may be set otherwise on the nodes.
    `image_list` says where the exact tags are listed, empty where that is not known. `optional` marks what is pulled only if a
    setting enables it: the lists need not have it, but should not have another tag of it only. `doubt` says why it is unknown
    whether the image is pulled at all.
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
    """What is pulled by default and nobody can tell. `missing`: the plan does not say enough; else the facts do not."""

    who: str
    detail: str
    location: Location
    pool: str = ""
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the distribution and the runtimes pull by themselves, and what of it is not known."""

    images: tuple[DefaultImage, ...] = ()
    unknown: tuple[UnknownDefault, ...] = ()


@dataclass(frozen=True, slots=True)
class Needs:
    """Everything that the plan's sources add up to: lines and demands as written, and the needs that they mean.

    `defaults` are apart from the demands of workloads: nobody wrote them down. `passed_over` are files under
    folders of manifests that hold neither objects nor values that look like images.
    """

    lines: tuple[ListLine, ...] = ()
    needs: tuple[Need, ...] = ()
    demands: tuple[Demand, ...] = ()
    defaults: Defaults = field(default_factory=Defaults)
    passed_over: tuple[str, ...] = ()
