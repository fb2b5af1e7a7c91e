"""What the environment says about connections: proxies, and the roots that the auditor itself trusts while it collects.

    SSL_CERT_FILE, SSL_CERT_DIR             roots in place of certifi's, as OpenSSL, curl and Go read them
    HTTPS_PROXY, HTTP_PROXY, ALL_PROXY      proxies by the scheme of the request; the names in lower case win
    NO_PROXY                                hosts, domains, host:port and networks that are connected to directly

None of it is judged: what nodes trust comes from the plan.
"""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import certifi
import httpx

from auditor.collectors.registry.failures import shown
from auditor.errors import UsageError, strerror
from auditor.redaction import remember_url

MAX_FILES = 5_000  # of one folder of SSL_CERT_DIR
_FILE, _FOLDERS = "SSL_CERT_FILE", "SSL_CERT_DIR"
_HOST = re.compile(r"[A-Za-z0-9._:-]+")
_SCHEMES = frozenset({"http", "https"})


def proxy_for(url: httpx.URL) -> str | None:
    """Return the proxy that the environment names for a URL; None for a direct connection."""
    proxies = urllib.request.getproxies()
    if urllib.request.proxy_bypass(url.host) or _is_excepted(url, proxies.get("no", "")):
        return None
    proxy = proxies.get(url.scheme) or proxies.get("all")
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy


def _is_excepted(url: httpx.URL, exceptions: str) -> bool:
    """Return whether NO_PROXY names a URL in a form that urllib does not support: `*` in a list, `host:port`, or a network."""
    port = url.port or {"http": 80, "https": 443}.get(url.scheme)
    for entry in (part.strip().lower() for part in exceptions.split(",")):
        name, colon, digits = entry.rpartition(":")
        is_port = bool(colon) and digits == str(port)
        if entry == "*" or (is_port and (url.host == name.strip("[]") or url.host.endswith(f".{name.lstrip('.')}"))):
            return True
        if "/" in entry and _is_in(url.host, entry):
            return True
    return False


def _is_in(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def check_proxies() -> None:
    """Raise UsageError if the environment names an unusable proxy, before any request."""
    for scheme, value in urllib.request.getproxies().items():
        if scheme not in {"http", "https", "all"} or not value:
            continue
        name = next((name for name in (f"{scheme}_proxy", f"{scheme.upper()}_PROXY") if os.environ.get(name)), scheme)
        remember_url(value if "://" in value else f"http://{value}")
        hint = f"Write {name}=http://HOST:PORT, or unset it."
        try:
            url = httpx.URL(value if "://" in value else f"http://{value}")
            address = shown(url)
        except (httpx.InvalidURL, ValueError, TypeError):
            # The value is not shown, because it may hold a password.
            raise UsageError(f"{name}: its value is not a proxy address", hint) from None
        if url.scheme not in _SCHEMES:
            raise UsageError(f"{name}: {url.scheme}:// proxies are not supported, only http:// and https://", hint)
        if _HOST.fullmatch(url.raw_host.decode("ascii", "replace")) is None:
            raise UsageError(f"{name}: {address} names no host", hint)
        if not 0 < (url.port or 80) < 65536:
            raise UsageError(f"{name}: {url.port} is not a port", hint)


def public_context(environment: Mapping[str, str]) -> ssl.SSLContext:
    """Return a TLS context with the roots that the environment names, else certifi's. Raises UsageError if
    they are unreadable."""
    file, folders = environment.get(_FILE, ""), [*filter(None, environment.get(_FOLDERS, "").split(os.pathsep))]
    if not file and not folders:
        return ssl.create_default_context(cafile=certifi.where())
    context = _of_file(file) if file else ssl.create_default_context(capath=folders[0])
    found = [_load_folder(context, folder) for folder in folders]
    if not file and not any(found):
        named = os.pathsep.join(folders)
        raise UsageError(f"{_FOLDERS}={named}: no file there holds a certificate", f"Correct it, or unset {_FOLDERS}.")
    return context


def check_roots(environment: Mapping[str, str]) -> None:
    """Raise UsageError if the environment names unreadable roots, before any request."""
    if environment.get(_FILE) or environment.get(_FOLDERS):
        public_context(environment)


def _of_file(name: str) -> ssl.SSLContext:
    hint = f"Name a file with certificates in PEM, or unset {_FILE}."
    try:
        return ssl.create_default_context(cafile=name)
    except ssl.SSLError as error:
        raise UsageError(f"{_FILE}={name}: it holds no readable certificate", hint) from error
    except OSError as error:
        raise UsageError(f"{_FILE}={name}: {strerror(error)}", hint) from error


def _load_folder(context: ssl.SSLContext, folder: str) -> bool:
    """Return whether a folder has certificates. Every file is read once, whatever its name; OpenSSL would need hashed names."""
    try:
        paths = dict.fromkeys(path.resolve() for path in sorted(Path(folder).iterdir())[:MAX_FILES] if path.is_file())
    except OSError:
        return False
    return sum(_load(context, path) for path in paths) > 0


def _load(context: ssl.SSLContext, path: Path) -> bool:
    """Return whether a file holds certificates. Other files, such as CRLs, may be next to them."""
    try:
        context.load_verify_locations(cafile=str(path))
    except OSError:  # includes ssl.SSLError
        return False
    return True
