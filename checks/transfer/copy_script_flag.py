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
of a variable that is set elsewhere; no line is known to copy; or the facts do not know what the tool does with these options.

## References
facts/copy_commands.yaml, facts/copy_layers.yaml, facts/copy_platforms.yaml; POSIX, Shell Command Language, `set -e`; Microsoft,
about_Preference_Variables.
"""

from __future__ import annotations

import datetime
import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from auditor.check import Finding, Fine, Outcome, Remedy, Severity, Subject, Undetermined, define
from auditor.evidence.model import Kind
from auditor.plan.scripts import Command, Script, UnreadableScript, copy_scripts
from auditor.site import Requirement, Site
from auditor.site.images import Placement
from auditor.site.scripts import Hidden, Line, concerned, kept_by, left_behind, lines_of
from auditor.transfer.hops import Unpredicted
from auditor.transfer.layers import Fate, carrying
from auditor.transfer.platforms import Kept, keeping_all, platform_row
from checks.copied import to_copy

ID = "copy-script-flag"
_SHOWN = 160


@dataclass
class _Judged:
    """What one line does to images: those that lose layers or manifests, those of which the machine's own platform is kept, and
    why something is not known."""

    layers: dict[str, Fate] = field(default_factory=dict)
    lost: dict[str, list[Placement]] = field(default_factory=dict)
    own: dict[str, list[Placement]] = field(default_factory=dict)
    unknown: dict[Unpredicted, None] = field(default_factory=dict)


def _subject(path: str, command: Command) -> Subject:
    return Subject("script", f"{path}: {_shown(command)}")


def _shown(command: Command) -> str:
    text = " ".join(" ".join(word.text for word in command.words).split())
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _judge(site: Site, lines: list[Line], placements: list[Placement]) -> list[_Judged]:
    """Layers line by line; platforms over all lines, as each may be there for a platform of its own."""
    judged = [_Judged() for _ in lines]
    kept: set[tuple[str, str]] = set()
    for line, found in zip(lines, judged, strict=True):
        for placement in (own := concerned(line, placements, site.plan)):
            _keep(line, placement, found, kept)
        for placement, _, fate in left_behind(line, own):
            if isinstance(fate, Unpredicted):
                found.unknown[fate] = None
            else:
                found.layers.setdefault(str(placement.image.reference), fate)
    for line, found in zip(lines, judged, strict=True):
        found.lost = {image: lost for image, every in found.lost.items() if (lost := _really(every, kept))}
        _settle_own(line, found, {image: own for image, every in found.own.items() if (own := _really(every, kept))})
    return judged


def _settle_own(line: Line, found: _Judged, own: dict[str, list[Placement]]) -> None:
    """Where the machine's platform is kept, one of several manifests is lost for certain; of a single one nobody knows."""
    for image, placements in own.items():
        if len({one.resolution.payload for one in placements}) > 1:
            found.lost.setdefault(image, []).extend(placements)
        else:
            why = f"{line.call.tool} keeps the platform of the machine that copies, and the plan does not say which that is"
            found.unknown[Unpredicted(why, missing=True)] = None


def _keep(line: Line, placement: Placement, found: _Judged, kept: set[tuple[str, str]]) -> None:
    image, payload = str(placement.image.reference), placement.resolution.payload
    said = kept_by(line, placement)
    if isinstance(said, Unpredicted):
        found.unknown[said] = None
    elif said is not Kept.YES:
        (found.lost if said is Kept.NO else found.own).setdefault(image, []).append(placement)
    elif payload is not None and line.call.origin == "registry":
        kept.add((image, payload.digest))


def _really(lost: list[Placement], kept: set[tuple[str, str]]) -> list[Placement]:
    """Those that no other line keeps."""
    pairs = ((one, one.resolution.payload) for one in lost)
    return [one for one, payload in pairs if payload is None or (str(one.image.reference), payload.digest) not in kept]


