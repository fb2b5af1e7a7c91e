"""## What it checks
The CA files that hosts.toml, registries.yaml or folders of certificates give to a runtime take effect: the file is read at
all, lies in a folder that can exist, and holds certificates; and verification is not switched off instead.

## Why it matters
containerd on Windows has no `config_path` by default: a hosts.toml that is right in every word does nothing, and the pull
fails with `x509: certificate signed by unknown authority`. A folder on Windows cannot be named `registry:5000`. A CA file
that holds no certificate makes containerd refuse the host.

## How to fix
Set `config_path` in config.toml; name the folder without the colon; write the CA as PEM. Take `skip_verify` out once the CA
is trusted: with it, whoever answers at that address is believed.

## When it cannot tell
The CA file, or the config.toml that decides whether it is read, is not among the files that the plan names; or a file cannot
be read.

## References
containerd docs/hosts.md, core/remotes/docker/config/config_windows.go, plugins/cri/images/plugin.go;
facts/containerd_hosts.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence

from auditor.check import Area, Finding, Fine, Outcome, Remedy, Severity, Undetermined, define
from auditor.errors import Location
from auditor.evidence.model import Kind
from auditor.plan.model import Pool
from auditor.readers.node_config import NodeConfig
from auditor.readers.node_config.tls import TlsSetting
from auditor.site import Requirement, Site
from auditor.site.trust.cases import Prospect
from auditor.site.trust.runtime import RUNTIMES, RuntimeCa, is_for
from checks.pools import pool_subject, unread_config

ID = "runtime-ca-path"
_UNKNOWN = "tls: failed to verify certificate: x509: certificate signed by unknown authority"


def _finding(
    pool: Pool, message: str, case: str, settings: Sequence[TlsSetting], remedy: Remedy, severity: Severity, at: Location
) -> Finding:
    return Finding(
        check=ID,
        severity=severity,
        subject=pool_subject(pool),
        message=message,
        case=case,
        facts={"file": at.file, "case": case, "hosts": tuple(dict.fromkeys(setting.host for setting in settings))},
        location=at,
        remedies=(remedy,),
    )


def _works_anyway(site: Site, pool: Pool, settings: Iterable[TlsSetting], today: datetime.date) -> bool:
    """Whether the runtime verifies every endpoint that the settings are for without them. False if there is none."""
    wanted = tuple(settings)
    found = [
        case.prospect is Prospect.VERIFIES
        for case in site.trust(today)
        if case.pool is pool and case.client in RUNTIMES and any(is_for(one, case.endpoint, pool) for one in wanted)
    ]
    return bool(found) and all(found)


def _unheeded(site: Site, pool: Pool, config: NodeConfig, today: datetime.date) -> Iterator[Outcome]:
    """Files that give a CA and are never read."""
    files: dict[str, list[TlsSetting]] = {}
    for setting in config.tls:
        if setting.ca:
            files.setdefault(setting.location.file, []).append(setting)
    for note in config.notes:
        if note.location.file in files:
            remedy = Remedy("edit", f"Let containerd read {note.location.file}: see the reason in the message.")
            settings = files[note.location.file]
            works = _works_anyway(site, pool, settings, today)
            then = "The pull works only because the machine trusts the CA as well" if works else f'The pull says: "{_UNKNOWN}"'
            message = f"{note.location.file} gives the runtime of {pool.name} a CA: {note.why}. {then}."
            severity = Severity.WARNING if works else Severity.ERROR
            yield _finding(pool, message, f"unheeded {note.location.file}", settings, remedy, severity, note.location)


def _of_ca(site: Site, pool: Pool, ca: RuntimeCa, today: datetime.date) -> Outcome:
    if not ca.file:
        detail = f"{ca.setting.location} names {ca.written}, which is not among the files of the plan"
        return Undetermined(ID, pool_subject(pool), Kind.MISSING_EVIDENCE, detail)
    if not ca.certificates:
        remedy = Remedy("edit", f"Write the CA for {ca.setting.host} into {ca.file} as PEM.")
        message = f"{ca.file}, which the runtime of {pool.name} is given as the CA for {ca.setting.host}, holds none: "
        severity = Severity.WARNING if _works_anyway(site, pool, (ca.setting,), today) else Severity.ERROR
        return _finding(
            pool, f"{message}{ca.problems[0]}.", f"empty {ca.file}", (ca.setting,), remedy, severity, ca.setting.location
        )
    return Fine()


def _unverified(pool: Pool, setting: TlsSetting) -> Finding:
    remedy = Remedy("edit", f"Give the runtime the CA of {setting.host} instead, and take `skip_verify` out.")
    message = f"The runtime of {pool.name} does not verify {setting.host} at all: whoever answers there is believed."
    return _finding(pool, message, f"skip-verify {setting.host}", (setting,), remedy, Severity.WARNING, setting.location)


def _of_pool(site: Site, pool: Pool, config: NodeConfig, today: datetime.date) -> Iterator[Outcome]:
    yield from _unheeded(site, pool, config, today)
    for ca in site.trusts.runtime.get(pool.name, ()):
        yield _of_ca(site, pool, ca, today)
    for setting in config.tls:
        if setting.skip_verify:
            yield _unverified(pool, setting)
    yield from unread_config(ID, pool, config)


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """One outcome per pool and CA file; a pool whose runtime is given none passes if its configuration was read."""
    for pool in site.plan.pools:
        config = site.node_configs.get(pool.name)
        if config is None:
            continue
        found = tuple(_of_pool(site, pool, config, today))
        yield from found or (Fine(),)


CHECK = define(
    run,
    id=ID,
    title="A CA file does not reach the runtime",
    family="trust",
    area=Area.TRUST,
    severity=Severity.ERROR,
    requires=(Requirement.NODE_CONFIG,),
)
