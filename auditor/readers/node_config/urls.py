"""Registry URLs as containerd and K3s parse them: scheme, host, and the path at which the API begins."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from auditor.readers.node_config.model import DOCKER_HUB, Unreadable
from auditor.text import shown

_LOOPBACK = re.compile(r"(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(?::\d+)?")


@dataclass(frozen=True, slots=True)
class Address:
    """Scheme, host with its port, path."""

    scheme: str
    host: str
    path: str


def own_host(registry: str) -> str:
    """Return the host that a node connects to for images of this registry."""
    return "registry-1.docker.io" if registry == DOCKER_HUB else registry


def is_loopback(host: str) -> bool:
    """Return whether containerd treats the host as the node itself."""
    return _LOOPBACK.fullmatch(host) is not None


def split_url(text: str, scheme: str) -> Address:
    """Return the parts of a URL, or of a bare host with the scheme that it gets. Raises Unreadable."""
    url = text if "://" in text else f"{scheme}://{text}"
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises for an invalid port
    except ValueError as error:
        raise Unreadable(f"{shown(text)} is not a URL: {error}") from error
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme not in {"http", "https"} or not host:
        raise Unreadable(f"{shown(text)} is not an http(s) URL of a registry")
    return Address(parts.scheme, host, parts.path)


def hosts_toml_address(text: str, *, override_path: bool) -> Address:
    """Return an address of hosts.toml: `/v2` is appended to the path, unless it ends so or `override_path` is set."""
    if text.startswith("http") and "://" not in text:
        raise Unreadable(f"{shown(text)} begins with http, so it counts as a URL, but it has no host")
    address = split_url(text, "https")
    path = posixpath.normpath("/" + address.path.lstrip("/")) if address.path else ""
    if not override_path and not path.endswith("/v2"):
        path = path.rstrip("/") + "/v2"
    return Address(address.scheme, address.host, path)


def registries_yaml_address(text: str) -> Address:
    """Return an endpoint of K3s and RKE2: a path other than `/` and `/v2` is used as written."""
    address = split_url(text, default_scheme(text.partition("/")[0]))
    path = "/v2" if address.path in {"", "/", "/v2"} else address.path
    return Address(address.scheme, own_host(address.host), path)


def endpoint_address(text: str) -> Address:
    """Return an endpoint of `registry.mirrors` in config.toml: only an empty path becomes `/v2`."""
    host = text.partition("/")[0]
    address = split_url(text, "http" if is_loopback(host) else "https")
    return Address(address.scheme, address.host, address.path or "/v2")


def default_scheme(registry: str) -> str:
    """Return the default scheme for the registry itself."""
    return "http" if is_loopback(registry) and _port(registry) not in {"", "443"} else "https"


def scheme_by_folders(registry: str) -> str:
    """Return the default scheme if hosts.toml files are searched: ports on the node itself are tried with
    TLS first, except 80."""
    return "http" if is_loopback(registry) and _port(registry) == "80" else "https"


def _port(host: str) -> str:
    return host.rpartition(":")[2] if ":" in host and not host.endswith("]") else ""
