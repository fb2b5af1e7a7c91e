"""The configuration that brings a node to the registry inside, as commands that write it."""

from __future__ import annotations

import shlex

from auditor.check import Remedy
from auditor.oci.reference import Reference
from auditor.plan.model import Registry
from auditor.plan.node_config import NodeConfig
from auditor.plan.node_config.hosts_toml import folders_for


def mirror_remedy(config: NodeConfig, registry: Registry, reference: Reference, target: Reference) -> Remedy:
    """How nodes find the images of the reference's registry where the plan puts them, and ask nobody else."""
    url = f"{'http' if registry.insecure else 'https'}://{target.domain}"
    if config.distribution is not None:
        return _registries_yaml(config, url, reference, target)
    pool = config.pool
    if pool.runtime is not None and pool.runtime.name == "docker":
        why = "Docker has mirrors for Docker Hub alone, and without a prefix before the name"
        return Remedy("edit", f"Let workloads and lists name the image as it is inside, {target}: {why}.")
    before, after = renamed(reference, target)
    if before:
        return Remedy(
            "edit",
            f"containerd can put a prefix before a name, but not rename {before}/ to {after or 'nothing'}: let the plan's "
            f"`registry.rewrites` put {reference.domain} as a whole under one prefix, and copy accordingly.",
        )
    folder = folders_for(reference.domain, windows=pool.is_windows)[0]
    lines = [f'server = "{url}/v2/{after}"', "override_path = true"] if after else [f'server = "{url}"']
    return Remedy(
        "edit",
        f"Give {pool.name} {folder}/hosts.toml, in the folder that config_path names: `server` makes the registry inside the "
        "only one that is asked.",
        (_written(folder, "hosts.toml", lines),),
    )


def renamed(reference: Reference, target: Reference) -> tuple[str, str]:
    """The beginning of the path that has to go, and what takes its place."""
    old, new = reference.path.split("/"), target.path.split("/")
    while old and new and old[-1] == new[-1]:
        old.pop()
        new.pop()
    return "/".join(old), "/".join(new)


def _registries_yaml(config: NodeConfig, url: str, reference: Reference, target: Reference) -> Remedy:
    before, after = renamed(reference, target)
    lines = ["mirrors:", f'  "{reference.domain}":', f'    endpoint: ["{url}"]']
    if before or after:
        pattern = f"^{before}/(.*)$" if before else "^(.*)$"
        lines.append(f'    rewrite: {{"{pattern}": "{after}/$1"}}' if after else f'    rewrite: {{"{pattern}": "$1"}}')
    row = config.distribution
    place = "" if row is None else row.windows_file if config.pool.is_windows else row.file
    flag = row.flag.lstrip("-") if row is not None else ""
    return Remedy(
        "edit",
        f"Put this into {place or 'registries.yaml'} on each node of {config.pool.name}, and `{flag}: true` into config.yaml "
        "beside it, so that nobody outside is asked.",
        (_written("", "registries.yaml", lines),),
    )


def _written(folder: str, name: str, lines: list[str]) -> str:
    path = f"{folder}/{name}" if folder else name
    made = f"mkdir -p {shlex.quote(folder)} && " if folder else ""
    return f"{made}printf '%s\\n' {' '.join(shlex.quote(line) for line in lines)} > {shlex.quote(path)}"
