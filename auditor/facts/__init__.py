"""Facts about the world as YAML tables: every row names its source and its confidence.

A table is a YAML file beside this module with two documents: a header (`Header`), and a list of rows. A row type is a frozen
`msgspec.Struct` that extends `Fact`; `table` converts and checks the rows, so that a misspelt key or a missing source fails
the first test that loads it. Rows of an `Overlay` come before the program's rows.
"""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, Literal, TypeVar

import msgspec
import yaml

from auditor.own_files import text_in

Confidence = Literal["high", "medium", "low"]


class Fact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """What every row has: where it was read, and how far it can be trusted. Low confidence alone never makes an error.

    `stated_by` is the place (`file:line`) of a row from a user's overlay; empty for a row of the program.
    """

    source: str
    confidence: Confidence
    stated_by: str = ""


class Header(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """What a table states about itself: the day of the last check, and what was read for it.

    `verified_through` holds, by program, the newest version that was read or run. `program` is the column that names the
    program of a row; empty if the table is about one program only.
    """

    as_of: datetime.date
    source: str
    program: str = ""
    verified_through: dict[str, str] = {}

    @property
    def month(self) -> str:
        """Return the month of the last check, as in `2026-11`."""
        return f"{self.as_of:%Y-%m}"

    def through(self, program: str) -> str:
        """Return the newest verified version of a program; empty if the table states none."""
        return self.verified_through.get(program, "")


Row = TypeVar("Row", bound=Fact)
_Function = TypeVar("_Function", bound=Callable[..., Any])
_CACHES: list[Callable[[], None]] = []


@dataclass(frozen=True, slots=True)
class Overlay:
    """What a plan and the plug-ins add: rows and verified versions by table, and the files that state them."""

    rows: Mapping[str, tuple[dict[str, Any], ...]] = field(default_factory=dict)
    through: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    files: tuple[str, ...] = ()


_NONE = Overlay()
_IN_USE: list[Overlay] = [_NONE]
# While a thread holds it, no other thread can change the overlay.
EXCLUSIVE: Final = threading.RLock()


def remembered(function: _Function) -> _Function:
    """Return the function with a cache that `use` empties: for everything that is derived from tables."""
    cached = cache(function)
    _CACHES.append(cached.cache_clear)
    return cached  # type: ignore[return-value]


def use(overlay: Overlay) -> None:
    """Add an overlay to the tables until the next call. `Overlay()` adds no rows."""
    with EXCLUSIVE:
        if overlay != _IN_USE[0]:
            _IN_USE[0] = overlay
            for clear in _CACHES:
                clear()


def overlay_in_use() -> Overlay:
    """Return the overlay that the tables have now."""
    return _IN_USE[0]


def _documents(name: str) -> Iterator[Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    yield from yaml.load_all(text_in(__name__, f"{name}.yaml"), Loader=loader)


@cache
def _own_header(name: str) -> Header:
    """Return the header in the file. Raises ValueError if it has none."""
    try:
        return msgspec.convert(next(_documents(name)), Header, strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(f"auditor/facts/{name}.yaml: its first document must be the header: {error}") from error


@remembered
def header(name: str) -> Header:
    """Return the header of the table `name`, without reading its rows. An overlay may state newer verified versions."""
    own, through = _own_header(name), _IN_USE[0].through.get(name)
    return msgspec.structs.replace(own, verified_through={**own.verified_through, **through}) if through else own


# Every table. A test compares the list with the files: a zip file cannot be listed at once.
TABLES: tuple[str, ...] = (
    "architectures",
    "archive_formats",
    "archive_kinds",
    "body_limits",
    "built_in_policies",
    "carrier_images",
    "chart_sources",
    "client_go",
    "cluster_certificates",
    "config_keys",
    "config_programs",
    "container_scratch",
    "containerd_config",
    "containerd_hosts",
    "copy_commands",
    "copy_digests",
    "copy_layers",
    "copy_platforms",
    "copy_signatures",
    "copy_transports",
    "default_images",
    "distribution_registries",
    "distributions",
    "docker_nondistributable",
    "downloaders",
    "embedded_runtimes",
    "filesystems",
    "foreign_era",
    "host_process",
    "host_process_bases",
    "hosts_toml",
    "known_issues",
    "kubelet_thresholds",
    "kubernetes_support",
    "layer_parts",
    "layer_urls",
    "media_types",
    "moving_tags",
    "network_waits",
    "operator_defaults",
    "operator_images",
    "operator_programs",
    "package_hosts",
    "pause_builds",
    "pause_images",
    "placeholders",
    "platform_sizes",
    "public_lifetimes",
    "preloads",
    "pull_limits",
    "push_requests",
    "registry_clients",
    "registry_urls",
    "root_updates",
    "runtime_stores",
    "schannel_versions",
    "schema1_support",
    "self_installers",
    "signature_contacts",
    "signature_engines",
    "signature_policies",
    "sparse_indexes",
    "tls_clients",
    "tls_errors",
    "tls_keys",
    "tls_offers",
    "tls_stapling",
    "tls_suites",
    "unpacked_ratios",
    "windows_builds",
    "windows_kubernetes",
    "windows_roots",
    "windows_runtimes",
    "workload_downloads",
    "workload_kinds",
)
# Projects whose releases were read from source: `releases/NAME.json` (auditor/facts/release_images.py), by `make facts`.
RELEASED: tuple[str, ...] = ("containerd", "k0s", "k3s", "kubeadm", "rancher", "rke2")
# Tables whose header lists programs: only these can lack a version. A test compares the list with the files.
VERSIONED_TABLES: tuple[str, ...] = (
    "archive_formats",
    "built_in_policies",
    "client_go",
    "cluster_certificates",
    "config_keys",
    "containerd_config",
    "containerd_hosts",
    "copy_digests",
    "copy_layers",
    "copy_platforms",
    "copy_signatures",
    "default_images",
    "distribution_registries",
    "docker_nondistributable",
    "embedded_runtimes",
    "host_process",
    "hosts_toml",
    "known_issues",
    "kubernetes_support",
    "layer_urls",
    "pause_images",
    "preloads",
    "registry_urls",
    "schema1_support",
    "signature_contacts",
    "sparse_indexes",
    "tls_clients",
    "tls_keys",
    "tls_offers",
    "windows_builds",
    "windows_kubernetes",
    "windows_runtimes",
)


@remembered
def headers() -> Mapping[str, Header]:
    """Return the headers of the tables about versions, by table."""
    return {name: header(name) for name in VERSIONED_TABLES}


@cache
def _rows(name: str) -> tuple[dict[str, Any], ...]:
    _, rows = _documents(name)
    return tuple(rows)


def dated(head: Header, row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of a versioned table with the dates of the header. A row of an overlay has its own limit, or none."""
    if "stated-by" in row:
        return row
    key = head.program
    program = row.get(key, "") if key else next(iter(head.verified_through), "")
    return {"verified-through": head.through(str(program)), "as-of": head.month, **row}


@remembered
def table(name: str, row: type[Row]) -> tuple[Row, ...]:
    """Return the rows of the table `name` as `row` values: rows of overlays first, then in file order.

    Raises ValueError if a row does not match `row`. The tables ship with the program, so that is a bug.
    """
    return (*_converted(name, row, _IN_USE[0].rows.get(name, ())), *_converted(name, row, _rows(name)))


def row_count(name: str) -> int:
    """Return the number of the program's rows in a table."""
    return len(_rows(name))


def plain_rows(name: str) -> tuple[Mapping[str, Any], ...]:
    """Return the rows of a table as its file states them: those of overlays first."""
    return (*_IN_USE[0].rows.get(name, ()), *_rows(name))


def own_text(name: str) -> str:
    """Return the file of a table: `releases/rke2` is JSON, any other YAML."""
    return text_in(__name__, f"{name}.json" if name.startswith("releases/") else f"{name}.yaml")


@dataclass(frozen=True, slots=True)
class FactsBasis:
    """Which facts are in use: the SHA-256 of all tables and overlay rows, the last day of a check, and the overlay files."""

    digest: str
    as_of: datetime.date
    overlays: tuple[str, ...] = ()


@remembered
def basis() -> FactsBasis:
    """Return which facts are in use, for reports."""
    import hashlib  # noqa: PLC0415 - OpenSSL is loaded with it

    digest = hashlib.sha256()
    for name in TABLES:
        digest.update(own_text(name).encode())
    for name in RELEASED:
        digest.update(text_in(__name__, f"releases/{name}.json").encode())
    overlay = _IN_USE[0]
    if overlay.rows or overlay.through:
        digest.update(repr((sorted(overlay.rows.items()), sorted(overlay.through.items()))).encode())
    return FactsBasis(digest.hexdigest(), max(head.as_of for head in headers().values()), overlay.files)


def own_rows(name: str, row: type[Row]) -> tuple[Row, ...]:
    """Return the rows of the program, without those of overlays."""
    return _converted(name, row, _rows(name))


def _converted(name: str, row: type[Row], plain: tuple[dict[str, Any], ...]) -> tuple[Row, ...]:
    head = header(name)
    if {"verified_through", "since"} <= set(row.__struct_fields__):
        plain = tuple(dated(head, one) for one in plain)
    try:
        converted: tuple[Row, ...] = msgspec.convert(plain, tuple[row, ...], strict=False)  # type: ignore[valid-type]
    except msgspec.ValidationError as error:
        raise ValueError(f"auditor/facts/{name}.yaml: {error}") from error
    return converted
