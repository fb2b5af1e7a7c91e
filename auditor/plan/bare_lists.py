"""The plan of image lists as they are: a plan of its own, written out, so that evidence of lists stands alone."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from auditor.errors import Location, PlanError, UsageError
from auditor.plan.files import DiskFiles, FileProblem
from auditor.plan.load import load_plan_text
from auditor.plan.model import Plan
from auditor.plan.nodes import node_platform
from auditor.plan.quoting import FORBIDDEN, shown

# No file of that name is on disk: it is what the command line said, as a plan.
PLAN_OF_LISTS = "command-line.yaml"


def pool_name(platform: str) -> str:
    """A name for the pool of a platform: `windows/amd64:ltsc2022` is `windows-amd64-ltsc2022`."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", platform).strip("-")


@dataclass(frozen=True, slots=True)
class ListInput:
    """One list of the command line. `platforms` are its own (`FILE=PLATFORM[,PLATFORM…]`); none: those of `--platform`."""

    path: Path
    platforms: tuple[str, ...] = ()


def list_input(argument: Path) -> ListInput:
    """Parse `FILE` or `FILE=PLATFORM[,PLATFORM…]`; a file that exists under the whole name wins. Raises UsageError."""
    name, separator, platforms = str(argument).rpartition("=")
    if not separator or not name or argument.exists():
        return ListInput(argument)
    chosen = tuple(filter(None, (text.strip() for text in platforms.split(","))))
    if not Path(name).exists() and not all(map(_is_platform, chosen or ("",))):
        return ListInput(argument)
    if not chosen:
        raise UsageError(f"{shown(str(argument))[1:-1]}: no platform follows `=`", f"Write `{name}=linux/amd64`.")
    _refuse_unknown(chosen, shown(str(argument))[1:-1])
    return ListInput(Path(name), chosen)


def without_repeated(arguments: Sequence[Path]) -> list[Path]:
    """Drop a list that is given again with platforms of its own, as a pre-commit hook's `args` do."""
    own = {one.path for one in map(list_input, arguments) if one.platforms}
    return [argument for argument in arguments if argument not in own]


def _is_platform(text: str) -> bool:
    try:
        node_platform(text)
    except ValueError:
        return False
    return True


def _refuse_unknown(platforms: Iterable[str], argument: str) -> None:
    for text in platforms:
        try:
            node_platform(text)
        except ValueError as error:
            raise UsageError(f"{argument}: {error}", "Name a platform as in `windows/amd64:ltsc2022`.") from error


def plan_for_lists(lists: Sequence[Path | ListInput], platforms: Sequence[str]) -> Plan:
    """Return the plan of image lists: each list for its own platforms, or for all of `platforms` if it has none.

    Raises UsageError or PlanError.
    """
    _refuse_unknown(platforms, "--platform")
    inputs = [one if isinstance(one, ListInput) else ListInput(one) for one in lists]
    disk = DiskFiles(Path())
    found = {one.path.as_posix(): _fingerprint(disk, one.path) for one in inputs}
    chosen: dict[str, dict[str, None]] = {}
    for one in inputs:
        chosen.setdefault(one.path.as_posix(), {}).update(dict.fromkeys(one.platforms or platforms))
    pools = {
        pool_name(text): text for text in dict.fromkeys((*platforms, *(name for each in chosen.values() for name in each)))
    }
    return load_plan_text(PLAN_OF_LISTS, "\n".join(_lines(found, chosen, pools)) + "\n", disk)


def _fingerprint(disk: DiskFiles, path: Path) -> str:
    """What a list holds, so that the digest of the plan names its content too."""
    name = str(path)
    if FORBIDDEN.search(name):
        raise UsageError(f"{shown(name)[1:-1]}: characters in its name cannot be written down", "Rename the file.")
    try:
        files = disk.read(name, Location(""))
    except FileProblem as error:
        raise PlanError([error.problem]) from error
    return "sha256:" + hashlib.sha256(b"\0".join(files.values())).hexdigest()


def _lines(lists: Mapping[str, str], chosen: Mapping[str, Iterable[str]], pools: Mapping[str, str]) -> Iterator[str]:
    title = ", ".join(lists)
    yield "# Image lists and the platforms that they are for, as the command line named them."
    yield "version: 1"
    yield f"name: {_quoted(title if len(title) <= 200 else f'{len(lists)} image lists')}"
    yield "pools:"
    yield from (f"  {name}: {{platform: {_quoted(text)}}}" for name, text in pools.items())
    yield "images:"
    for path, fingerprint in lists.items():
        yield f"  - list: {_quoted(path)}  # {fingerprint}"
        own = [pool_name(text) for text in chosen[path]]
        if len(own) < len(pools):
            yield f"    pools: {json.dumps(own)}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # a JSON string is a YAML string
