"""The registry logins of a pool's nodes: those of the runtime, by requested host, and those of kubelet, by image.

Sources: containerd v2.3 internal/cri/server/images/image_pull.go (`registry.configs.….auth`) and docs/hosts.md (`header`);
docs.k3s.io installation/private-registry (`configs.….auth`); kubernetes v1.34.2 pkg/credentialprovider (config.json,
`CredentialProviderConfig`). No user name and no password is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from auditor.located import NotStructured, load_marked
from auditor.net import authority
from auditor.plan.model import Plan, Pool
from auditor.plan.plan_paths import is_inside, normal, shown_path
from auditor.readers.node_config import containerd_toml, hosts_toml, registries_yaml
from auditor.readers.node_config.marked_toml import load_toml
from auditor.readers.node_config.model import Unreadable
from auditor.readers.node_config.urls import split_url
from auditor.readers.pull_logins import CREDENTIAL_PROVIDERS, NotLogins, logins_in, matching

_ANY = "*"


@dataclass(frozen=True, slots=True)
class NodeLogins:
    """The logins of one pool. `requested` are hosts that the runtime logs in to; `keys` are entries of kubelet.

    `unknown` gives the reason if the files do not show all logins. Empty means that they do.
    """

    requested: frozenset[tuple[str, int]] = frozenset()
    serves_any: bool = False
    keys: tuple[str, ...] = ()
    unknown: str = ""

    def serve(self, host: str, scheme: str, repository: str) -> bool:
        """Return whether a node has a login for a request to `host` for an image, as in `docker.io/library/nginx`."""
        if self.serves_any or authority(host, scheme) in self.requested:
            return True
        return any(True for _ in matching(self.keys, repository))


def node_logins(plan: Plan, pool: Pool) -> NodeLogins:
    """Return the logins in the files that the pool's `config` names."""
    if not pool.config:
        return NodeLogins(unknown=f"the plan does not show the registry logins of its nodes (`pools.{pool.name}.config`)")
    names = [normal(name) for name in pool.config]
    requested: set[tuple[str, int]] = set()
    keys: list[str] = []
    serves_any, unknown = False, ""
    for path, reason in plan.left_out.items():
        if any(is_inside(path, name) or is_inside(name, path) for name in names):
            unknown = unknown or f"the evidence does not contain {path}: {reason}"
    for path, data in plan.files.items():
        if not any(is_inside(path, name) for name in names):
            continue
        try:
            for kind, name in _logins(path, data):
                if kind == "key":
                    keys.append(name)
                elif name == _ANY:
                    serves_any = True
                else:
                    requested.add(authority(name))
        except (Unreadable, NotStructured, NotLogins) as error:
            unknown = unknown or f"{shown_path(plan.path, path)} cannot be read: {error}"
    return NodeLogins(frozenset(requested), serves_any, tuple(dict.fromkeys(keys)), unknown)


def _logins(path: str, data: bytes) -> Iterator[tuple[str, str]]:
    """Yield `host` or `key` and the name of each login in one file. Raises Unreadable, NotStructured and NotLogins."""
    if data.lstrip()[:1] == b"{" and b'"auths"' in data:
        found = logins_in(data)
        yield from (("key", key) for key in found.keys)
    elif CREDENTIAL_PROVIDERS in data:
        yield from (("key", image) for image in _provided(data))
    elif hosts_toml.recognises(data):
        yield from (("host", host) for host in _of_hosts_toml(path, data))
    elif registries_yaml.recognises(data):
        yield from (("host", host) for host in _of_registries_yaml(data))
    elif containerd_toml.recognises(data) and b"{{" not in data:
        yield from (("host", host) for host in _of_containerd(load_toml(data, bom=True).data))


def _provided(data: bytes) -> Iterator[str]:
    """Yield the image patterns of kubelet's credential providers."""
    for document in load_marked(data):
        providers = document.get("providers")
        for provider in providers.list if providers is not None else ():
            images = provider.get("matchImages")
            yield from (image.text for image in (images.list if images is not None else ()) if image.text)


def _of_registries_yaml(data: bytes) -> Iterator[str]:
    configs = registries_yaml.load(data).get("configs")
    for host, config in configs.items() if configs is not None else ():
        auth = config.get("auth")
        if auth is not None and any(value.text for _, value in auth.items()):
            yield host


def _of_hosts_toml(path: str, data: bytes) -> Iterator[str]:
    """Yield each server whose header table sets an authorization."""
    toml = load_toml(data, bom=True)
    parts = path.split("/")
    server = toml.get("server")
    if _authorizes(toml.data):
        yield _host(str(server)) if server else (parts[-2] if len(parts) > 1 else "")
    hosts = toml.get("host")
    for url, table in hosts.items() if isinstance(hosts, dict) else ():
        if _authorizes(table):
            yield _host(url)


def _authorizes(table: Any) -> bool:  # noqa: ANN401 - any TOML value
    header = table.get("header") if isinstance(table, dict) else None
    return isinstance(header, dict) and any(str(name).lower() == "authorization" and value for name, value in header.items())


def _of_containerd(data: dict[str, Any]) -> Iterator[str]:
    """Yield each host under `registry.configs` with a login, and each URL under the older `registry.auths`."""
    waiting: list[tuple[Any, int]] = [(data.get("plugins"), 0)]
    while waiting:
        here, depth = waiting.pop()
        if not isinstance(here, dict) or depth > 4:
            continue
        registry = here.get("registry")
        if isinstance(registry, dict):
            for name in ("configs", "auths"):
                hosts = registry.get(name)
                for host, config in hosts.items() if isinstance(hosts, dict) else ():
                    auth = config.get("auth") if name == "configs" and isinstance(config, dict) else config
                    if isinstance(auth, dict) and any(value for value in auth.values()):
                        yield _host(host)
        waiting.extend((value, depth + 1) for value in here.values())


def _host(url: str) -> str:
    try:
        return split_url(url, "https").host
    except Unreadable:
        return url
