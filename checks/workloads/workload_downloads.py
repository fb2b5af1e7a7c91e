"""## What it checks
No container of the workloads downloads from an external host. The check reads commands, arguments, hooks, probes and mounted
scripts for sh, bash, PowerShell and cmd.exe. It also knows programs that connect to external hosts by themselves: because of a
variable, an argument, a key of a ConfigMap, a custom resource, or by default.

## Why it matters
The image is present, but the pod still fails: an init container runs `curl` or `apk add`, or the program downloads a plugin,
a driver, a model or a database when it starts. Offline, the pod restarts forever. Other programs start, but a function is
missing or its data becomes stale.

## How to fix
Build an image that contains the files, mount them, or serve them from an internal host that `network.reachable` covers.
Package managers accept an internal mirror in a variable such as `PIP_INDEX_URL`. For programs with a setting, the finding names
the setting. An internal proxy (`HTTPS_PROXY`) counts as access.

## When it is undetermined
The host comes from a variable that the workloads do not set. Or a script cannot be parsed, or is in another language and names
an external host. Or a setting that decides whether the pod fails is in a Secret or ConfigMap that the workloads do not
contain. Charts that were not rendered are undetermined as well. Each container is reported at most three times.

## References
facts/workload_downloads.yaml, facts/downloaders.yaml and facts/package_hosts.yaml, where each row has its source;
NVIDIA/gpu-operator#1501; rancher/rancher#43779.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping

from auditor.check import (
    Area,
    ConnectionKind,
    Fact,
    Finding,
    Fine,
    Kind,
    Outcome,
    Part,
    Remedy,
    Role,
    Severity,
    Subject,
    Undetermined,
    define,
)
from auditor.site import Requirement, Site
from auditor.site.pods.model import DownloadEffect, PodDownload, PodUnknown
from auditor.text import and_more

_SEVERITIES = {
    DownloadEffect.FAILS: Severity.ERROR,
    DownloadEffect.DEGRADED: Severity.WARNING,
    DownloadEffect.SILENT: Severity.INFO,
}


def _facts(found: PodDownload) -> Mapping[str, Fact]:
    more: dict[str, Fact] = {}
    if found.url:
        more["url"] = found.url
    if found.lines:
        more["lines"] = tuple(str(line) for line in found.lines)
    return {"hosts": found.hosts, "effect": found.effect.value, "source": found.source, "confidence": found.confidence, **more}


def _severity(found: PodDownload) -> Severity:
    severity = _SEVERITIES[found.effect]
    return Severity.WARNING if severity is Severity.ERROR and found.confidence == "low" else severity


def _finding(found: PodDownload) -> Finding:
    places = f" ({and_more(str(found.lines[0]), len(found.lines))})" if found.lines else ""
    parts = [
        Part(f"{found.who[:1].upper()}{found.who[1:]}: {found.does}{places}.", Role.CAUSE),
        Part(f"Offline, this connection fails. {found.breaks}", Role.EFFECT),
    ]
    if found.doubt:
        parts.append(Part(found.doubt, Role.EFFECT))
    if found.error:
        parts.append(Part(f"Error in the pod: `{found.error}`", Role.SYMPTOM))
    return Finding(
        severity=_severity(found),
        subject=Subject("workload", found.subject),
        case=found.case,
        parts=tuple(parts),
        facts=_facts(found),
        location=found.location,
        remedies=(Remedy("edit", found.fix),),
        affects=(),
    )


def _undetermined(one: PodUnknown) -> Undetermined:
    kind = Kind.MALFORMED if one.is_malformed else Kind.MISSING_EVIDENCE
    detail = f"{one.place or one.location}: {one.why}"
    return Undetermined(Subject("workload", one.subject), kind, detail, location=one.location, affects=())


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one finding per container and download, and count the containers that download nothing as passed."""
    downloads = site.pod_downloads
    yield from map(_finding, downloads.found)
    yield from map(_undetermined, downloads.unknown)
    if downloads.passed or not (downloads.found or downloads.unknown):
        yield Fine(max(1, downloads.passed))


CHECK = define(
    run,
    title="Pod downloads from an external host",
    holds="No pod downloads from an external host",
    area=Area.CONNECTIONS,
    severity=Severity.ERROR,
    requires=(Requirement.WORKLOAD_FILES,),
    connections=(ConnectionKind.POD_DOWNLOAD,),
)
