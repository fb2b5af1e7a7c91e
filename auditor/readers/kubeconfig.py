"""The TLS settings in a kubeconfig of a node: what kubelet and kube-proxy trust for the API server, and under which name.

client-go uses the CA of the current context as its only root. `certificate-authority-data` has priority over
`certificate-authority`. Without either it uses the roots of the operating system.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath
from urllib.parse import urlsplit

from auditor.located import Marked, NotStructured, load_marked

_LIST = "clusters"


class UnreadableKubeconfig(ValueError):
    """The file is no kubeconfig that client-go reads. `str(error)` gives the reason."""


@dataclass(frozen=True, slots=True)
class Kubeconfig:
    """The TLS settings of the current cluster. `ca` is PEM, or None; `ca_file` is the file on the node that is read instead.

    `server` is the URL of the API server. `server_name` replaces its host in the verification of the certificate.
    """

    ca: bytes | None = None
    ca_file: str = ""
    skips_verification: bool = False
    server: str = ""
    server_name: str = ""

    @property
    def address(self) -> tuple[str, int]:
        """Return host and port of `server`. The host is empty if the URL cannot be parsed."""
        url = self.server if "://" in self.server else f"https://{self.server}"
        try:
            parts = urlsplit(url)
            return (parts.hostname or "").rstrip("."), parts.port or (80 if parts.scheme == "http" else 443)
        except ValueError:
            return "", 0

    @property
    def ca_name(self) -> str:
        """Return the name of `ca_file` without its folder."""
        windows = "\\" in self.ca_file or self.ca_file[1:2] == ":"
        return (PureWindowsPath if windows else PurePosixPath)(self.ca_file).name


def is_kubeconfig(data: bytes) -> bool:
    """Return whether a file is a kubeconfig and not a certificate: it lists clusters."""
    return b"-----BEGIN" not in data and _LIST.encode() in data and b"\x00" not in data


def read_kubeconfig(data: bytes) -> Kubeconfig:
    """Return the TLS settings of the cluster of the current context. Raises UnreadableKubeconfig."""
    cluster = _cluster(_document(data))
    skip = cluster.get("insecure-skip-tls-verify")
    encoded = cluster.text_at("certificate-authority-data")
    try:
        ca = base64.b64decode("".join(encoded.split()), validate=True) if encoded else None
    except binascii.Error as error:
        raise UnreadableKubeconfig("its certificate-authority-data is not base64") from error
    return Kubeconfig(
        ca or None,
        cluster.text_at("certificate-authority"),
        skip is not None and skip.value is True,
        cluster.text_at("server"),
        cluster.text_at("tls-server-name"),
    )


def without_users(data: bytes) -> bytes:
    """Return a kubeconfig without its users, which hold credentials, as JSON. Raises UnreadableKubeconfig."""
    document = _document(data).plain()
    kept = {key: document[key] for key in ("apiVersion", "kind", _LIST, "contexts", "current-context") if key in document}
    return json.dumps(kept, indent=2, default=str).encode() + b"\n"


def _document(data: bytes) -> Marked:
    try:
        documents = load_marked(data)
    except NotStructured as error:
        raise UnreadableKubeconfig(f"line {error.line}: {error}") from error
    if len(documents) != 1 or not documents[0].mapping:
        raise UnreadableKubeconfig("it is not one mapping with the key `clusters`")
    return documents[0]


def _cluster(document: Marked) -> Marked:
    """Return the cluster of the current context. A file without contexts and with one cluster is an excerpt."""
    clusters = _named(document, _LIST, "cluster")
    current = document.text_at("current-context")
    if not current and len(clusters) == 1:
        return next(iter(clusters.values()))
    if not current:
        raise UnreadableKubeconfig(f"it has no current-context and {len(clusters) or 'no'} clusters")
    context = _named(document, "contexts", "context").get(current)
    if context is None:
        raise UnreadableKubeconfig(f"it has no context {current}, which current-context names")
    name = context.text_at("cluster")
    if name not in clusters:
        raise UnreadableKubeconfig(f"it has no cluster {name}, which the context {current} names")
    return clusters[name]


def _named(document: Marked, key: str, inner: str) -> dict[str, Marked]:
    """Return the entries of a list such as `clusters` by name. client-go rejects a name that occurs twice."""
    listed = document.get(key)
    found: dict[str, Marked] = {}
    for entry in listed.list if listed is not None else ():
        value = entry.get(inner)
        name = entry.text_at("name")
        if name in found:
            raise UnreadableKubeconfig(f"line {entry.line}: duplicate name {name} in {key}")
        if value is not None and isinstance(value.value, dict):
            found[name] = value
    return found