def _corrected(line: Line, option: str, *, without: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The line with an option, as one would write it; words that only the running script knows stay as they are."""
    words = [shlex.quote(word.text) if word.is_known else word.text for word in line.command.words]
    names = [word.text for word in line.command.words]
    kept = [
        (position, word)
        for position, word in enumerate(words)
        if names[position].partition("=")[0] not in without and not (position and names[position - 1] in without)
    ]
    before = [word for position, word in kept if position < line.call.at]
    after = [word for position, word in kept if position >= line.call.at]
    text = " ".join([*before, *option.split(), *after])
    return (text,) if text.isprintable() else ()


def _finding(line: Line, case: str, message: str, remedy: Remedy, **facts: str | tuple[str, ...]) -> Finding:
    return Finding(
        check=ID,
        severity=Severity.WARNING,
        subject=_subject(line.path, line.command),
        message=message,
        case=case,
        facts={"line": _shown(line.command), "tool": str(line.hop), **facts},
        location=line.command.location,
        remedies=(remedy,),
    )


def _of_layers(line: Line, left: dict[str, Fate]) -> Finding:
    images = tuple(left)
    fate = left[images[0]]
    option = carrying(line.hop.tool, line.hop.version, line.hop.origin, line.hop.to)
    if option and option.startswith("-"):
        flags = option.replace(" and ", " ")
        remedy = Remedy("edit", f"Give {line.call.tool} {flags}.", _corrected(line, flags))
    elif option:
        remedy = Remedy("edit", f"Give {line.call.tool} the setting {option}.")
    else:
        remedy = Remedy("edit", f"{line.call.tool} has no option for it: call `crane copy --allow-nondistributable-artifacts`.")
    more = f" and {len(images) - 1} more" if len(images) > 1 else ""
    said = f"This line calls {line.call.tool} without what carries foreign layers: those of {images[0]}{more} stay behind."
    return _finding(line, "layers", said, remedy, images=images, row=fate.row.name, source=fate.row.source)


def _of_platforms(line: Line, lost: dict[str, list[Placement]]) -> Finding:
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
        remedy = Remedy("edit", f"Call {line.call.tool} {how}.", _corrected(line, option, without=drop))
    said = f"This line keeps one platform of {image}, and no other line brings {', '.join(named)}."
    source = row.source if not isinstance(row, Unpredicted) else ""
    return _finding(line, "platforms", said, remedy, images=tuple(lost), lost=named, source=source)


def _of_failure(line: Line) -> Finding:
    is_shell = "LASTEXITCODE" not in line.command.ignored
    how = (
        "Begin the script with `set -euo pipefail`, and let the line stop it."
        if is_shell
        else "Look at the exit code after it."
    )
    commands = () if is_shell else ('if ($LASTEXITCODE -ne 0) { throw "the copy failed" }',)
    said = f"Nobody notices when this line fails: {line.command.ignored}."
    return _finding(line, "failure", said, Remedy("edit", how, commands), why=line.command.ignored)


def _of_line(line: Line, judged: _Judged) -> Iterator[Outcome]:
    subject = _subject(line.path, line.command)
    at = line.command.location
    if line.unsure and (judged.layers or judged.lost):
        detail = f"{at}: what {', '.join(line.unsure)} holds is not known, and an option may be in it"
        yield Undetermined(ID, subject, Kind.MISSING_EVIDENCE, detail)
    else:
        if judged.layers:
            yield _of_layers(line, judged.layers)
        if judged.lost:
            yield _of_platforms(line, judged.lost)
    for reason in judged.unknown:
        kind = Kind.MISSING_EVIDENCE if reason.missing else Kind.UNSUPPORTED
        yield Undetermined(ID, subject, kind, f"{at}: {reason.why}")
    if line.command.ignored:
        yield _of_failure(line)


def _of_script(site: Site, path: str, script: Script, placements: list[Placement]) -> Iterator[Outcome]:
    found = list(lines_of(path, script, site.transfer))
    lines = [line for line in found if isinstance(line, Line)]
    for line, judged in zip(lines, _judge(site, lines, placements), strict=True):
        yield from list(_of_line(line, judged)) or [Fine()]
    for hidden in found:
        if isinstance(hidden, Hidden):
            detail = f"{hidden.command.location}: {hidden.why}"
            yield Undetermined(ID, _subject(path, hidden.command), Kind.UNSUPPORTED, detail)
    for trouble in script.unread:
        yield Undetermined(ID, Subject("script", path), Kind.MALFORMED, f"{trouble.location}: {trouble}")
    if not found and not script.unread:
        yield Undetermined(
            ID, Subject("script", path), Kind.UNSUPPORTED, f"{script.file}: no line of it is known to copy images"
        )


def _outcomes(site: Site) -> Iterator[Outcome]:
    placements: list[Placement] = []
    for placement in to_copy(site, ID):
        if isinstance(placement, Undetermined):
            yield placement
        else:
            placements.append(placement)
    for path, script in copy_scripts(site.plan).items():
        if isinstance(script, UnreadableScript):
            kind = Kind.MISSING_EVIDENCE if script.missing else Kind.UNSUPPORTED
            yield Undetermined(ID, Subject("script", path), kind, f"{script.location}: {script}")
        else:
            yield from _of_script(site, path, script, placements)


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
    severity=Severity.WARNING,
    requires=(Requirement.COPY_SCRIPTS, Requirement.TO_COPY),
)
