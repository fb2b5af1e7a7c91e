"""## What it checks
Every line of the scripts in `copy.scripts` that calls a tool which copies: it has the flag that carries layers with `urls` or
of a foreign type, where an image that it may copy has some; it keeps the platforms that the pools need, or another line does;
and a failure of it stops the script or is looked at.

## Why it matters
The plan may name the right option, and the script that really runs may not. Copy tools leave layers and platforms behind with
exit code 0, and a failure behind `|| echo` or in a loop without `set -e` is one line among thousands.

## How to fix
Take the line that the finding gives. Begin shell scripts with `set -euo pipefail`; in PowerShell look at `$LASTEXITCODE` after
every program, since `$ErrorActionPreference` alone does not stop a script when a program fails.

## When it cannot tell
The script, or a part of it, cannot be read; a line runs what only the running script knows (`eval`, `$TOOL`); options come out
of a variable that is set elsewhere; no line is known to copy or to download; or the facts do not know what the tool does with
these options.

## References
facts/copy_commands.yaml, facts/copy_layers.yaml, facts/copy_platforms.yaml; POSIX, Shell Command Language, `set -e`; Microsoft,
about_Preference_Variables.
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
from auditor.site.scripts import Line
from auditor.text import and_more
from auditor.transfer.hops import Unpredicted
from auditor.transfer.layers import Fate, carrying
from auditor.transfer.platforms import keeping_all, platform_row
from checks.affected import not_arrived, of_placements, waiting
from checks.copied import to_copy

ID = "copy-script-flag"
_SHOWN = 160


def _subject(path: str, command: Command) -> Subject:
    return Subject("script", f"{path}: {_shown(command)}")


def _shown(command: Command) -> str:
    text = " ".join(" ".join(word.text for word in command.words).split())
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _finding(
    line: Line, case: str, message: str, remedy: Remedy, missed: list[Placement], **facts: str | tuple[str, ...]
) -> Finding:
    """`missed` are the placements that certainly do not arrive; without any, the line fails only if something else happens."""
    return Finding(
        check=ID,
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


def _of_layers(line: Line, left: dict[str, Fate], lost: list[Placement]) -> Finding:
    images = tuple(left)
    fate = left[images[0]]
    option = carrying(line.hop.tool, line.hop.version, line.hop.origin, line.hop.to)
    if option and option.startswith("-"):
        flags = option.replace(" and ", " ")
        remedy = _edit(f"Give {line.call.tool} {flags}.", line.with_option(flags))
    elif option:
        remedy = Remedy("edit", f"Give {line.call.tool} the setting {option}.")
    else:
        remedy = Remedy("edit", f"{line.call.tool} has no option for it: call `crane copy --allow-nondistributable-artifacts`.")
    those = and_more(images[0], len(images))
    said = f"This line calls {line.call.tool} without what carries foreign layers: those of {those} stay behind."
    return _finding(line, "layers", said, remedy, lost, images=images, row=fate.row.name, source=fate.row.source)


def _of_platforms(line: Line, lost: dict[str, list[Placement]], certain: list[Placement]) -> Finding:
    image, placements = next(iter(lost.items()))
    wanted = ((one.resolution.choice.os_version or one.need.platform, one.pool.name) for one in placements)
    named = tuple(dict.fromkeys(f"{platform} for {pool}" for platform, pool in wanted))
    row, option = platform_row(line.hop), keeping_all(line.call.tool)
    given = (row.option, *row.given) if not isinstance(row, Unpredicted) else ()
    drop = tuple(name for name in (*given, getattr(row, "architecture", ""), getattr(row, "variant", "")) if name)
    if option is None or line.call.to == "docker-archive":
        remedy = Remedy(
            "edit", f"Copy the whole index with `crane copy`; what {line.call.tool} writes here holds one platform only."
        )
    else:
        how = f"with {option}" if option else f"without {' and '.join(dict.fromkeys(drop))}"
        remedy = _edit(f"Call {line.call.tool} {how}.", line.with_option(option, without=drop))
    said = f"This line keeps one platform of {image}, and no other line brings {', '.join(named)}."
    source = row.source if not isinstance(row, Unpredicted) else ""
    return _finding(line, "platforms", said, remedy, certain, images=tuple(lost), lost=named, source=source)


def _of_failure(line: Line) -> Finding:
    is_shell = "LASTEXITCODE" not in line.command.ignored
    how = (
        "Begin the script with `set -euo pipefail`, and let the line stop it."
        if is_shell
        else "Look at the exit code after it."
    )
    commands = () if is_shell else ('if ($LASTEXITCODE -ne 0) { throw "the copy failed" }',)
    said = f"Nobody notices when this line fails: {line.command.ignored}."
    return _finding(line, "failure", said, Remedy("edit", how, commands), [], why=line.command.ignored)


def _of_line(site: Site, losses: LineLosses, carried: frozenset[str]) -> Iterator[Outcome]:
    line = losses.line
    subject = _subject(line.path, line.command)
    at = line.command.location
    if line.unsure and (losses.layers or losses.platforms):
        detail = f"{at}: what {', '.join(line.unsure)} holds is not known, and an option may be in it"
        yield Undetermined(ID, subject, Kind.MISSING_EVIDENCE, detail, affects=not_arrived(site))
    else:
        if losses.layers:
            yield _of_layers(line, losses.layers, _without_layers(site, losses, carried))
        if losses.platforms:
            yield _of_platforms(line, losses.platforms, _without_platforms(site, losses))
    for reason in losses.unknown:
        kind = Kind.MISSING_EVIDENCE if reason.missing else Kind.UNSUPPORTED
        yield Undetermined(ID, subject, kind, f"{at}: {reason.why}", affects=not_arrived(site))
    if line.command.ignored:
        yield _of_failure(line)


def _without_layers(site: Site, losses: LineLosses, carried: frozenset[str]) -> list[Placement]:
    """The placements whose foreign layers stay behind: no line of any script carries them, and the facts are sure."""
    copied = site.to_copy.placements if site.to_copy is not None else ()
    images = {image for image, fate in losses.layers.items() if fate.row.confidence != "low"} - carried
    return waiting(site, (one for one in copied if one.image.name in images and foreign_layers(one)))


def _without_platforms(site: Site, losses: LineLosses) -> list[Placement]:
    """The placements whose manifests stay behind: no other line of the script brings them, and there is no other script."""
    row = platform_row(losses.line.hop)
    if len(site.scripts) > 1 or isinstance(row, Unpredicted) or row.confidence == "low":
        return []
    return waiting(site, (one for lost in losses.platforms.values() for one in lost))


def _of_script(site: Site, read: ReadScript, downloads: int, carried: frozenset[str], *, is_known: bool) -> Iterator[Outcome]:
    """`is_known`: every manifest that is to be copied was read, so that a line that loses nothing is in order."""
    for losses in read.lines:
        yield from list(_of_line(site, losses, carried)) or ([Fine()] if is_known else [])
    for hidden in read.hidden:
        detail = f"{hidden.command.location}: {hidden.why}"
        yield Undetermined(ID, _subject(read.path, hidden.command), Kind.UNSUPPORTED, detail, affects=not_arrived(site))
    for trouble in read.script.unread:
        subject = Subject("script", read.path)
        yield Undetermined(ID, subject, Kind.MALFORMED, f"{trouble.location}: {trouble}", affects=not_arrived(site))
    if not (read.lines or read.hidden or read.script.unread or downloads):
        detail = f"{read.script.file}: no line of it is known to copy images"
        yield Undetermined(ID, Subject("script", read.path), Kind.UNSUPPORTED, detail, affects=not_arrived(site))


def _outcomes(site: Site) -> Iterator[Outcome]:
    unread = [one for one in to_copy(site, ID) if isinstance(one, Undetermined)]
    yield from unread
    is_known = not unread
    downloads = {script.read.path: script.lines for script in site.script_downloads}
    lines = [losses for read in site.scripts if isinstance(read, ReadScript) for losses in read.lines]
    carried = frozenset(image for losses in lines for image in losses.carried)
    for read in site.scripts:
        if isinstance(read, UnreadScript):
            kind = Kind.MISSING_EVIDENCE if read.why.missing else Kind.UNSUPPORTED
            yield Undetermined(
                ID, Subject("script", read.path), kind, f"{read.why.location}: {read.why}", affects=not_arrived(site)
            )
        else:
            yield from _of_script(site, read, downloads[read.path], carried, is_known=is_known)


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """The outcomes of every line that copies. Lines that read alike are told apart by their number among them."""
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
    id=ID,
    title="A copy script lacks a flag, or hides failures",
    family="transfer",
    area=Area.COPIES,
    severity=Severity.ERROR,
    requires=(Requirement.COPY_SCRIPTS, Requirement.TO_COPY),
)
