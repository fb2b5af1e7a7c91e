"""Inputs that are missing for the complete examination of an area, with the plan key or option that adds them.

docs/scope.md shows the same as a table. A missing key never counts as "none": if a site has no scripts or media, the plan must
declare that with an empty value (`scripts: []`, `media: null`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from auditor.evidence.model import Place
from auditor.plan.areas import Area
from auditor.plan.host_port import split_host_port
from auditor.plan.model import Pool, Registry
from auditor.site import Requirement, Site
from auditor.site.images import Placement, Standing
from auditor.site.layers import foreign_layers
from auditor.site.mirrors import PullRoute
from auditor.text import listed

_NAMED = 3
_HTTPS = 443


@dataclass(frozen=True, slots=True)
class ScopeGap:
    """One missing input. `what` names it, `hint` is a sentence that states how to add it."""

    what: str
    hint: str


def gaps(site: Site, area: Area) -> tuple[ScopeGap, ...]:
    """Return the missing inputs of an area, each once."""
    return tuple(dict.fromkeys(_GAPS[area](site)))


def has_plain_registry(site: Site) -> bool:
    """Whether the plan declares that nodes connect to the internal registry without verifying a certificate."""
    return site.plan.registry is not None and site.plan.registry.insecure


def _pools(site: Site, lacks: Callable[[Pool], bool], what: str, key: str) -> Iterator[ScopeGap]:
    """Return one gap for all pools that lack a key."""
    names = [pool.name for pool in site.plan.pools if lacks(pool)]
    if names:
        yield ScopeGap(f"{what} of {listed(names, _NAMED)}", f"Add `{key}` to the pools {listed(names, _NAMED)}.")


def _images(site: Site) -> Iterator[ScopeGap]:
    if site.lacks(Requirement.IMAGES):
        yield ScopeGap("images", "Add `images: [{list: …}]` or `workloads: [{manifests: …}]` to the plan.")
        return
    served = {need.pool for need in site.needs.needs}
    idle = [pool.name for pool in site.plan.pools if pool.name not in served]
    if idle:
        yield ScopeGap(
            f"images for {listed(idle, _NAMED)}", f"List the images of the pools {listed(idle, _NAMED)} in `images`."
        )
    # Whether Windows runs an image of another build depends on the runtime.
    unsure = {placement.pool.name for placement in site.images.placements if placement.standing is Standing.FALLBACK}
    yield from _pools(site, lambda pool: pool.name in unsure and pool.runtime is None, "runtime", "runtime: …")


def _lists(site: Site) -> Iterator[ScopeGap]:
    if site.lacks(Requirement.LISTS):
        yield ScopeGap("image lists", "Add `images: [{list: …}]` to the plan.")


def _registry(site: Site) -> Iterator[ScopeGap]:
    if site.plan.registry is None:
        yield ScopeGap("internal registry", "Add `registry: {host: …}` to the plan.")


def _registry_kind(site: Site) -> Iterator[ScopeGap]:
    yield from _registry(site)
    if site.plan.registry is not None and site.plan.registry.kind is None:
        yield ScopeGap("kind of the internal registry", "Add `registry: {kind: …}` to the plan.")


def _node_config(site: Site) -> Iterator[ScopeGap]:
    yield from _pools(site, lambda pool: not pool.config, "node configuration", "config: […]")


def _sources(site: Site) -> Iterator[ScopeGap]:
    yield from _images(site)
    if site.lacks(Requirement.SOURCE):
        yield ScopeGap("source registries", "Collect with `--via source`.")


def _copies(site: Site) -> Iterator[ScopeGap]:
    yield from _images(site)
    asked, has_archives = Place.TARGET in site.places, _has_archives(site)
    if site.plan.registry is None and (asked or not has_archives):
        hint = "Add `registry: {host: …}` to the plan and collect with `--via target`, or add `copy: {archives: […]}`."
        yield ScopeGap("internal registry or archives", hint)
    elif not asked and not (has_archives and Place.ARCHIVES in site.places):
        yield ScopeGap("internal registry", f"Collect with `--via target`{' or `--via archives`' if has_archives else ''}.")


def _has_archives(site: Site) -> bool:
    return site.plan.copy is not None and bool(site.plan.copy.archives)


def _node_access(site: Site) -> Iterator[ScopeGap]:
    yield from _images(site)
    yield from _registry(site)
    yield from _node_config(site)


def _connections(site: Site) -> Iterator[ScopeGap]:
    plan = site.plan
    yield from _node_config(site)
    yield from _workload_files(site)
    if not (plan.copy is not None and plan.copy.scripts) and not plan.declares("copy", "scripts"):
        yield ScopeGap("scripts", "Add `copy: {scripts: […]}`, or `scripts: []` if no script runs.")
    yield from _registry_kind(site)
    if plan.registry is not None and not plan.registry.config and not plan.declares("registry", "config"):
        hint = "Add `registry: {config: …}`, or `config: null` if the registry is not a pull-through cache."
        yield ScopeGap("configuration of the internal registry", hint)
    if not site.lacks(Requirement.WINDOWS_POOLS) and site.lacks(Requirement.ENDPOINTS):
        yield ScopeGap("TLS endpoints", "Add `endpoints: [host:port]` to the plan.")


def _foreign_layers(site: Site) -> Iterator[ScopeGap]:
    yield from _images(site)
    if Place.ARCHIVES in site.places and not _has_archives(site):
        yield ScopeGap("archives", "Add `copy: {archives: […]}` to the plan.")
    if Place.TARGET in site.places:
        yield from _registry(site)
    bare = {egress.pool for egress in site.layer_egress}
    yield from _pools(site, lambda pool: pool.name in bare and pool.runtime is None, "runtime", "runtime: …")
    if site.target is None and any(map(foreign_layers, _seen_placements(site))):
        if site.transfer is None:
            hint = "Add `copy: {tool: …}` to the plan, or collect with `--via target` after the copy."
            yield ScopeGap("how foreign layers are copied", hint)
        yield from _registry_kind(site)


def _seen_placements(site: Site) -> Iterator[Placement]:
    """Yield every image for every pool, at each place that was collected from."""
    yield from site.images.placements
    yield from site.delivered
    if site.archives is not None:
        yield from (held.placement for held in site.archives.held)


def _storage(site: Site) -> Iterator[ScopeGap]:
    plan = site.plan
    yield from _images(site)
    yield from _pools(site, lambda pool: pool.disk is None, "disk", "disk: …")
    yield from _registry(site)
    if plan.registry is not None and plan.registry.disk is None:
        yield ScopeGap("disk of the internal registry", "Add `registry: {disk: …}` to the plan.")
    media = plan.copy.media if plan.copy is not None else None
    if media is None and not plan.declares("copy", "media"):
        yield ScopeGap("media", "Add `copy: {media: {size: …, filesystem: …}}`, or `media: null` if no media are used.")
    if media is not None and not media.filesystem:
        yield ScopeGap("filesystem of the media", "Add `copy: {media: {filesystem: …}}` to the plan.")
    if (plan.copy is None or plan.copy.staging is None) and not plan.declares("copy", "staging"):
        yield ScopeGap("staging disk", "Add `copy: {staging: {disk: …}}`, or `staging: null` if there is no staging disk.")


def _trust(site: Site) -> Iterator[ScopeGap]:
    yield from _endpoints(site)
    undeclared = "or `trust: []` if the roots of the operating system are enough"
    names = [pool.name for pool in site.plan.pools if not pool.trust and not site.plan.declares("pools", pool.name, "trust")]
    if names:
        yield ScopeGap(
            f"trust of {listed(names, _NAMED)}", f"Add `trust: […]` to the pools {listed(names, _NAMED)}, {undeclared}."
        )
    yield from _node_config(site)


def _endpoints(site: Site) -> Iterator[ScopeGap]:
    """Return every host that nodes pull from by TLS and whose certificates are not examined."""
    yield from _registry(site)
    known = {(endpoint.host, endpoint.port) for endpoint in site.chains}
    lacking = sorted(pulled - known) if (pulled := _pulled_from(site)) else []
    if lacking:
        names = [f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in lacking]
        yield ScopeGap(f"TLS endpoint {listed(names, _NAMED)}", f"Add `endpoints: [{', '.join(names)}]` to the plan.")


def _pulled_from(site: Site) -> set[tuple[str, int]]:
    """Return host and port of every internal host that nodes pull images from by TLS."""
    registry = site.plan.registry
    hosts = set() if registry is None or registry.insecure else _hosts_of(registry)
    for group in site.mirroring:
        for lead in group.leads:
            if (
                lead.deciding is not None
                and lead.way in {PullRoute.INSIDE, PullRoute.FALLS_BACK}
                and lead.deciding.url.startswith("https://")
            ):
                hosts.add(lead.deciding.host)
    return set(map(_host_and_port, hosts))


def _host_and_port(text: str) -> tuple[str, int]:
    """Split a host of a node's configuration into host and port. An invalid host matches no endpoint."""
    try:
        host, port = split_host_port(text)
    except ValueError:
        return text, _HTTPS
    return host, port or _HTTPS


