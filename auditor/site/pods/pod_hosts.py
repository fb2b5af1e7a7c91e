"""Which hosts a pod reaches inside the cluster, and the hosts that a text names."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from auditor.net import Reach, Remote, Scope, canonical, fetch_remote, is_own_machine
from auditor.oci.reference import InvalidReference, parse_reference

_URL = re.compile(r"(?:https?|ftps?|oci|git|ssh)://[^\s\"'`<>|;,()\\]{1,2048}", re.IGNORECASE)
_HOST = re.compile(r"(?=[^/]*\.[A-Za-z])[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*(?::[0-9]{1,5})?(?:/.*)?", re.DOTALL)
_PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
_LINK_LOCAL = (ipaddress.ip_network("169.254.0.0/16"), ipaddress.ip_network("fe80::/10"))
# Top-level domains: `grafana.com` is no Service `grafana` in a namespace `com`.
_CODES = (
    "acadaeafagaialamaoaqarasatauawaxazbabbbdbebfbgbhbibjbmbnbobrbsbtbwbybzcacccdcfcgchcickclcmcncocrcucvcwcxcyczde"
    "djdkdmdodzeceeegereseteufifjfkfmfofrgagdgegfggghgiglgmgngpgqgrgsgtgugwgyhkhmhnhrhthuidieiliminioiqirisitjejmjo"
    "jpkekgkhkikmknkpkrkwkykzlalblclilklrlsltlulvlymamcmdmemgmhmkmlmmmnmompmqmrmsmtmumvmwmxmymznancnenfngninlnonpnr"
    "nunzompapepfpgphpkplpmpnprpsptpwpyqarerorsrurwsasbscsdsesgshsiskslsmsnsosrssstsusvsxsysztctdtftgthtjtktltmtnto"
    "trtttvtwtzuaugukusuyuzvavcvevgvivnvuwfwsyeytzazmzw"
)
_COUNTRIES = frozenset(_CODES[at : at + 2] for at in range(0, len(_CODES), 2))
_PUBLIC = frozenset(
    {"com", "net", "org", "info", "dev", "app", "cloud", "edu", "gov", "mil", "run", "tech", "site", "online", "store", "xyz"}
    | {"int", "biz", "pro", "name", "live", "space", "world", "host", "page", "build", "chat", "digital", "network", "systems"}
    | {"blog", "shop", "news", "team", "tools", "works", "zone", "global", "group", "solutions", "software", "agency", "email"}
)


@dataclass(frozen=True, slots=True)
class PodReach:
    """Decides whether a host is internal for a pod: the plan's rule, and the names that the cluster's DNS resolves."""

    reach: Reach
    namespaces: frozenset[str]
    services: frozenset[str]  # names of Services, alone and as `name.namespace`

    def of(self, host: str) -> Scope:
        """Return the scope of a host for a pod.

        The plan's rule decides. Beyond it, a pod's own machine, link-local addresses, names of one label, and
        `service.namespace` need no external network.
        """
        scope = self.reach.of(host)
        if scope is not Scope.EXTERNAL:
            return scope
        name = canonical(host)
        if is_own_machine(host) or self._is_service(name) or _is_link_local(name):
            return Scope.INTERNAL
        return Scope.EXTERNAL

    def _is_service(self, name: str) -> bool:
        first, dot, rest = name.partition(".")
        if not dot:
            return not first.isdigit() and ":" not in first
        if "." in rest:
            return False
        if name in self.services:
            return True
        return rest not in _PUBLIC and rest not in _COUNTRIES and (first in self.services or rest in self.namespaces)

    def external(self, remotes: Iterable[Remote]) -> tuple[Remote, ...]:
        """Return the external ones, each once."""
        return tuple(dict.fromkeys(one for one in remotes if self.of(one.host) is Scope.EXTERNAL))

    def proxy(self, values: Mapping[str, str | None]) -> Scope | None:
        """Return the scope of the HTTP proxy that the environment names; None without a proxy."""
        for name in _PROXIES:
            if name in values:
                value = values[name]
                if value is None:
                    return Scope.UNKNOWN
                if value.strip():
                    remote = fetch_remote(value if "://" in value else f"http://{value}")
                    return self.of(remote.host) if remote is not None else Scope.UNKNOWN
        return None


def _is_link_local(name: str) -> bool:
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return any(address in network for network in _LINK_LOCAL)


def urls_in(text: str) -> Iterator[str]:
    """Yield the URLs in a text."""
    for match in _URL.finditer(text):
        yield match[0].rstrip(".,:")


def remotes_in(value: str, form: str = "url") -> tuple[Remote, ...] | None:
    """Return what a setting's value names; None if a host in it is unknown.

    `form`: `url` (URLs, or hosts with or without a path; a list may be separated by commas, blanks or `|`), or `image` (image
    references).
    """
    found: list[Remote] = []
    for part in value.replace(",", " ").replace("|", " ").split():
        remote = _image_remote(part) if form == "image" else _remote(part)
        if remote is None:
            return None
        found.append(remote)
    return tuple(dict.fromkeys(found))


def _remote(text: str) -> Remote | None:
    if "$" in text or "{" in text:
        return None
    if "://" in text or text.startswith("git@"):
        return fetch_remote(text)
    if _HOST.fullmatch(text) is None:
        return None
    return fetch_remote(f"https://{text}")


def _image_remote(text: str) -> Remote | None:
    try:
        domain = parse_reference(text.removeprefix("oci://").removeprefix("docker://")).domain
    except InvalidReference:
        return None
    return fetch_remote(f"https://{'registry-1.docker.io' if domain == 'docker.io' else domain}/")


def remote_of_host(text: str) -> Remote:
    """Return the remote of a host in the facts: `grafana.com`, `time.example.org:123`, `http://deb.debian.org`."""
    remote = fetch_remote(text if "://" in text else f"https://{text}")
    if remote is None:
        raise ValueError(f"{text!r} is not a host")
    return remote
