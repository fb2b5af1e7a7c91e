"""Command lines that copy images: the tool, the source, the destination and the options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import msgspec

from auditor.facts import Fact, remembered, table
from auditor.transfer.copy_options import Options, read_options

STORE = "store"
_WRAPPERS = frozenset(
    {"sudo", "env", "time", "nohup", "timeout", "command", "exec", "xargs", "parallel", "retry", "nice", "doas"}
)
_WRAPPERS |= {"k3s", "microk8s"}  # each includes ctr and no other copy command
_HOLDERS = frozenset({"k0s"})  # copies images itself, and includes ctr
_MAX_WRAPPED = 12

From = Literal["registry", "archive", "oci-layout", "store", "transport", "option"]
To = Literal["registry", "docker-archive", "oci-layout", "store", "transport", "option"]


class CopyTransport(Fact, frozen=True, kw_only=True):
    """A prefix of an argument, and the kind of place that it names."""

    prefix: str
    place: Literal["registry", "docker-archive", "oci-layout", "dir", "store"]


@remembered
def _transports() -> tuple[tuple[str, str], ...]:
    rows: tuple[CopyTransport, ...] = table("copy_transports", CopyTransport)
    return tuple((row.prefix, row.place) for row in rows)


class CopyCommand(Fact, frozen=True, kw_only=True):
    """A subcommand that copies. `words`: its parts, each with aliases. `place` and `from_`: what its options select as
    destination and source.

    `from_default` and `default` apply to an argument without a prefix, or to a command without such an option. With `needs`,
    the command copies only if one of these options is set. `program` is another program that includes the tool. `listed`: a
    file or folder, not the line, names the images. `configured`: the file also states how to copy them.
    """

    tool: str
    words: tuple[str, ...]
    origin: From
    to: To
    valued: tuple[str, ...] = ()
    from_: Mapping[str, str] = msgspec.field(default={}, name="from")
    from_default: str = ""
    place: Mapping[str, str] = {}
    default: str = ""
    program: str = ""
    needs: tuple[str, ...] = ()
    listed: bool = False
    configured: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a copy tool. `origin` and `to` are empty if the line does not state them. `at` is where options belong.

    `is_listed` and `is_configured` are as in CopyCommand.
    """

    tool: str
    origin: str
    to: str
    options: Options
    at: int
    is_listed: bool = False
    is_configured: bool = False


def tool_in(words: Sequence[str]) -> int | None:
    """Return the position of the tool in a command: first, or after `sudo`, `xargs` and similar. None if no tool is known."""
    return position_of(words, frozenset(row.program or row.tool for row in _rows()))


def position_of(words: Sequence[str], programs: frozenset[str]) -> int | None:
    """Return the position of one of these programs (lower case) in a command: first, or after a wrapper."""
    reach = _MAX_WRAPPED if words and name_of(words[0]) in _WRAPPERS else 1
    return next((position for position, word in enumerate(words[:reach]) if name_of(word) in programs), None)


def name_of(word: str) -> str:
    """Return the program that a word names, without its folder, in lower case."""
    return word.replace("\\", "/").rpartition("/")[2].lower().removesuffix(".exe")


def read_call(words: Sequence[str]) -> Call | None:
    """Return the copy call of a command, or None if the facts know no copy command in it."""
    start = tool_in(words)
    if start is None:
        return None
    for row in _rows():
        end = _subcommand(row, words, start + 1) if name_of(words[start]) == (row.program or row.tool) else None
        if end is not None and (not row.needs or any(map(read_options(words).has, row.needs))):
            return _call(row, words, start, end)
    # `k0s ctr images pull`: a copy tool may include another tool.
    return _moved(read_call(words[start + 1 :]), start + 1) if name_of(words[start]) in _HOLDERS else None


def _moved(call: Call | None, by: int) -> Call | None:
    return replace(call, at=call.at + by) if call is not None else None


def _rows() -> tuple[CopyCommand, ...]:
    return table("copy_commands", CopyCommand)


def _subcommand(row: CopyCommand, words: Sequence[str], start: int) -> int | None:
    """Return the position after the subcommand, skipping options before it."""
    parts = list(row.words)
    position = start
    while parts and position < len(words):
        word = words[position]
        if word.startswith("-"):
            position += 2 if word in row.valued else 1
        elif word in parts[0].split():
            parts.pop(0)
            position += 1
        else:
            return None
    return None if parts else position


def _call(row: CopyCommand, words: Sequence[str], start: int, end: int) -> Call:
    options = read_options(words[start + 1 :])
    argued = _arguments(row, words[end:])
    match row.origin:
        case "transport":
            origin = argued[0]
        case "option":
            origin = _by_option(row.from_, options) or row.from_default
        case _:
            origin = row.origin
    match row.to:
        case "transport":
            to = argued[1]
        case "option":
            to = _by_option(row.place, options) or ("" if _is_set(row.place, options) else row.default)
        case _:
            to = row.to
    return Call(row.tool, origin, to, options, end, row.listed or row.configured, row.configured)


def _arguments(row: CopyCommand, words: Sequence[str]) -> tuple[str, str]:
    """Return source and destination by the prefixes of the arguments; empty if a required prefix is missing."""
    if not row.default:
        places = [found for word in words if (found := _transport(word))]
        return (places[-2], places[-1]) if len(places) > 1 else ("", "")
    bare = [(word, position) for position, word in enumerate(words) if not word.startswith("-")]
    plain = [word for word, position in bare if not (position and words[position - 1].startswith("-"))]
    given = plain if len(plain) > 1 else [word for word, _ in bare]  # the word after a switch is not its value
    origin, to = [*given, "", ""][:2]
    return _transport(origin) or row.from_default, _transport(to) or row.default


def _transport(word: str) -> str:
    return next((place for prefix, place in _transports() if word.startswith(prefix)), "")


def _by_option(places: Mapping[str, str], options: Options) -> str:
    return next((place for condition, place in places.items() if options.has(condition)), "")


def _is_set(places: Mapping[str, str], options: Options) -> bool:
    return any(options.values(condition.partition(" ")[0]) for condition in places)
