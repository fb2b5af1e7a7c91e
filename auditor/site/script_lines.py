"""The view of what each line of a copy script does to the plan's images, and of what all lines together omit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from auditor.plan.model import Plan
from auditor.readers.scripts import Script, UnreadableScript
from auditor.site.images import Placement
from auditor.site.layers import foreign_layers
from auditor.site.scripts import CopyLine, UnknownCommand, concerned, kept_by, left_behind, lines_of
from auditor.site.transfers import Transfer
from auditor.transfer.copy_commands import STORE
from auditor.transfer.copy_layers import Fate
from auditor.transfer.copy_platforms import Kept
from auditor.transfer.hops import Unpredicted


@dataclass
class LineLosses:
    """What one line omits: layers and manifests by image, and the reasons for unknown results.

    `carried` are the images whose foreign layers the line copies to the registry or archive that it writes.
    """

    line: CopyLine
    layers: dict[str, Fate] = field(default_factory=dict)
    platforms: dict[str, list[Placement]] = field(default_factory=dict)
    unknown: dict[Unpredicted, None] = field(default_factory=dict)
    carried: set[str] = field(default_factory=set)
    own: dict[str, list[Placement]] = field(default_factory=dict)  # images for which the line keeps only the machine's platform


@dataclass(frozen=True)
class ReadScript:
    """One script of the plan: what its lines omit, and the lines with unknown effect."""

    path: str
    script: Script
    lines: tuple[LineLosses, ...]
    hidden: tuple[UnknownCommand, ...]


@dataclass(frozen=True)
class UnreadScript:
    """A script that cannot be read."""

    path: str
    why: UnreadableScript


def read_scripts(
    plan: Plan, files: Mapping[str, Script | UnreadableScript], transfer: Transfer | None, placements: list[Placement]
) -> Iterator[ReadScript | UnreadScript]:
    """Yield every script of `files`. `placements` are the images to copy whose manifests are known."""
    for path, script in files.items():
        if isinstance(script, UnreadableScript):
            yield UnreadScript(path, script)
        else:
            found = list(lines_of(path, script, transfer))
            lines = [line for line in found if isinstance(line, CopyLine)]
            hidden = tuple(line for line in found if isinstance(line, UnknownCommand))
            yield ReadScript(path, script, tuple(_losses(plan, lines, placements)), hidden)


def _losses(plan: Plan, lines: Iterable[CopyLine], placements: list[Placement]) -> list[LineLosses]:
    """Return losses: layers for each line; platforms over all lines, because each line may copy another platform."""
    found = [LineLosses(line) for line in lines]
    kept: set[tuple[str, str]] = set()
    for losses in found:
        own = concerned(losses.line, placements, plan)
        for placement in own:
            _keep(placement, losses, kept)
        for placement, _, fate in left_behind(losses.line, own):
            if isinstance(fate, Unpredicted):
                losses.unknown[fate] = None
            else:
                losses.layers.setdefault(placement.image.name, fate)
        if losses.line.call.to != STORE and not losses.unknown:
            losses.carried = {one.image.name for one in own if foreign_layers(one)} - losses.layers.keys()
    for losses in found:
        losses.platforms = {image: lost for image, every in losses.platforms.items() if (lost := _really(every, kept))}
        _settle_own(losses, {image: own for image, every in losses.own.items() if (own := _really(every, kept))})
    return found


def _keep(placement: Placement, losses: LineLosses, kept: set[tuple[str, str]]) -> None:
    image, payload = placement.image.name, placement.resolution.payload
    said = kept_by(losses.line, placement)
    if isinstance(said, Unpredicted):
        losses.unknown[said] = None
    elif said is not Kept.YES:
        (losses.platforms if said is Kept.NO else losses.own).setdefault(image, []).append(placement)
    elif payload is not None and losses.line.call.origin == "registry":
        kept.add((image, payload.digest))


def _really(lost: list[Placement], kept: set[tuple[str, str]]) -> list[Placement]:
    """Return the placements that no other line keeps."""
    pairs = ((one, one.resolution.payload) for one in lost)
    return [one for one, payload in pairs if payload is None or (one.image.name, payload.digest) not in kept]


def _settle_own(losses: LineLosses, own: dict[str, list[Placement]]) -> None:
    """If a tool keeps the machine's platform, one of several manifests is certainly lost; for a single one it is unknown."""
    for image, placements in own.items():
        if len({one.resolution.payload for one in placements}) > 1:
            losses.platforms.setdefault(image, []).extend(placements)
        else:
            tool = losses.line.call.tool
            why = f"{tool} keeps the platform of the machine that copies, and the plan does not state that platform"
            losses.unknown[Unpredicted(why, missing=True)] = None
