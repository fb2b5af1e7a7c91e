"""The view of the planned copy: what happens to layers with `urls` and to platforms on the planned route.

The plan's tool makes every hop: from the sources to archives, and from these to the internal registry. If the archives were
read, their creation is not predicted: the copy starts from their content.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from auditor.net import covers
from auditor.oci.archive import FORMATS
from auditor.oci.document import Descriptor
from auditor.oci.reference import Reference
from auditor.plan.model import CopyPlan, Plan, Program
from auditor.readers.docker_daemon import ALLOW, STORE, Daemon, daemons
from auditor.site.archives.view import Archives
from auditor.site.images import Images, Placement
from auditor.site.layers import foreign_layers
from auditor.sizing.archive_formats import ArchiveFormat, archive_format
from auditor.transfer.copy_layers import Fate, fate_over, layer_row
from auditor.transfer.copy_options import PINNED, Options, read_options
from auditor.transfer.copy_platforms import CopyPlatforms, platform_row
from auditor.transfer.hops import REGISTRY, Hop, Unpredicted

Way = tuple[Hop, ...]
_ALLOW = f"--{ALLOW}"


@dataclass(frozen=True, slots=True)
class Carriage:
    """One image for one pool, and what the planned copy does to each layer with `urls` or a foreign type."""

    placement: Placement
    fates: tuple[tuple[Descriptor, Fate | Unpredicted], ...]

    @property
    def left(self) -> tuple[tuple[Descriptor, Fate], ...]:
        """Return the layers that the copy omits."""
        return tuple((layer, fate) for layer, fate in self.fates if isinstance(fate, Fate) and not fate.carried)

    @property
    def unpredicted(self) -> Unpredicted | None:
        """Return why the result for one of them is unknown, or None."""
        return next((fate for _, fate in self.fates if isinstance(fate, Unpredicted)), None)


@dataclass(frozen=True)
class Transfer:
    """The copy that a plan describes. `from_source`: the sources were requested. `find` returns the archives read."""

    plan: Plan
    copy: CopyPlan
    tool: Program
    find: Callable[[], Archives | None]
    from_source: bool

    @cached_property
    def archives(self) -> Archives | None:
        """Return the archives, or None if not to be read. Loaded late, because most questions do not need them."""
        return self.find()

    @cached_property
    def given(self) -> Options:
        """Return the options in the plan."""
        return read_options(self.copy.options)

    @cached_property
    def options(self) -> Options:
        """Return the effective options. Docker uses its daemon's settings and pushes such layers only to registries listed
        there.
        """
        if self.tool.name != "docker":
            return self.given
        given = tuple(pair for pair in self.given.given if pair[0] != _ALLOW)
        return Options((*given, *self._of_daemons, *(((_ALLOW, ""),) if self.sends_foreign else ())))

    @cached_property
    def sends_foreign(self) -> bool:
        """Return whether Docker may push foreign layers to the internal registry, or to any registry if the plan has none."""
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
        """Return the routes that an image may still take: several for an unknown archive format, none if it has arrived."""
        if self.copy.archives and self.archives is None:
            return tuple(self._way((REGISTRY, kind), reference) for kind in self._writable)
        entries = self.archives.entries.get(reference, ()) if self.archives is not None else ()
        formats = dict.fromkeys(entry.archive.inventory.format for entry in entries)
        if formats:
            return tuple(self._way((kind,), reference) for kind in formats) if self.plan.registry is not None else ()
        if not self.from_source or (self.copy.archives and self.plan.registry is None):
            return ()
        return (self._way((REGISTRY,), reference),)

    def _way(self, places: tuple[str, ...], reference: Reference) -> Way:
        """Return the route over some locations, and from the last one to the internal registry."""
        is_pinned = bool(reference.digest)
        if (places, is_pinned) not in self._made:
            inside = self.plan.registry is not None or len(places) == 1
            steps = pairwise((*places, REGISTRY) if inside else places)
            options = Options((*self.options.given, (PINNED, ""))) if is_pinned else self.options
            way = tuple(Hop(self.tool.name, self.tool.version, origin, to, options) for origin, to in steps)
            self._made[places, is_pinned] = way
        return self._made[places, is_pinned]

    @cached_property
    def _made(self) -> dict[tuple[tuple[str, ...], bool], Way]:
        return {}

    @cached_property
    def _writable(self) -> tuple[str, ...]:
        """Return the archive formats that the tool may write, according to the facts."""
        tool = self.tool
        if self.form is not None:
            return (self.form.place,)
        hops = {kind: Hop(tool.name, tool.version, REGISTRY, kind, self.options) for kind in FORMATS}
        return tuple(kind for kind, hop in hops.items() if not isinstance(layer_row(hop), Unpredicted)) or FORMATS

    @cached_property
    def form(self) -> ArchiveFormat | None:
        """Return the archive that the tool writes, or None if the facts do not say."""
        given = tuple(f"{name} {value}" for name, value in self._of_daemons) if self.tool.name == "docker" else ()
        return archive_format(self.tool.name, self.tool.version, (*self.copy.options, *given))

    def takes_indexes_to(self, place: str) -> bool:
        """Return whether whole indexes arrive there from a registry, with all their manifests. False if unknown."""
        row = platform_row(Hop(self.tool.name, self.tool.version, REGISTRY, place, self.options))
        return isinstance(row, CopyPlatforms) and row.keeps == "all" and row.index == "kept"

    @property
    def keeps_indexes(self) -> bool:
        """Return whether the tool copies an index completely between registries, so that its digest stays."""
        return self.takes_indexes_to(REGISTRY)

    def taken(self, source: Images | None) -> Images | None:
        """Return every image as the copy reads it: from the archive that holds it, else from its source."""
        if self.archives is None:
            return source
        if source is None:
            return self.archives.images()
        pairs = zip(source.placements, self.archives.held, strict=True)
        return Images(source.images, tuple(there if held.entry is None else held.placement for there, held in pairs))

    def carriages(self, placements: Iterable[Placement]) -> Iterator[Carriage]:
        """Yield what happens to such layers, for every placement that has some."""
        for placement in placements:
            layers = self._at_hand(placement)
            if layers and (ways := self.ways(placement.image.reference)):
                yield Carriage(placement, tuple((layer, self._fate(ways, layer)) for layer in layers))

    def _at_hand(self, placement: Placement) -> list[Descriptor]:
        """Return such layers, without those already missing in an archive: other checks report these as observed."""
        entries = self.archives.entries.get(placement.image.reference, ()) if self.archives is not None else ()
        blobs = [entry.archive.inventory.blobs for entry in entries]
        return [layer for layer in foreign_layers(placement) if not blobs or any(layer.digest in held for held in blobs)]

    def _fate(self, ways: tuple[Way, ...], layer: Descriptor) -> Fate | Unpredicted:
        key = (ways, layer.media_type, bool(layer.urls))
        if key not in self._fates:
            self._fates[key] = fate_over(ways, layer.media_type, has_urls=bool(layer.urls))
        return self._fates[key]

    @cached_property
    def _fates(self) -> dict[tuple[tuple[Way, ...], str, bool], Fate | Unpredicted]:
        return {}


def _names(value: str, host: str) -> bool:
    """Return whether an entry matches a registry: by host and port, or by the network of its address."""
    return value in {"", host} or ("/" in value and covers(value, host))


def transfer_of(plan: Plan, find: Callable[[], Archives | None], *, from_source: bool) -> Transfer | None:
    """Return the copy of a plan, or None if it names no tool."""
    if plan.copy is None or plan.copy.tool is None:
        return None
    return Transfer(plan, plan.copy, plan.copy.tool, find, from_source)