def _hosts_of(registry: Registry) -> set[str]:
    """Return the host of the internal registry, and the target hosts of rewrites."""
    return {registry.host, *(prefix.partition("/")[0] for prefix in registry.rewrites.values())}


def _workload_files(site: Site) -> Iterator[ScopeGap]:
    if site.lacks(Requirement.WORKLOAD_FILES):
        yield ScopeGap("workloads", "Add `workloads: [{manifests: …}, {chart: …}]` to the plan.")
    if not site.plan.workloads_complete:
        yield ScopeGap(
            "the declaration that workloads are complete", "Add `workloads_complete: true` when the plan lists every workload."
        )


def _workloads(site: Site) -> Iterator[ScopeGap]:
    yield from _workload_files(site)
    if site.lacks(Requirement.WORKLOADS) and not site.lacks(Requirement.WORKLOAD_FILES):
        yield ScopeGap("images in the workloads", "Add manifests or charts that run images to `workloads`.")
    yield from _lists(site)


def _defaults(site: Site) -> Iterator[ScopeGap]:
    yield from _cluster(site)
    yield from _lists(site)
    yield from _pools(site, lambda pool: pool.is_windows and pool.runtime is None, "runtime", "runtime: …")


def _cluster(site: Site) -> Iterator[ScopeGap]:
    if site.plan.cluster is None:
        yield ScopeGap("distribution", "Add `cluster: {distribution: …, version: …}` to the plan.")


def _calendar(site: Site) -> Iterator[ScopeGap]:
    yield from _endpoints(site)
    if not site.lacks(Requirement.WINDOWS_POOLS):
        yield from _cluster(site)


_GAPS: Mapping[Area, Callable[[Site], Iterable[ScopeGap]]] = MappingProxyType(
    {
        Area.SOURCES: _sources,
        Area.COPIES: _copies,
        Area.NODE_ACCESS: _node_access,
        Area.CONNECTIONS: _connections,
        Area.FOREIGN_LAYERS: _foreign_layers,
        Area.STORAGE: _storage,
        Area.TRUST: _trust,
        Area.WORKLOADS: _workloads,
        Area.DEFAULTS: _defaults,
        Area.CALENDAR: _calendar,
    }
)
