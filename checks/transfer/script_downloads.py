"""## What it checks
No script in `copy.scripts` downloads from an external host. The check covers curl, wget, Invoke-WebRequest and similar
commands, package managers, Git, and URLs that are passed to helm or kubectl.

## Why it matters
Installation scripts are often written on a machine with internet access. Offline, such a script stops half-way with `curl:
(6) Could not resolve host`, or a package manager waits for minutes, on every node.

## How to fix
Copy the files and let the script use them, or use an internal mirror that `network.reachable` covers. Package managers accept
local files or another index: `pip --no-index --find-links`, `apt-get install ./package.deb`, `choco --source`.

## When it is undetermined
The host comes from a variable that is set elsewhere, or from the configuration of the machine (apt, dnf, zypper, apk). Or the
script or a part of it cannot be read. A script that copies from registries runs on a machine that can connect to them. Its
downloads are reported as information only, because the machine must be able to connect to those hosts.

## References
facts/downloaders.yaml, where each program has its source.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Area, ConnectionKind, Finding, Fine, Outcome, Remedy, Severity, Subject, Undetermined, define
from auditor.errors import Location
from auditor.evidence.model import Kind
from auditor.site import Requirement, Site
from auditor.site.downloads import ScriptDownload, ScriptDownloads
from auditor.site.script_lines import UnreadScript
from auditor.text import and_more


def _places(lines: tuple[Location, ...]) -> str:
    return and_more(f"line {lines[0].line}", len(lines))


def _finding(script: ScriptDownloads, found: ScriptDownload) -> Finding:
    host, row = found.remote.host, found.download.row
    why = (
        "The script copies from registries. The machine that runs it must also be able to connect to this host."
        if script.is_connected
        else f"Offline, {host} is not reachable, and the line fails."
    )
    return Finding(
        severity=Severity.INFO if script.is_connected else Severity.WARNING,
        subject=Subject("script", script.read.path),
        message=f"{script.read.path} downloads from {host} with {found.download.program} ({_places(found.lines)}). {why}",
        case=f"{found.download.program} {host}:{found.remote.port}",
        facts={
            "url": found.url,
            "lines": tuple(str(line) for line in found.lines),
            "connected": script.is_connected,
            "source": row.source,
            "confidence": row.confidence,
        },
        location=found.lines[0],
        remedies=(Remedy("edit", f"Copy the files from {host}, and let the script use the copy or an internal mirror."),),
    )


def _of_script(script: ScriptDownloads) -> Iterator[Outcome]:
    for found in script.outside:
        yield _finding(script, found)
    if script.is_connected:
        return
    subject = Subject("script", script.read.path)
    for unknown in script.unknown:
        detail = f"{unknown.lines[0]}: the host that {unknown.program} downloads from is unknown ({_places(unknown.lines)})"
        yield Undetermined(subject, Kind.MISSING_EVIDENCE, detail)
    for trouble in script.read.script.unread:
        yield Undetermined(subject, Kind.MALFORMED, f"{trouble.location}: {trouble}")


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one finding per script, host and program."""
    for read in site.bare_scripts:
        if isinstance(read, UnreadScript):
            kind = Kind.MISSING_EVIDENCE if read.why.missing else Kind.UNSUPPORTED
            yield Undetermined(Subject("script", read.path), kind, f"{read.why.location}: {read.why}")
    for script in site.script_downloads:
        yield from list(_of_script(script)) or [Fine()]


CHECK = define(
    run,
    title="Script downloads from an external host",
    holds="No script downloads from an external host",
    area=Area.CONNECTIONS,
    severity=Severity.WARNING,
    requires=(Requirement.COPY_SCRIPTS,),
    connections=(ConnectionKind.DOWNLOAD,),
)
