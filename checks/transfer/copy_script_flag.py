"""## What it checks
Each line in `copy.scripts` that runs a copy tool meets three conditions:

- It has the option that copies foreign layers and layers with `urls`, if an image that it copies has such layers.
- It copies the platforms that the pools need, or another line does.
- A failure stops the script, or the script checks for it.

## Why it matters
The plan can name the right option while the script that really runs does not have it. Copy tools skip layers and platforms
with exit code 0. If `|| echo` or a loop without `set -e` hides a failure, it is one line among thousands.

## How to fix
Use the line from the finding. Start shell scripts with `set -euo pipefail`. In PowerShell, check `$LASTEXITCODE` after each
program: `$ErrorActionPreference` alone does not stop a script when a program fails.

## When it is undetermined
The script or a part of it cannot be read. A line runs a command that is known only at run time (`eval`, `$TOOL`). Options
come from a variable that is set elsewhere. No line is known to copy or to download. Or the facts do not cover the tool with
these options.

## References
facts/copy_commands.yaml, facts/copy_layers.yaml, facts/copy_platforms.yaml; POSIX, Shell Command Language, `set -e`;
Microsoft, about_Preference_Variables.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from auditor.check import Area, Finding, Fine, Outcome, Remedy, Severity, Subject, Undetermined, define
from auditor.evidence.model import Kind
from auditor.readers.scripts import Command
from auditor.site import Requirement, Site
from auditor.site.images import Placement
from auditor.site.layers import foreign_layers
from auditor.site.script_lines import LineLosses, ReadScript, UnreadScript
from auditor.site.scripts import CopyLine
from auditor.text import and_more
from auditor.transfer.copy_layers import Fate, carrying
from auditor.transfer.copy_platforms import keeping_all, platform_row
from auditor.transfer.hops import Unpredicted
from checks._shared.affected import not_arrived, of_placements, waiting
from checks._shared.copied import to_copy

_SHOWN = 160


def _subject(path: str, command: Command) -> Subject:
    return Subject("script", f"{path}: {_shown(command)}")


def _shown(command: Command) -> str:
    text = " ".join(" ".join(word.text for word in command.words).split())
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _finding(
    line: CopyLine, case: str, message: str, remedy: Remedy, missed: list[Placement], **facts: str | tuple[str, ...]
) -> Finding:
    """Return a finding: an error if `missed`, the placements that are certainly not copied, is not empty; else a warning."""
    return Finding(
        severity=Severity.ERROR if missed else Severity.WARNING,
        subject=_subject(line.path, line.command),
        message=message,
        case=case,
        facts={"line": _shown(line.command), "tool": str(line.hop), **facts},
        location=line.command.location,
        remedies=(remedy,),
        affects=of_placements(missed),
    )


def _edit(text: str, line: str) -> Remedy:
    return Remedy("edit", text, (line,) if line else ())


def _of_layers(line: CopyLine, left: dict[str, Fate], lost: list[Placement]) -> Finding:
    images = tuple(left)
    fate = left[images[0]]
    option = carrying(line.hop.tool, line.hop.version, line.hop.origin, line.hop.to)
    if option and option.startswith("-"):
        flags = option.replace(" and ", " ")
        remedy = _edit(f"Run {line.call.tool} with {flags}.", line.with_option(flags))
    elif option:
        remedy = Remedy("edit", f"Set {option} for {line.call.tool}.")
    else:
        remedy = Remedy("edit", f"Use `crane copy --allow-nondistributable-artifacts`: {line.call.tool} has no such option.")
    those = and_more(images[0], len(images))
    said = f"This line runs {line.call.tool} without copying foreign layers. The foreign layers of {those} are not copied."
    return _finding(line, "layers", said, remedy, lost, images=images, row=fate.row.name, source=fate.row.source)


def _of_platforms(line: CopyLine, lost: dict[str, list[Placement]], certain: list[Placement]) -> Finding:
    image, placements = next(iter(lost.items()))
    wanted = ((one.resolution.choice.os_version or one.need.platform, one.pool.name) for one in placements)
    named = tuple(dict.fromkeys(f"{platform} for {pool}" for platform, pool in wanted))
    row, option = platform_row(line.hop), keeping_all(line.call.tool)
    given = (row.option, *row.given) if not isinstance(row, Unpredicted) else ()
    drop = tuple(name for name in (*given, getattr(row, "architecture", ""), getattr(row, "variant", "")) if name)
    if option is None or line.call.to == "docker-archive":
        remedy = Remedy("edit", f"Copy the whole index with `crane copy`: {line.call.tool} writes only one platform here.")
    else:
        how = f"with {option}" if option else f"without {' and '.join(dict.fromkeys(drop))}"
        remedy = _edit(f"Run {line.call.tool} {how}.", line.with_option(option, without=drop))
    said = f"This line copies only one platform of {image}, and no other line copies {', '.join(named)}."
    source = row.source if not isinstance(row, Unpredicted) else ""
    return _finding(line, "platforms", said, remedy, certain, images=tuple(lost), lost=named, source=source)


def _of_failure(line: CopyLine) -> Finding:
    is_shell = "LASTEXITCODE" not in line.command.ignored
    how = (
        "Start the script with `set -euo pipefail`, so that a failure of this line stops it."
        if is_shell
        else "Check the exit code after this line."
    )
    commands = () if is_shell else ('if ($LASTEXITCODE -ne 0) { throw "the copy failed" }',)
    said = f"A failure of this line goes unnoticed: {line.command.ignored}."
    return _finding(line, "failure", said, Remedy("edit", how, commands), [], why=line.command.ignored)


def _of_line(site: Site, losses: LineLosses, carried: frozenset[str]) -> Iterator[Outcome]:
    line = losses.line
    subject = _subject(line.path, line.command)
    at = line.command.location
    if line.unsure and (losses.layers or losses.platforms):
        detail = f"{at}: the value of {', '.join(line.unsure)} is unknown and may contain an option"
        yield Undetermined(subject, Kind.MISSING_EVIDENCE, detail, affects=not_arrived(site))
    else:
        if losses.layers:
            yield _of_layers(line, losses.layers, _without_layers(site, losses, carried))
        if losses.platforms:
            yield _of_platforms(line, losses.platforms, _without_platforms(site, losses))
    for reason in losses.unknown:
        kind = Kind.MISSING_EVIDENCE if reason.missing else Kind.UNSUPPORTED
        yield Undetermined(subject, kind, f"{at}: {reason.why}", affects=not_arrived(site))
    if line.command.ignored:
        yield _of_failure(line)


def _without_layers(site: Site, losses: LineLosses, carried: frozenset[str]) -> list[Placement]:
    """Return the placements whose foreign layers no line of any script copies, if the facts are certain."""
    copied = site.to_copy.placements if site.to_copy is not None else ()
    images = {image for image, fate in losses.layers.items() if fate.row.is_proven} - carried
    return waiting(site, (one for one in copied if one.image.name in images and foreign_layers(one)))


def _without_platforms(site: Site, losses: LineLosses) -> list[Placement]:
    """Return the placements whose manifests no line copies, if there is no other script."""
    row = platform_row(losses.line.hop)
    if len(site.scripts) > 1 or isinstance(row, Unpredicted) or not row.is_proven:
        return []
    return waiting(site, (one for lost in losses.platforms.values() for one in lost))


def _of_script(site: Site, read: ReadScript, downloads: int, carried: frozenset[str], *, is_known: bool) -> Iterator[Outcome]:
    """Yield the outcomes of one script. `is_known`: every manifest to copy was read, so a line without losses passes."""
    for losses in read.lines:
        yield from list(_of_line(site, losses, carried)) or ([Fine()] if is_known else [])
    for hidden in read.hidden:
        detail = f"{hidden.command.location}: {hidden.why}"
        yield Undetermined(_subject(read.path, hidden.command), Kind.UNSUPPORTED, detail, affects=not_arrived(site))
    for trouble in read.script.unread:
        subject = Subject("script", read.path)
        yield Undetermined(subject, Kind.MALFORMED, f"{trouble.location}: {trouble}", affects=not_arrived(site))
    if not (read.lines or read.hidden or read.script.unread or downloads):
        detail = f"{read.script.file}: no line is known to copy images"
        yield Undetermined(Subject("script", read.path), Kind.UNSUPPORTED, detail, affects=not_arrived(site))


def _outcomes(site: Site) -> Iterator[Outcome]:
    unread = [one for one in to_copy(site) if isinstance(one, Undetermined)]
    yield from unread
    is_known = not unread
    downloads = {script.read.path: script.lines for script in site.script_downloads}
    lines = [losses for read in site.scripts if isinstance(read, ReadScript) for losses in read.lines]
    carried = frozenset(image for losses in lines for image in losses.carried)
    for read in site.scripts:
        if isinstance(read, UnreadScript):
            kind = Kind.MISSING_EVIDENCE if read.why.missing else Kind.UNSUPPORTED
            yield Undetermined(
                Subject("script", read.path), kind, f"{read.why.location}: {read.why}", affects=not_arrived(site)
            )
        else:
            yield from _of_script(site, read, downloads[read.path], carried, is_known=is_known)


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield the outcomes of every line that copies. Identical lines are numbered, so that their fingerprints differ."""
    seen: Counter[tuple[Subject, str]] = Counter()
    for outcome in _outcomes(site):
        if isinstance(outcome, Finding):
            key = outcome.subject, outcome.case
            seen[key] += 1
            yield outcome if seen[key] == 1 else replace(outcome, case=f"{outcome.case} {seen[key]}")
        else:
            yield outcome


CHECK = define(
    run,
    title="Copy script lacks a flag or hides failures",
    holds="Copy scripts have all flags and show failures",
    area=Area.COPIES,
    severity=Severity.ERROR,
    requires=(Requirement.COPY_SCRIPTS, Requirement.TO_COPY),
)
