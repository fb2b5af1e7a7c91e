"""Minimal node configurations: a plan with one pool and the files in its folder."""

from __future__ import annotations

from auditor.oci.reference import parse_reference
from auditor.readers.node_config import NodeConfig, read_node_config
from auditor.testing import plan_of

LINUX, WINDOWS = "linux/amd64", "windows/amd64:ltsc2022"
V3 = 'version = 3\n[plugins."io.containerd.cri.v1.images".registry]\nconfig_path = "/etc/containerd/certs.d"\n'
V2 = 'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\n'


def node(
    files: dict[str, str | bytes],
    *,
    platform: str = LINUX,
    runtime: str = "containerd 2.1.6",
    cluster: str = "",
) -> NodeConfig:
    """Return the configuration of a pool that names the folder `n` with these files."""
    runs = f", runtime: {runtime}" if runtime else ""
    text = f'version: 1\npools: {{one: {{platform: "{platform}"{runs}, config: [n]}}}}\n'
    text += f"cluster: {{distribution: {cluster}, version: v1.33.5}}\n" if cluster else ""
    given = {f"n/{name}": data if isinstance(data, bytes) else data.encode() for name, data in files.items()}
    plan = plan_of(text, given)
    return read_node_config(plan, plan.pools[0])


def urls(config: NodeConfig, reference: str) -> list[str]:
    """Return the requested URLs for an image, in order."""
    return [one.url for one in config.asked(parse_reference(reference))]


def problem(config: NodeConfig) -> str:
    """Return the only problem of a configuration, with its location."""
    (found,) = config.problems
    return f"{found.location}: {found.why}"
