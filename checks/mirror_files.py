"""The configuration that brings a node to the registry inside, as files and as commands that write them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from auditor.check import Remedy
from auditor.oci.reference import Reference
from auditor.plan.model import Registry
from auditor.readers.node_config import NodeConfig
from auditor.readers.node_config.hosts_toml import folders_for, reading_of

Placed = tuple[Reference, Reference]  # an image, and where the plan puts it inside


@dataclass(frozen=True, slots=True)
class MirrorFile:
    """A file for a node. `folder` is below the folder that config_path names; empty where the file has a place of its own.

    `mirrors` are the entries of a registries.yaml: registry, endpoint URL, and rewrites as pattern and replacement.
    """

    folder: str
    name: str
    lines: tuple[str, ...]
    mirrors: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = ()

    @property
    def command(self) -> str:
        """What writes it, in a POSIX shell. Mirrors go to a file of their own: the node's file may hold more than mirrors."""
        path = f"{self.folder}/{self.name}" if self.folder else "registries-mirrors.yaml"
        made = f"mkdir -p {shlex.quote(self.folder)} && " if self.folder else ""
        return f"{made}printf '%s\\n' {' '.join(shlex.quote(line) for line in self.lines)} > {shlex.quote(path)}"


@dataclass(frozen=True, slots=True)
class MirrorAdvice:
    """How nodes come to the registry inside: in words, and as a file where one does it."""

    text: str
    file: MirrorFile | None = None


def mirror_remedy(config: NodeConfig, registry: Registry, images: Sequence[Placed]) -> Remedy:
    """The advice as a remedy."""
    advice = mirror_advice(config, registry, images)
    return Remedy("edit", advice.text, (advice.file.command,) if advice.file is not None else ())


def mirror_advice(config: NodeConfig, registry: Registry, images: Sequence[Placed]) -> MirrorAdvice:
    """How nodes find the images of one registry where the plan puts them, and ask nobody else.

    `images` are all that the pool needs, the one that is told of first: what is written must do for all of them.
    """
    if config.distribution is not None:
        return _registries_yaml(config, registry, images)
    reference, target = images[0]
    images = _alike(images, images[0])
    url = _url(registry, target)
    pool = config.pool
    if pool.runtime is not None and pool.runtime.name == "docker":
        why = "Docker has mirrors for Docker Hub alone, and without a prefix before the name"
        return MirrorAdvice(f"Let workloads and lists name the image as it is inside, {target}: {why}.")
    before, after = renamed(reference, target)
    one_prefix = f"let the plan's `registry.rewrites` put {reference.domain} as a whole under one prefix, and copy accordingly."
    if before:
        return MirrorAdvice(
            f"containerd can put a prefix before a name, but not rename {before}/ to {after or 'nothing'}: {one_prefix}"
        )
    if other := next((pair for pair in images if renamed(*pair) != ("", after)), None):
        why = f"{reference.repository} lies at {target.repository}, and {other[0].repository} at {other[1].repository}"
        return MirrorAdvice(f"containerd puts one prefix before all images of a registry, and {why}: {one_prefix}")
    folder = folders_for(reference.domain, windows=pool.is_windows)[0]
    lines = [f'server = "{url}/v2/{after}"', "override_path = true"] if after else [f'server = "{url}"']
    reading = reading_of(pool.runtime.version if pool.runtime is not None else "")
    lines += ["[host]"] if reading is None or reading.needs_host else []
    return MirrorAdvice(
        f"Give {pool.name} {folder}/hosts.toml, in the folder that config_path names: `server` makes the registry inside the "
        "only one that is asked.",
        MirrorFile(folder, "hosts.toml", tuple(lines)),
    )


def renamed(reference: Reference, target: Reference) -> tuple[str, str]:
    """The beginning of the path that has to go, and what takes its place."""
    old, new = reference.path.split("/"), target.path.split("/")
    while old and new and old[-1] == new[-1]:
        old.pop()
        new.pop()
    return "/".join(old), "/".join(new)


def _rewrites(images: Sequence[Placed]) -> Iterator[tuple[str, str]]:
    """Pattern and replacement, so that no two patterns match one image: no order is promised among them."""
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
    """One file has the mirrors of all registries."""
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
        f"Merge these mirrors into {place or 'registries.yaml'} on each node of {config.pool.name} and keep its `configs`. Put "
        f"`{flag}: true` into config.yaml or a file in config.yaml.d beside it, so that no external host is asked.",
        MirrorFile("", "registries.yaml", tuple(lines), mirrors),
    )


def _alike(images: Sequence[Placed], first: Placed) -> list[Placed]:
    """The images of the same registry that lie on the same host inside."""
    return [pair for pair in images if (pair[0].domain, pair[1].domain) == (first[0].domain, first[1].domain)]


def _url(registry: Registry, target: Reference) -> str:
    return f"{'http' if registry.insecure else 'https'}://{target.domain}"
