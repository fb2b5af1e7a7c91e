"""The view of the planned copy: what becomes of layers with `urls` and of platforms, on the way that the plan describes.

The tool of the plan is taken for every hop: from the sources, or out of the archives where only those were looked at, into the
registry inside. Which format an archive has is known only where somebody looked at it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from auditor.oci.archive import FORMATS
from auditor.oci.document import Descriptor
from auditor.oci.reference import Reference
from auditor.plan.docker_daemon import ALLOW, STORE, Daemon, daemons
from auditor.plan.model import Copy, Plan, Program
from auditor.site.archives.view import Archives
from auditor.site.images import Placement
from auditor.site.layers import foreign_layers
from auditor.transfer.hops import REGISTRY, Hop, Unpredicted
from auditor.transfer.layers import Fate, fate_over, layer_row
from auditor.transfer.network import is_reachable
from auditor.transfer.options import Options, read_options

Way = tuple[Hop, ...]
_ALLOW = f"--{ALLOW}"


@dataclass(frozen=True, slots=True)
class Carriage:
    """One image for one pool that needs it, and what the planned copy does to each layer with `urls` or a foreign type."""

    placement: Placement
    fates: tuple[tuple[Descriptor, Fate | Unpredicted], ...]

    @property
    def left(self) -> tuple[tuple[Descriptor, Fate], ...]:
        """The layers that the copy leaves behind."""
        return tuple((layer, fate) for layer, fate in self.fates if isinstance(fate, Fate) and not fate.carried)

    @property
    def unpredicted(self) -> Unpredicted | None:
        """Why it is not known of one of them."""
        return next((fate for _, fate in self.fates if isinstance(fate, Unpredicted)), None)


@dataclass(frozen=True)
class Transfer:
    """The copy that a plan describes. `from_source` is false when only archives are at hand: they are what is pushed."""

    plan: Plan
    copy: Copy
    tool: Program
    archives: Archives | None
    from_source: bool

    @cached_property
    def given(self) -> Options:
        """What the plan says that the tool is called with."""
        return read_options(self.copy.options)

    @cached_property
    def options(self) -> Options:
        """What counts of it. Docker goes by its daemon's settings, and sends such layers only to registries that they name."""
        if self.tool.name != "docker":
            return self.given
        given = tuple(pair for pair in self.given.given if pair[0] != _ALLOW)
        return Options((*given, *self._of_daemons, *(((_ALLOW, ""),) if self.sends_foreign else ())))

    @cached_property
    def sends_foreign(self) -> bool:
        """Whether Docker is told to send foreign layers to the registry inside; where there is none, to any."""
        named = [value for name, value in self.given.given if name == _ALLOW]
        named += [host.text for daemon in self._daemons for host in daemon.allow or ()]
        registry = self.plan.registry
        return any(registry is None or _names(value, registry.host) for value in named)

    @cached_property
    def _daemons(self) -> tuple[Daemon, ...]:
        return tuple(daemon for daemon in daemons(self.plan, self.copy.config) if isinstance(daemon, Daemon))

    @property
    def _of_daemons(self) -> Iterator[tuple[str, str]]:
        for daemon in self._daemons:
            if daemon.store is not None:
                yield "--feature", f"{STORE}={str(daemon.store).lower()}"

    def ways(self, reference: Reference) -> tuple[Way, ...]:
        """The ways that an image may go: several where nobody knows the format of its archive, none when it goes nowhere."""
        if not self.copy.archives:
            return (self._way(None),) if self.from_source else ()
        return tuple(way for kind in self._formats(reference) if (way := self._way(kind)))

    def _way(self, archive: str | None) -> Way:
        places = [REGISTRY] if self.from_source else []
        places += [archive] if archive is not None else []
        places += [REGISTRY] if self.plan.registry is not None or archive is None else []
        return self._hops(tuple(places))

    def _hops(self, places: tuple[str, ...]) -> Way:
        if places not in self._made:
            steps = pairwise(places)
            self._made[places] = tuple(Hop(self.tool.name, self.tool.version, origin, to, self.options) for origin, to in steps)
        return self._made[places]

    @cached_property
    def _made(self) -> dict[tuple[str, ...], Way]:
        return {}

    def _formats(self, reference: Reference) -> Iterable[str]:
        """The formats of the archives that hold an image; else of all that were read; else all that there are."""
        entries = self.archives.entries.get(reference, ()) if self.archives is not None else ()
        read = [entry.archive for entry in entries] or (self.archives.read if self.archives is not None else ())
        return dict.fromkeys(archive.inventory.format for archive in read if archive.inventory.format) or self._writable

    @cached_property
    def _writable(self) -> tuple[str, ...]:
        """The formats in which the tool writes archives, as far as the facts say; all of them where they say nothing."""
        tool = self.tool
        hops = {kind: Hop(tool.name, tool.version, REGISTRY, kind, self.options) for kind in FORMATS}
        return tuple(kind for kind, hop in hops.items() if not isinstance(layer_row(hop), Unpredicted)) or FORMATS

    def carriages(self, placements: Iterable[Placement]) -> Iterator[Carriage]:
        """What becomes of such layers, for every placement that has some."""
        for placement in placements:
            layers = foreign_layers(placement)
            if layers and (ways := self.ways(placement.image.reference)):
                yield Carriage(placement, tuple((layer, self._fate(ways, layer)) for layer in layers))

    def _fate(self, ways: tuple[Way, ...], layer: Descriptor) -> Fate | Unpredicted:
        key = (ways, layer.media_type, bool(layer.urls))
        if key not in self._fates:
            self._fates[key] = fate_over(ways, layer.media_type, has_urls=bool(layer.urls))
        return self._fates[key]

    @cached_property
    def _fates(self) -> dict[tuple[tuple[Way, ...], str, bool], Fate | Unpredicted]:
        return {}


def _names(value: str, host: str) -> bool:
    """Whether an entry means a registry: by host and port, or as the network that its address lies in."""
    return value in {"", host} or ("/" in value and is_reachable(host.rpartition(":")[0].strip("[]") or host, (value,)))


def transfer_of(plan: Plan, archives: Archives | None, *, from_source: bool) -> Transfer | None:
    """The copy of a plan; None when it names no tool."""
    if plan.copy is None or plan.copy.tool is None:
        return None
    return Transfer(plan, plan.copy, plan.copy.tool, archives, from_source)
