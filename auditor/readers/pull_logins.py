"""The logins in a Docker configuration, and which images kubelet uses each for.

Semantics: kubernetes v1.34.2 pkg/credentialprovider/keyring.go (`Add`, `URLsMatch`, `isDefaultRegistryMatch`) and
config.go. Only names of registries are kept, never a user name or a password.
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

CONFIG_JSON, DOCKERCFG = ".dockerconfigjson", ".dockercfg"
SECRET_TYPES = {"kubernetes.io/dockerconfigjson": CONFIG_JSON, "kubernetes.io/dockercfg": DOCKERCFG}
CREDENTIAL_PROVIDERS = b"CredentialProviderConfig"
MAX_ENTRIES = 1_000
_MAX_TEXT = 1024 * 1024  # bytes; Kubernetes allows no larger Secret
_DEFAULT_KEY = "index.docker.io"  # the key of `https://index.docker.io/v1/`
_DEFAULT_HOSTS = frozenset({"docker.io", "index.docker.io"})
_LOGIN_FIELDS = ("auth", "username", "password", "identitytoken", "registrytoken")


class NotLogins(ValueError):
    """A text that is not a Docker configuration. The message says why, without quoting the text."""


@dataclass(frozen=True, slots=True)
class PullLogins:
    """The registries of one Docker configuration. `empty` are those whose entry holds no login.

    `docker login` writes such entries if a credential helper holds the password.
    """

    keys: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()

    def serves(self, repository: str) -> bool:
        """Return whether kubelet uses a login of it for an image, as in `registry.local:5000/shop/web`."""
        return any(True for _ in matching(self.keys, repository))


def is_login_file(data: bytes) -> bool:
    """Return whether a file of a node holds logins of kubelet: a config.json, or the configuration of credential providers."""
    return (data.lstrip()[:1] == b"{" and b'"auths"' in data) or CREDENTIAL_PROVIDERS in data


def logins_in(text: str | bytes, *, legacy: bool = False) -> PullLogins:
    """Return the logins of a `config.json`, or of a `.dockercfg` if `legacy`. Raises NotLogins."""
    if len(text) > _MAX_TEXT:
        raise NotLogins("it is larger than Kubernetes allows")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise NotLogins("it is not JSON") from None
    auths = document if legacy else document.get("auths") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(auths, dict):
        raise NotLogins("it has no `auths`, so kubelet finds no login in it")
    if len(auths) > MAX_ENTRIES:
        raise NotLogins(f"it has more than {MAX_ENTRIES:,} registries")
    keys = {key: login_key(key) for key in map(str, auths)}
    filled = [keys[key] for key in keys if _has_login(auths[key])]
    return PullLogins(
        tuple(dict.fromkeys(filled)), tuple(dict.fromkeys(keys[key] for key in keys if not _has_login(auths[key])))
    )


def _has_login(entry: Any) -> bool:  # noqa: ANN401 - any JSON value
    if not isinstance(entry, dict):
        return False
    found = {str(name).lower(): value for name, value in entry.items()}
    return any(isinstance(value := found.get(name), str) and value for name in _LOGIN_FIELDS)


def without_passwords(text: str | bytes, instead: str, *, legacy: bool = False) -> str:
    """Return a Docker configuration with `instead` for each login, so that only the registries stay. Raises NotLogins."""
    found = logins_in(text, legacy=legacy)
    auths = {key: {"auth": instead} for key in found.keys} | {key: {} for key in found.empty if key not in found.keys}
    return json.dumps(auths if legacy else {"auths": auths})


def login_key(text: str) -> str:
    """Return the host, with its port and path if any, that kubelet derives from the name of an entry."""
    rest = text.removeprefix("https://") if text.startswith("https://") else text.removeprefix("http://")
    authority, slash, path = rest.partition("/")
    host = authority.rpartition("@")[2]
    path = slash + path
    path = path[3:] if path.startswith(("/v2/", "/v1/")) else path
    return host if path in {"", "/"} else host + path


def matching(keys: Iterable[str], repository: str) -> Iterator[str]:
    """Yield the keys that kubelet uses for an image, as in `registry.local:5000/shop/web`."""
    found = [key for key in keys if _covers(key, repository)]
    if not found and repository.partition("/")[0] in _DEFAULT_HOSTS:
        found = [key for key in keys if key == _DEFAULT_KEY]
    yield from found


def _covers(key: str, repository: str) -> bool:
    """Return whether a key covers an image: the same port, a host that matches part by part, and a path that is a prefix."""
    key_host, key_slash, key_path = key.partition("/")
    host, slash, path = repository.partition("/")
    key_parts, key_port = _split(key_host)
    parts, port = _split(host)
    if key_port != port or len(key_parts) != len(parts) or not (slash + path).startswith(key_slash + key_path):
        return False
    return all(map(_fits, key_parts, parts))


def _split(authority: str) -> tuple[list[str], str]:
    name, colon, port = authority.rpartition(":")
    if not colon or "]" in port:
        name, port = authority, ""
    elif name.startswith("[") and name.endswith("]"):
        name = name[1:-1]
    return name.split("."), port


def _fits(pattern: str, part: str) -> bool:
    if len(pattern) > 253:
        return False
    return fnmatch.fnmatchcase(part, pattern.replace("[^", "[!"))
