"""Disk use of a node besides image layers, and the usage limit of its disk."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from auditor.facts import Fact, table
from auditor.sizing.ranged import Piece


class RuntimeStore(Fact, frozen=True, kw_only=True):
    """Whether a runtime keeps the compressed blobs of an image after it unpacked them."""

    runtime: str
    keeps_blobs: bool


class Scratch(Fact, frozen=True, kw_only=True):
    """The initial size of a container's writable layer, by operating system. Its growth depends on the workload."""

    os: str
    bytes: int


class KubeletThreshold(Fact, frozen=True, kw_only=True):
    """A disk usage percentage at which kubelet acts by default."""

    name: str
    percent: int


@dataclass(frozen=True, slots=True)
class ImageThreshold:
    """The share of a disk, and its bytes, that may be used before kubelet removes images."""

    percent: int
    bytes: int


DEFAULT_RUNTIME = "containerd"


@cache
def keeps_blobs(runtime: str) -> bool | None:
    """Return whether the runtime keeps compressed blobs, or None if unknown. Pools without a runtime use containerd."""
    rows: tuple[RuntimeStore, ...] = table("runtime_stores", RuntimeStore)
    return next((row.keeps_blobs for row in rows if row.runtime == (runtime or DEFAULT_RUNTIME)), None)


def scratch(os: str, containers: int) -> Piece:
    """Return the writable layers of `containers` containers as an estimate with a lower bound of 0."""
    rows: tuple[Scratch, ...] = table("container_scratch", Scratch)
    each = next((row.bytes for row in rows if row.os == os), 0)
    return Piece("\x00scratch", each * containers, 0, each * containers)


def collection_starts(disk: int) -> ImageThreshold:
    """Return the disk usage at which kubelet starts to remove images by default."""
    rows: tuple[KubeletThreshold, ...] = table("kubelet_thresholds", KubeletThreshold)
    (percent,) = (row.percent for row in rows if row.name == "imageGCHighThresholdPercent")
    return ImageThreshold(percent, disk * percent // 100)
