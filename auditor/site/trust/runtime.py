"""The CA files that a pool's runtime is given for a registry: hosts.toml, registries.yaml, folders of certificates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from auditor.pki.certificate import Certificate
from auditor.pki.loading import load_certificates
from auditor.plan.model import Endpoint, Plan, Pool
from auditor.plan.node_config import NodeConfig
from auditor.plan.node_config.hosts_toml import folders_for
from auditor.plan.node_config.tls import TlsSetting, file_of
from auditor.plan.paths import is_inside

RUNTIMES = frozenset({"containerd", "docker"})


@dataclass(frozen=True, slots=True)
class RuntimeCa:
    """One CA file that a runtime is told to trust. `file` is empty when the plan does not hold it; then nothing is known.

    `heeded` is false where the runtime never reads what names it.
    """

    setting: TlsSetting
    written: str
    file: str
    heeded: bool = True
    certificates: tuple[Certificate, ...] = ()
    problems: tuple[str, ...] = ()


def runtime_cas(plan: Plan, pool: Pool, config: NodeConfig) -> tuple[RuntimeCa, ...]:
    """Every CA file that the configuration of a pool names, in order."""
    unread = set() if config.has_mirrors else {note.location.file for note in config.notes}
    near = tuple(path for path in plan.files if any(is_inside(path, name) for name in (*pool.config, *pool.trust)))
    load = cache(lambda file: load_certificates(plan.files[file]))
    found = []
    for setting in config.tls:
        for written in setting.ca:
            file = file_of(setting, written, plan.files, near)
            loaded = load(file) if file else None
            certificates, problems = (loaded.certificates, loaded.problems) if loaded else ((), ())
            found.append(RuntimeCa(setting, written, file, setting.location.file not in unread, certificates, problems))
    return tuple(found)


def is_for(ca: RuntimeCa, endpoint: Endpoint, pool: Pool) -> bool:
    """Whether the runtime takes a CA file for the connections to an endpoint."""
    names = {endpoint.name, *folders_for(endpoint.name, windows=pool.is_windows)}
    if endpoint.port == 443:
        names |= {endpoint.host, *folders_for(endpoint.host, windows=pool.is_windows)}
    return ca.setting.host in names


def trusted_for(
    cas: Mapping[str, tuple[RuntimeCa, ...]], pool: Pool, client: str, endpoint: Endpoint
) -> tuple[Certificate, ...]:
    """What the runtime of a pool is given for an endpoint; nothing for other clients."""
    if client not in RUNTIMES:
        return ()
    fitting = (ca for ca in cas.get(pool.name, ()) if ca.heeded and is_for(ca, endpoint, pool))
    return tuple(dict.fromkeys(one for ca in fitting for one in ca.certificates))
