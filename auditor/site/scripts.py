"""The view of the copy scripts: which lines copy images, and what each does to the plan's images."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from auditor.oci.document import Descriptor, Index
from auditor.oci.reference import InvalidReference, parse_reference
from auditor.oci.select import entries
from auditor.plan.model import Plan
from auditor.plan.rewrites import placed
from auditor.readers.scripts import Command, Script, Word
from auditor.site.images import Placement
from auditor.site.layers import foreign_layers
from auditor.site.transfers import Transfer
from auditor.transfer.copy_commands import STORE, Call, name_of, read_call, tool_in
from auditor.transfer.copy_layers import Fate, fate_on
from auditor.transfer.copy_options import Options
from auditor.transfer.copy_platforms import CopyPlatforms, Kept, keeps, platform_row
from auditor.transfer.hops import Hop, Unpredicted

_RUNS_TEXT = frozenset({"eval", "source", ".", "iex", "invoke-expression"})
_SHELLS = frozenset({"sh", "bash", "dash", "pwsh", "powershell", "ssh", "cmd"})


@dataclass(frozen=True)
class CopyLine:
    """A line of a script that copies."""

    path: str
    command: Command
    call: Call
    hop: Hop

    @property
    def unsure(self) -> tuple[str, ...]:
        """Return the words that may expand to unknown options."""
        return tuple(word.text for word in self.command.words if word.is_many)

    def with_option(self, option: str, *, without: tuple[str, ...] = ()) -> str:
        """Return the line with an added option, and without others and their values.

        Words that are known only at run time stay unchanged. Returns an empty string if the line cannot be shown.
        """
        words = self.command.words
        kept = [
            (position, shlex.quote(word.text) if word.is_known else word.text)
            for position, word in enumerate(words)
            if word.text.partition("=")[0] not in without and not (position and words[position - 1].text in without)
        ]
        before = [word for position, word in kept if position < self.call.at]
        after = [word for position, word in kept if position >= self.call.at]
        text = " ".join([*before, *option.split(), *after])
        return text if text.isprintable() else ""

    def is_unknown(self, option_value: str) -> bool:
        """Return whether this option value is known only at run time."""
        return any(option_value and option_value in word.text for word in self.command.words if not word.is_known)


@dataclass(frozen=True)
class UnknownCommand:
    """A line that may copy, but runs an unknown command."""

    path: str
    command: Command
    why: str


def lines_of(path: str, script: Script, transfer: Transfer | None) -> Iterator[CopyLine | UnknownCommand]:
    """Yield the lines of a script that copy or may copy."""
    for command in script.commands:
        words = [bare(word) for word in command.words]
        call = read_call(words)
        if call is not None:
            yield CopyLine(path, command, call, _hop(call, transfer))
        elif not command.is_read and (why := _hidden(command.words, words)):
            yield UnknownCommand(path, command, why)


def bare(word: Word) -> str:
    """Return a word as the facts spell it; an unknown one as written, without its quote."""
    return word.text if word.is_known else word.text.strip("\"'")


def _hidden(words: Sequence[Word], texts: Sequence[str]) -> str:
    if not words:
        return ""
    if not words[0].is_known:
        return f"it runs {texts[0]}, whose value is known only at run time" if len(words) > 1 else ""
    shell = unread_shell(texts, lambda part: tool_in([part]) is not None)
    return f"it passes text to {shell}, which the audit does not parse" if shell else ""


def unread_shell(texts: Sequence[str], is_meant: Callable[[str], bool]) -> str:
    """Return the shell that a command passes unparsed text to, if a word of the text matters; otherwise an empty string."""
    if texts[:1] and texts[0].lower() in _RUNS_TEXT:
        return texts[0]
    shells = (position for position, text in enumerate(texts) if name_of(text) in _SHELLS)
    position = next(shells, len(texts))
    named = any(is_meant(part) for text in texts[position + 1 :] for part in text.split())
    return texts[position] if named else ""


def _hop(call: Call, transfer: Transfer | None) -> Hop:
    """Return the hop of a call, with the plan's version if the plan names the same tool."""
    is_same = transfer is not None and transfer.tool.name == call.tool
    options, version = call.options, ""
    if transfer is not None and is_same:
        version = transfer.tool.version
        if call.tool == "docker" or call.is_configured:
            options = Options((*options.given, *transfer.options.given))
    return Hop(call.tool, version, call.origin, call.to, options)


def concerned(line: CopyLine, placements: Iterable[Placement], plan: Plan) -> list[Placement]:
    """Return the placements that a line may copy: those that it names, or all if the names are known only at run time."""
    every = list(placements)
    named = {found for word in line.command.words if word.is_known and (found := _reference(word.text))}
    own = [placement for placement in every if not named.isdisjoint(_names(plan, placement))]
    is_open = line.call.origin != "registry" or any(not word.is_known for word in line.command.words) or _reads(line)
    return own or (every if is_open else [])


def _reads(line: CopyLine) -> bool:
    """Return whether the line reads image names from its input, a folder or a file."""
    return line.command.words[0].text in {"xargs", "parallel"} or line.call.is_listed


def _reference(text: str) -> str:
    try:
        return str(parse_reference(text.removeprefix("docker://")))
    except InvalidReference:
        return ""


def _names(plan: Plan, placement: Placement) -> set[str]:
    reference = placement.image.reference
    inside = {str(placed(plan.registry, reference))} if plan.registry is not None else set()
    return {str(reference), *inside}


def left_behind(line: CopyLine, placements: Iterable[Placement]) -> Iterator[tuple[Placement, Descriptor, Fate | Unpredicted]]:
    """Yield the layers that a line omits or may omit. Lines that only fill the machine's own store are skipped."""
    if line.call.to == STORE:
        return
    for placement in placements:
        for layer in foreign_layers(placement):
            if (unsaid := _unsaid(line)) is not None:
                yield placement, layer, unsaid
                continue
            fate = fate_on((line.hop,), layer.media_type, has_urls=bool(layer.urls))
            if isinstance(fate, Unpredicted) or not fate.carried:
                yield placement, layer, fate


def _unsaid(line: CopyLine) -> Unpredicted | None:
    """Return why the line alone does not state what it does, or None if it does."""
    if not line.call.to or not line.call.origin:
        return Unpredicted("the line does not state the source and the destination", missing=True)
    if line.call.is_configured and not line.hop.version:
        why = f"a file configures how {line.call.tool} copies: declare it as `copy.tool`, and its settings in `copy.options`"
        return Unpredicted(why, missing=True)
    return None


def kept_by(line: CopyLine, placement: Placement) -> Kept | Unpredicted:
    """Return whether the line copies the manifest of a placement. A line that starts from no index keeps what exists."""
    index, payload = placement.image.document, placement.resolution.payload
    if line.call.origin != "registry" or not isinstance(index, Index) or payload is None:
        return Kept.YES
    if line.call.is_configured and (unsaid := _unsaid(line)) is not None:
        return unsaid
    row = platform_row(line.hop)
    if isinstance(row, Unpredicted):
        return row
    if row.keeps == "all":
        return Kept.YES
    if value := _unknown_value(line, row):
        return Unpredicted(f"the platform {value} is known only at run time", missing=True)
    offers = [(entry.digest, platform) for entry, platform in entries(index)]
    return keeps(line.hop, offers, payload.digest)


def _unknown_value(line: CopyLine, row: CopyPlatforms) -> str:
    options = (row.option, row.architecture, row.variant, "-p")
    values = (value for option in options if option for value in line.hop.options.values(option))
    return next((value for value in values if line.is_unknown(value)), "")
