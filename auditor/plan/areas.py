"""The areas of a site that an audit can examine, and the names by which a plan or a command requires them."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from types import MappingProxyType

SITE = "site"  # stands for every area


class Area(enum.StrEnum):
    """One part of a site that a check examines. The report's scope lists the areas in this order."""

    SOURCES = "sources"  # images at their source registries
    COPIES = "copies"  # images in the internal registry or in archives
    NODE_ACCESS = "node-access"  # how nodes reach the internal registry
    CONNECTIONS = "connections"  # connections to external hosts
    FOREIGN_LAYERS = "foreign-layers"
    STORAGE = "storage"  # bytes per stage against capacities
    TRUST = "trust"  # TLS trust per pool
    WORKLOADS = "workloads"  # images that workloads run
    DEFAULTS = "defaults"  # images and behaviour of the distribution and the runtimes
    CALENDAR = "calendar"  # certificates, CRLs and support that end before the horizon

    @property
    def label(self) -> str:
        """The name of the area for people."""
        return _LABELS[self]


_LABELS: Mapping[Area, str] = MappingProxyType(
    {
        Area.SOURCES: "images at their source",
        Area.COPIES: "internal registry or archives",
        Area.NODE_ACCESS: "how nodes reach it",
        Area.CONNECTIONS: "external connections",
        Area.FOREIGN_LAYERS: "foreign layers",
        Area.STORAGE: "storage per stage",
        Area.TRUST: "TLS trust per pool",
        Area.WORKLOADS: "workloads",
        Area.DEFAULTS: "distribution defaults",
        Area.CALENDAR: "calendar",
    }
)
REQUIRABLE: tuple[str, ...] = (SITE, *(area.value for area in Area))


def areas_of(names: Iterable[str]) -> frozenset[Area]:
    """Return the areas for names; `site` stands for all. Raises ValueError for any other name."""
    found: set[Area] = set()
    for name in names:
        found.update(Area if name == SITE else {Area(name)})
    return frozenset(found)
