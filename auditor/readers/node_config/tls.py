"""How node configuration makes a runtime verify a registry: its CA files, and whether it verifies at all."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from auditor.errors import Location
from auditor.located import Marked
from auditor.readers.node_config.marked_toml import Toml
from auditor.readers.node_config.model import Unreadable
from auditor.readers.node_config.urls import split_url

CERTIFICATE = ".crt"  # the files that containerd and Docker load from a folder in Docker's style
CLIENT_CERTIFICATE = ".cert"  # its key is beside it, with the suffix .key
_CLIENT = ("client", "cert_file", "key_file")


@dataclass(frozen=True, slots=True)
class TlsSetting:
    """The TLS settings of the runtime for one host. `ca` are files as written there, `file` is the plan's path of the setting.

    `client` states that a client certificate is named too; `client_files` are its certificate files, as written there.
    """

    host: str
    ca: tuple[str, ...]
    skip_verify: bool
    file: str
    location: Location
    client: bool = False
    client_files: tuple[str, ...] = ()


def of_hosts_toml(path: str, shown: str, toml: Toml, registry: str) -> Iterator[TlsSetting]:
    """Yield the settings of a valid hosts.toml. Those at its top are for `server`, else for the registry itself."""
    server = toml.get("server")
    yield from _of_table(path, Location(shown, toml.line("ca")), toml.data, str(server) if server else registry)
    hosts = toml.get("host")
    for url, table in hosts.items() if isinstance(hosts, dict) else ():
        if isinstance(table, dict):
            yield from _of_table(path, Location(shown, toml.line("host", url, "ca")), table, url)


def _of_table(path: str, place: Location, table: Mapping[str, Any], url: str) -> Iterator[TlsSetting]:
    ca = table.get("ca")
    files = tuple(one for one in (ca if isinstance(ca, list) else [ca]) if isinstance(one, str) and one)
    skip, client = table.get("skip_verify") is True, "client" in table
    if files or skip or client:
        yield TlsSetting(_host(url), files, skip, path, place, client, tuple(_client_files(table.get("client"))))


def _client_files(client: object) -> Iterator[str]:
    """Yield the certificate files of `client`: one file with the key, a list of these, or pairs of certificate and key."""
    for one in client if isinstance(client, list) else [client]:
        found = one[0] if isinstance(one, list) and one else one
        if isinstance(found, str) and found:
            yield found


def of_registries_yaml(path: str, shown: str, document: Marked) -> Iterator[TlsSetting]:
    """Yield the settings of a valid registries.yaml."""
    configs = document.get("configs")
    for host, config in configs.items() if configs is not None else ():
        tls = config.get("tls")
        if tls is None or not isinstance(tls.value, dict):
            continue
        ca, skip = tls.get("ca_file"), tls.get("insecure_skip_verify")
        files = (ca.text,) if ca is not None and ca.value else ()
        client = any(tls.get(key) is not None for key in _CLIENT)
        line = ca.line if ca is not None else tls.line
        certificate = tls.get("cert_file")
        clients = (certificate.text,) if certificate is not None and certificate.value else ()
        skips = skip is not None and skip.value is True
        yield TlsSetting(_host(host), files, skips, path, Location(shown, line), client, clients)


def of_folder(path: str, shown: str, registry: str) -> TlsSetting:
    """Return the setting of a `.crt` file in the folder of a registry, which the runtime trusts without
    further configuration, or of a `.cert` file, which is its client certificate."""
    name, at = PurePosixPath(path).name, Location(shown)
    if name.endswith(CLIENT_CERTIFICATE):
        return TlsSetting(registry, (), skip_verify=False, file=path, location=at, client=True, client_files=(name,))
    return TlsSetting(registry, (name,), skip_verify=False, file=path, location=at)


def _host(url: str) -> str:
    try:
        return split_url(url, "https").host
    except Unreadable:
        return url


def file_of(setting: TlsSetting, ca: str, files: Mapping[str, bytes], near: tuple[str, ...]) -> str:
    """Return the plan's path of a CA file; empty if the plan does not contain it.

    A relative path is next to the file that names it. An absolute path is on the node. It matches the only file of that name
    next to the naming file, else among those in `near`.
    """
    windows = "\\" in ca or ca[1:2] == ":"
    name = PureWindowsPath(ca).name if windows else PurePosixPath(ca).name
    folder = posixpath.dirname(setting.file)
    absolute = PureWindowsPath(ca).is_absolute() if windows else ca.startswith("/")
    beside = posixpath.normpath(posixpath.join(folder, name if absolute else ca.replace("\\", "/")))
    if beside in files:
        return beside
    same = [path for path in near if PurePosixPath(path).name == name and path in files] if absolute else []
    return same[0] if len(same) == 1 else ""
