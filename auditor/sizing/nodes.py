"""What a node's disk holds beside image layers, and how full it may become."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from auditor.facts import Fact, table
from auditor.sizing.ranged import Piece


class RuntimeStore(Fact, frozen=True, kw_only=True):
    """Whether a runtime keeps the compressed blobs of an image beside what it unpacked."""

    runtime: str
    keeps_blobs: bool


class Scratch(Fact, frozen=True, kw_only=True):
    """What the writable layer of one container takes when it starts, by operating system. Its growth is the workload's."""

    os: str
    bytes: int


class KubeletThreshold(Fact, frozen=True, kw_only=True):
    """A percentage of use at which kubelet acts by default."""

    name: str
    percent: int


@dataclass(frozen=True, slots=True)
class Threshold:
    """The share of a disk, and the bytes of it, that may be used before kubelet removes images."""

    percent: int
    bytes: int


DEFAULT_RUNTIME = "containerd"


@cache
def keeps_blobs(runtime: str) -> bool | None:
    """Whether the runtime keeps compressed blobs; None when the facts do not say. A pool without a runtime runs containerd."""
    rows: tuple[RuntimeStore, ...] = table("runtime_stores", RuntimeStore)
    return next((row.keeps_blobs for row in rows if row.runtime == (runtime or DEFAULT_RUNTIME)), None)


def scratch(os: str, containers: int) -> Piece:
    """The writable layers of so many containers: an estimate, and nothing at least."""
    rows: tuple[Scratch, ...] = table("container_scratch", Scratch)
    each = next((row.bytes for row in rows if row.os == os), 0)
    return Piece("\x00scratch", each * containers, 0, each * containers)


def collection_starts(disk: int) -> Threshold:
    """Where kubelet starts to remove images, by its default."""
    rows: tuple[KubeletThreshold, ...] = table("kubelet_thresholds", KubeletThreshold)
    (percent,) = (row.percent for row in rows if row.name == "imageGCHighThresholdPercent")
    return Threshold(percent, disk * percent // 100)
