"""## What it checks
Each CA file in hosts.toml, registries.yaml or a certificate folder takes effect: the runtime reads the file, its folder name
is possible on the node, and it contains certificates. The configuration does not disable verification instead.

## Why it matters
containerd on Windows has no default `config_path`. Without it, a correct hosts.toml has no effect, and the pull fails with
`x509: certificate signed by unknown authority`. On Windows, a folder cannot be named `registry:5000`. If a CA file contains
no certificate, containerd rejects the host.

## How to fix
Set `config_path` in config.toml. Name the folder without the colon. Write the CA in PEM format. Remove `skip_verify` once the
runtime trusts the CA: with it, the runtime accepts any server at that address.

## When it is undetermined
The CA file, or the config.toml that decides whether the runtime reads it, is not among the files of the plan. Or a file
cannot be read.

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
from checks._shared.pools import pool_subject, unread_config

_UNKNOWN = "tls: failed to verify certificate: x509: certificate signed by unknown authority"


def _finding(
    pool: Pool, message: str, case: str, settings: Sequence[TlsSetting], remedy: Remedy, severity: Severity, at: Location
) -> Finding:
    return Finding(
        severity=severity,
        subject=pool_subject(pool),
        message=message,
        case=case,
        facts={"file": at.file, "case": case, "hosts": tuple(dict.fromkeys(setting.host for setting in settings))},
        location=at,
        remedies=(remedy,),
    )


def _works_anyway(site: Site, pool: Pool, settings: Iterable[TlsSetting], today: datetime.date) -> bool:
    """Whether the runtime verifies every endpoint of `settings` without them. False if no endpoint matches."""
    wanted = tuple(settings)
    found = [
        case.prospect is Prospect.VERIFIES
        for case in site.trust(today)
        if case.pool is pool and case.client in RUNTIMES and any(is_for(one, case.endpoint, pool) for one in wanted)
    ]
    return bool(found) and all(found)


def _unheeded(site: Site, pool: Pool, config: NodeConfig, today: datetime.date) -> Iterator[Outcome]:
    """Yield a finding for each file with a CA that the runtime does not read."""
    files: dict[str, list[TlsSetting]] = {}
    for setting in config.tls:
        if setting.ca:
            files.setdefault(setting.location.file, []).append(setting)
    for note in config.notes:
        if note.location.file in files:
            remedy = Remedy("edit", f"Let containerd read {note.location.file}: fix the cause in the message.")
            settings = files[note.location.file]
            works = _works_anyway(site, pool, settings, today)
            then = "Pulls work only because the machine store has the CA" if works else f"Error on the node: `{_UNKNOWN}`"
            message = f"The CA in {note.location.file} has no effect on the runtime of {pool.name}: {note.why}. {then}."
            severity = Severity.WARNING if works else Severity.ERROR
            yield _finding(pool, message, f"unheeded {note.location.file}", settings, remedy, severity, note.location)


def _of_ca(site: Site, pool: Pool, ca: RuntimeCa, today: datetime.date) -> Outcome:
    if not ca.file:
        detail = f"{ca.setting.location} names {ca.written}, which is not among the files of the plan"
        return Undetermined(pool_subject(pool), Kind.MISSING_EVIDENCE, detail)
    if not ca.certificates:
        remedy = Remedy("edit", f"Write the CA for {ca.setting.host} into {ca.file} in PEM format.")
        message = f"{ca.file}, the CA file for {ca.setting.host} on {pool.name}, contains no certificate for the runtime: "
        severity = Severity.WARNING if _works_anyway(site, pool, (ca.setting,), today) else Severity.ERROR
        return _finding(
            pool, f"{message}{ca.problems[0]}.", f"empty {ca.file}", (ca.setting,), remedy, severity, ca.setting.location
        )
    if ca.problems:
        remedy = Remedy("edit", f"Write each CA for {ca.setting.host} into {ca.file} as a PEM block `CERTIFICATE`.")
        message = f"The runtime of {pool.name} skips a part of {ca.file}, the CA file for {ca.setting.host}: {ca.problems[0]}."
        return _finding(pool, message, f"partly {ca.file}", (ca.setting,), remedy, Severity.WARNING, ca.setting.location)
    return Fine()


def _unverified(pool: Pool, setting: TlsSetting) -> Finding:
    remedy = Remedy("edit", f"Configure the CA of {setting.host} for the runtime, and remove `skip_verify`.")
    message = f"The runtime of {pool.name} does not verify {setting.host}: it accepts any server at that address."
    return _finding(pool, message, f"skip-verify {setting.host}", (setting,), remedy, Severity.WARNING, setting.location)


def _of_pool(site: Site, pool: Pool, config: NodeConfig, today: datetime.date) -> Iterator[Outcome]:
    yield from _unheeded(site, pool, config, today)
    for ca in site.trusts.runtime.get(pool.name, ()):
        yield _of_ca(site, pool, ca, today)
    for setting in config.tls:
        if setting.skip_verify:
            yield _unverified(pool, setting)
    yield from unread_config(pool, config)


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per pool and CA file. A pool without a CA file passes if its configuration was read."""
    for pool in site.plan.pools:
        config = site.node_configs.get(pool.name)
        if config is None:
            continue
        found = tuple(_of_pool(site, pool, config, today))
        yield from found or (Fine(),)


CHECK = define(
    run,
    title="CA file has no effect on the container runtime",
    holds="CA files take effect on the container runtime",
    area=Area.TRUST,
    severity=Severity.ERROR,
    requires=(Requirement.NODE_CONFIG,),
)
