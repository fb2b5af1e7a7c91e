"""The configuration that lets a node pull from the internal registry, as files and as commands that write them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from auditor.oci.reference import Reference
from auditor.plan.model import Registry
from auditor.readers.node_config import NodeConfig
from auditor.readers.node_config.hosts_toml import folders_for, reading_of

Placed = tuple[Reference, Reference]  # an image, and its name on the internal registry


@dataclass(frozen=True, slots=True)
class MirrorFile:
    """A file for a node. `folder` is relative to the folder of config_path, and empty if the file has a fixed place.

    `mirrors` are the entries of a registries.yaml: registry, endpoint URL, and rewrites as pattern and replacement.
    """

    folder: str
    name: str
    lines: tuple[str, ...]
    mirrors: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = ()

    @property
    def command(self) -> str:
        """The POSIX shell command that writes it. Mirrors go to a separate file: the node's file may contain other settings."""
        path = f"{self.folder}/{self.name}" if self.folder else "registries-mirrors.yaml"
        made = f"mkdir -p {shlex.quote(self.folder)} && " if self.folder else ""
        return f"{made}printf '%s\\n' {' '.join(shlex.quote(line) for line in self.lines)} > {shlex.quote(path)}"


@dataclass(frozen=True, slots=True)
class MirrorAdvice:
    """How nodes use the internal registry: as text, and as a file if one file is sufficient."""

    text: str
    file: MirrorFile | None = None


def mirror_advice(config: NodeConfig, registry: Registry, images: Sequence[Placed]) -> MirrorAdvice:
    """Return how nodes pull the images of one registry from the place in the plan, and from no other registry.

    `images` are all images of the pool, the reported one first. The advice must work for all of them.
    """
    if config.distribution is not None:
        return _registries_yaml(config, registry, images)
    reference, target = images[0]
    images = _alike(images, images[0])
    url = _url(registry, target)
    pool = config.pool
    if pool.runtime is not None and pool.runtime.name == "docker":
        why = "Docker supports mirrors only for Docker Hub, and without a path prefix"
        return MirrorAdvice(f"Use the internal name {target} in workloads and lists: {why}.")
    before, after = renamed(reference, target)
    one_prefix = f"Change `registry.rewrites` so that all images of {reference.domain} have one prefix, and copy them there."
    if before:
        return MirrorAdvice(
            f"{one_prefix} containerd can add a prefix to a path, but cannot rename {before}/ to {after or 'nothing'}."
        )
    if other := next((pair for pair in images if renamed(*pair) != ("", after)), None):
        why = f"{reference.repository} is at {target.repository}, and {other[0].repository} is at {other[1].repository}"
        return MirrorAdvice(f"{one_prefix} containerd adds the same prefix to all images of a registry, but {why}.")
    folder = folders_for(reference.domain, windows=pool.is_windows)[0]
    lines = [f'server = "{url}/v2/{after}"', "override_path = true"] if after else [f'server = "{url}"']
    reading = reading_of(pool.runtime.version if pool.runtime is not None else "")
    lines += ["[host]"] if reading is None or reading.needs_host else []
    return MirrorAdvice(
        f"Create {folder}/hosts.toml for {pool.name}, in the folder of config_path. `server` makes the internal registry the "
        "only one that nodes use.",
        MirrorFile(folder, "hosts.toml", tuple(lines)),
    )


def renamed(reference: Reference, target: Reference) -> tuple[str, str]:
    """Return the leading part of the path that changes, before and after."""
    old, new = reference.path.split("/"), target.path.split("/")
    while old and new and old[-1] == new[-1]:
        old.pop()
        new.pop()
    return "/".join(old), "/".join(new)


def _rewrites(images: Sequence[Placed]) -> Iterator[tuple[str, str]]:
    """Yield pairs of pattern and replacement. No two patterns match one image, because their order is not guaranteed."""
    changes = dict.fromkeys(renamed(*pair) for pair in images)
    for before, after in changes:
        prefix = f"{after}/" if after else ""
        if before:
            yield f"^{before}/(.*)$", f"{prefix}$1"
        elif len(changes) == 1:
            yield from ((("^(.*)$", f"{prefix}$1"),) if prefix else ())
        elif prefix:
            ours = (reference.path for reference, target in images if renamed(reference, target) == (before, after))
            for first in dict.fromkeys(path.partition("/")[0] + "/" * ("/" in path) for path in ours):
                yield (f"^({first}.*)$" if first.endswith("/") else f"^({first})$"), f"{prefix}$1"


def _registries_yaml(config: NodeConfig, registry: Registry, images: Sequence[Placed]) -> MirrorAdvice:
    """Return the advice for a registries.yaml, which has the mirrors of all registries."""
    firsts: dict[str, Placed] = {}
    for reference, target in images:
        firsts.setdefault(reference.domain, (reference, target))
    mirrors = tuple(
        (domain, _url(registry, first[1]), tuple(_rewrites(_alike(images, first)))) for domain, first in sorted(firsts.items())
    )
    lines = ["mirrors:"]
    for domain, url, rewrites in mirrors:
        lines += [f'  "{domain}":', f'    endpoint: ["{url}"]']
        written = [f'      "{pattern}": "{instead}"' for pattern, instead in rewrites]
        lines += ["    rewrite:", *written] if written else []
    row = config.distribution
    place = "" if row is None else row.windows_file if config.pool.is_windows else row.file
    flag = row.flag.lstrip("-") if row is not None else ""
    return MirrorAdvice(
        f"Merge these mirrors into {place or 'registries.yaml'} on each node of {config.pool.name}. Keep its `configs`. Set "
        f"`{flag}: true` in config.yaml or in a file in config.yaml.d, so that nodes use no external host.",
        MirrorFile("", "registries.yaml", tuple(lines), mirrors),
    )


def _alike(images: Sequence[Placed], first: Placed) -> list[Placed]:
    """Return the images with the registry and the internal host of `first`."""
    return [pair for pair in images if (pair[0].domain, pair[1].domain) == (first[0].domain, first[1].domain)]


def _url(registry: Registry, target: Reference) -> str:
    return f"{'http' if registry.insecure else 'https'}://{target.domain}"
