"""## What it checks
Each configuration file of a pool, and the daemon.json of the Docker that copies, is valid for the program that reads it.
daemon.json is read as JSON, hosts.toml and config.toml as TOML, registries.yaml as YAML. The program supports every key at
its place, and each value has the right type.

## Why it matters
dockerd does not start with an unknown key: `the following directives don't match any configuration option`. containerd
ignores a hosts.toml that it cannot decode, and pulls from the registry in the image name. K3s, RKE2 and containerd ignore
unknown keys, so a misspelt mirror has no effect.

## How to fix
Use the key or the value from the finding.

## When it is undetermined
A file is not in the audit's inputs. An unknown key without a similar known key is a warning if the program is newer than the
facts.

## References
facts/config_keys.yaml, facts/config_programs.yaml, facts/hosts_toml.yaml; moby daemon/config; containerd
core/remotes/docker/config; rancher/wharfie pkg/registries.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Affected, Area, Finding, Fine, Outcome, Remedy, Severity, Subject, Undetermined, define
from auditor.evidence.model import Kind
from auditor.readers.node_config.slips import ConfigSlip, Effect
from auditor.site import Requirement, Site
from checks._shared.affected import not_arrived

_EFFECTS = {
    Effect.REFUSED: ("{} does not start with this file", "{} do not start with this file"),
    Effect.UNREAD: ("{} ignores the whole file", "{} ignore the whole file"),
    Effect.IGNORED: ("{} ignores it", "{} ignore it"),
    Effect.REPLACED: ("the other value is lost", "the other value is lost"),
}


def _severity(slip: ConfigSlip) -> Severity:
    if slip.unsure_beyond or slip.effect is Effect.REPLACED:
        return Severity.WARNING
    return Severity.WARNING if slip.effect is Effect.IGNORED and not slip.instead else Severity.ERROR


def _finding(site: Site, slip: ConfigSlip, pool: str) -> Finding:
    about = f"`{slip.key}`: " if slip.key else ""
    effect = _EFFECTS[slip.effect][" and " in slip.program].format(slip.program)
    said = f' It prints: "{slip.message}".' if slip.message and slip.message != slip.why else ""
    unsure = f" The facts cover {slip.program} up to {slip.unsure_beyond}." if slip.unsure_beyond else ""
    meant = f" Did you mean `{slip.instead}`?" if slip.instead else ""
    text = f"Write `{slip.instead}`." if slip.instead else f"Correct the file at {slip.location}."
    if slip.key and not slip.instead and slip.effect in {Effect.REFUSED, Effect.IGNORED}:
        text = f"Remove `{slip.key}` from {slip.location.file}."
    return Finding(
        severity=_severity(slip),
        subject=Subject("config", slip.location.file, pool=pool),
        message=f"{slip.location}: {about}{slip.why}; {effect}.{said}{meant}{unsure}",
        case=f"{slip.effect} {slip.key}",
        facts={"key": slip.key, "effect": slip.effect.value, "instead": slip.instead, "program": slip.program},
        location=slip.location,
        remedies=(Remedy("edit", text),),
        affects=(Affected(pools=(pool,)),) if pool else not_arrived(site),
        fold=(slip.key, slip.effect.value, slip.why, slip.program, slip.message, str(slip.unsure_beyond), slip.instead),
    )


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one finding per mistake, and count the files without one."""
    files: dict[tuple[str, str], list[ConfigSlip]] = {}
    for config in site.node_configs.values():
        for file in config.linted:
            files.setdefault((config.pool.name, file), [])
        for slip in config.slips:
            files.setdefault((config.pool.name, slip.location.file), []).append(slip)
        for problem in config.problems:
            if problem.kind == "missing-evidence":
                subject = Subject("config", problem.location.file, pool=config.pool.name)
                yield Undetermined(subject, Kind.MISSING_EVIDENCE, f"{problem.location}: {problem.why}")
    for file, found in site.copy_slips:
        files.setdefault(("", file), []).extend(found)
    for (pool, _), slips in files.items():
        yield from (_finding(site, slip, pool) for slip in slips)
    yield Fine(sum(not slips for slips in files.values()))


CHECK = define(
    run,
    title="Configuration file is invalid for its program",
    holds="Configuration files are valid for their programs",
    area=Area.NODE_ACCESS,
    severity=Severity.ERROR,
    requires=(Requirement.CONFIG_FILES,),
)
