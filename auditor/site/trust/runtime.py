"""The CA files that a pool's runtime uses for a registry: hosts.toml, registries.yaml, certificate folders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from auditor.errors import unexpected
from auditor.pki.certificate import Certificate
from auditor.pki.clients import ClientModel
from auditor.pki.go_files import load_as_go
from auditor.pki.loading import LoadedCertificates
from auditor.plan.model import Endpoint, Plan, Pool
from auditor.plan.plan_paths import is_inside
from auditor.readers.node_config import NodeConfig
from auditor.readers.node_config.hosts_toml import folders_for
from auditor.readers.node_config.tls import TlsSetting, file_of

RUNTIMES = frozenset({"containerd", "docker"})


@dataclass(frozen=True, slots=True)
class RuntimeCa:
    """One CA file that a runtime is configured to trust. `file` is empty, and the content unknown, if the plan lacks it.

    `heeded` is false if the runtime never reads the setting.
    """

    setting: TlsSetting
    written: str
    file: str
    heeded: bool = True
    certificates: tuple[Certificate, ...] = ()
    problems: tuple[str, ...] = ()


def runtime_cas(plan: Plan, pool: Pool, config: NodeConfig) -> tuple[RuntimeCa, ...]:
    """Return every CA file in a pool's configuration, in order."""
    unread = _never_read(config)
    near = tuple(path for path in plan.files if any(is_inside(path, name) for name in (*pool.config, *pool.trust)))
    load = cache(lambda file: _load(file, plan.files[file]))
    found = []
    for setting in config.tls:
        for written in setting.ca:
            file = file_of(setting, written, plan.files, near)
            loaded = load(file) if file else None
            certificates, problems = (loaded.certificates, loaded.problems) if loaded else ((), ())
            found.append(RuntimeCa(setting, written, file, setting.location.file not in unread, certificates, problems))
    return tuple(found)


def _never_read(config: NodeConfig) -> set[str]:
    """Return the files of a configuration that the runtime never reads."""
    return set() if config.has_mirrors else {note.location.file for note in config.notes}


def _load(file: str, data: bytes) -> LoadedCertificates:
    try:
        return load_as_go(data)
    except Exception as error:  # noqa: BLE001 - one file must not end the audit
        return LoadedCertificates(problems=(unexpected(f"reading {file}", error),))


def is_for(setting: TlsSetting, endpoint: Endpoint, pool: Pool) -> bool:
    """Return whether the runtime applies a setting to connections to an endpoint."""
    names = {endpoint.name, *folders_for(endpoint.name, windows=pool.is_windows)}
    if endpoint.port == 443:
        names |= {endpoint.host, *folders_for(endpoint.host, windows=pool.is_windows)}
    return setting.host in names


def given_for(cas: Mapping[str, tuple[RuntimeCa, ...]], pool: Pool, client: str, endpoint: Endpoint) -> tuple[RuntimeCa, ...]:
    """Return the CA files that a pool's runtime reads for an endpoint; none for other clients."""
    if client not in RUNTIMES:
        return ()
    return tuple(ca for ca in cas.get(pool.name, ()) if ca.heeded and is_for(ca.setting, endpoint, pool))


def trusted_for(
    cas: Mapping[str, tuple[RuntimeCa, ...]], pool: Pool, client: str, endpoint: Endpoint
) -> tuple[tuple[Certificate, ...], tuple[str, ...]]:
    """Return the certificates configured for an endpoint, and the CA files among them that the plan lacks."""
    fitting = given_for(cas, pool, client, endpoint)
    certificates = dict.fromkeys(one for ca in fitting for one in ca.certificates)
    return tuple(certificates), tuple(
        f"{ca.setting.location} names {ca.written}, which is not among the files of the plan" for ca in fitting if not ca.file
    )


def refusing_ca(cas: Mapping[str, tuple[RuntimeCa, ...]], pool: Pool, model: ClientModel, endpoint: Endpoint) -> str:
    """Return the error of a runtime that rejects an endpoint because its CA file holds no certificate, or an empty string."""
    if not model.ca_file_error:
        return ""
    empty = (ca for ca in given_for(cas, pool, model.id, endpoint) if ca.file and not ca.certificates)
    return next((model.ca_file_error.format(file=ca.written) for ca in empty), "")


def is_unverified(config: NodeConfig | None, pool: Pool, client: str, endpoint: Endpoint) -> bool:
    """Return whether a pool's runtime is configured not to verify an endpoint."""
    if config is None or client not in RUNTIMES:
        return False
    heeded = (setting for setting in config.tls if setting.location.file not in _never_read(config))
    return any(setting.skip_verify and is_for(setting, endpoint, pool) for setting in heeded)
