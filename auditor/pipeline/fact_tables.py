"""The fact tables that an overlay can extend: the row type of each, and the columns that choose a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import Final

from auditor.facts import Fact


@dataclass(frozen=True, slots=True)
class TableType:
    """Where the row type of a table is, and which columns besides the versions choose a row."""

    module: str
    name: str
    chosen_by: tuple[str, ...] = ()


ROW_TYPES: Final[Mapping[str, TableType]] = MappingProxyType(
    {
        "archive_formats": TableType("auditor.sizing.archive_formats", "ArchiveFormat", ("tool", "option")),
        "carrier_images": TableType("auditor.site.images", "CarrierImage"),
        "config_keys": TableType("auditor.readers.node_config.slips", "ConfigKey", ("program", "path", "os")),
        "containerd_config": TableType("auditor.readers.node_config.containerd_toml", "ConfigPlace", ("version",)),
        "containerd_hosts": TableType("auditor.readers.node_config.pool_config", "HostsDefault", ("os",)),
        "copy_digests": TableType("auditor.transfer.copy_digests", "CopyDigests", ("tool", "origin", "to", "given")),
        "copy_layers": TableType("auditor.transfer.copy_layers", "CopyLayers", ("tool", "origin", "to", "given")),
        "copy_platforms": TableType("auditor.transfer.copy_platforms", "CopyPlatforms", ("tool", "origin", "to", "given")),
        "default_images": TableType(
            "auditor.needs.default_facts", "DefaultRow", ("distribution", "os", "image", "part", "cni")
        ),
        "docker_nondistributable": TableType("checks.transfer.docker_nondistributable", "DockerSetting"),
        "embedded_runtimes": TableType("auditor.plan.embedded", "EmbeddedRuntime", ("distribution",)),
        "host_process": TableType("checks.windows.hostprocess_requirements", "HostProcessSupport", ("runtime",)),
        "hosts_toml": TableType("auditor.readers.node_config.hosts_toml", "HostsReading"),
        "known_issues": TableType("checks.windows.known_issue", "KnownIssue", ("id",)),
        "layer_urls": TableType("auditor.transfer.pull", "PullRule", ("runtime", "os")),
        "moving_tags": TableType("checks.images.image_unpinned", "MovingTag"),
        "pause_builds": TableType("auditor.needs.default_facts", "PauseBuilds"),
        "pause_images": TableType("auditor.needs.default_facts", "RuntimePause", ("runtime",)),
        "registry_urls": TableType("auditor.transfer.registries", "RegistryUrls", ("registry",)),
        "schema1_support": TableType("checks.images.schema1_manifest", "Schema1Support", ("runtime",)),
        "self_installers": TableType("auditor.readers.workloads.self_installers", "SelfInstaller"),
        "sparse_indexes": TableType("auditor.transfer.registries", "SparseIndexes"),
        "tls_clients": TableType("auditor.pki.clients", "ClientModel", ("id", "os")),
        "tls_errors": TableType("auditor.pki.clients", "ErrorText", ("library", "flaw")),
        "tls_keys": TableType("auditor.pki.public_keys", "KeyRule", ("library", "key")),
        "windows_builds": TableType("auditor.oci.windows", "WindowsRelease"),
        "windows_kubernetes": TableType("checks.windows.windows_version_unsupported", "WindowsKubernetes", ("build",)),
        "windows_runtimes": TableType("auditor.oci.windows", "WindowsRuntime", ("runtime",)),
    }
)


def row_type(table: str) -> type[Fact]:
    """Return the row type of a table, imported when it is needed."""
    kind = ROW_TYPES[table]
    found: type[Fact] = getattr(import_module(kind.module), kind.name)
    return found
