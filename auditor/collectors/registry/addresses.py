"""The address of a registry host: scheme, port and trust, from the plan and the host name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from auditor.net import is_loopback
from auditor.oci.reference import DEFAULT_DOMAIN
from auditor.plan.model import Plan


@dataclass(frozen=True, slots=True)
class RegistryAddress:
    """How to connect to one registry host. `ca` holds additional trusted certificates, PEM or DER."""

    host: str
    scheme: str
    ca: bytes = b""

    def url(self, path: str) -> httpx.URL:
        """Return the URL of a path of the registry's API."""
        return httpx.URL(f"{self.scheme}://{self.host}{path}")


@dataclass(frozen=True, slots=True)
class _Setting:
    ca: str = ""
    insecure: bool = False


def _settings(plan: Plan) -> Mapping[str, _Setting]:
    known = {source.host: _Setting(source.ca, source.insecure) for source in plan.sources}
    if plan.registry is not None:
        host = plan.registry.host.partition("/")[0]
        known.setdefault(host, _Setting(plan.registry.ca, plan.registry.insecure))
    return known


class Addresses:
    """The addresses of the hosts that hold a plan's images. `ca` (PEM or DER) is for hosts that the plan does not name."""

    def __init__(self, plan: Plan, ca: bytes = b"") -> None:
        self._files = plan.files
        self._ca = ca
        self._settings = _settings(plan)

    def of(self, domain: str) -> RegistryAddress:
        """Return the address for the domain of a reference."""
        host = "registry-1.docker.io" if domain == DEFAULT_DOMAIN else domain
        given = self._settings.get(domain) or self._settings.get(host)
        setting = given or _Setting()
        ca = self._files.get(setting.ca, b"") if setting.ca else b"" if given else self._ca
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        plain = setting.insecure or (is_loopback(name) and not setting.ca and not ca)
        return RegistryAddress(host, "http" if plain else "https", ca)
