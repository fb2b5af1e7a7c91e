"""The plan of image lists as they are: a plan of its own, written out, so that evidence of lists stands alone."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
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


def plan_for_lists(lists: Sequence[Path], platforms: Sequence[str]) -> Plan:
    """The plan of image lists as they are: every list for every platform. Raises UsageError or PlanError."""
    for text in platforms:
        try:
            node_platform(text)
        except ValueError as error:
            raise UsageError(f"--platform: {error}", "Name a platform as in `--platform windows/amd64:ltsc2022`.") from error
    disk = DiskFiles(Path())
    found = {path.as_posix(): _fingerprint(disk, path) for path in lists}
    pools = {pool_name(text): text for text in platforms}
    return load_plan_text(PLAN_OF_LISTS, "\n".join(_lines(found, pools)) + "\n", disk)


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


def _lines(lists: Mapping[str, str], pools: Mapping[str, str]) -> Iterator[str]:
    title = ", ".join(lists)
    yield "# Image lists and the platforms that they are for, as the command line named them."
    yield "version: 1"
    yield f"name: {_quoted(title if len(title) <= 200 else f'{len(lists)} image lists')}"
    yield "pools:"
    yield from (f"  {name}: {{platform: {_quoted(text)}}}" for name, text in pools.items())
    yield "images:"
    yield from (f"  - list: {_quoted(path)}  # {fingerprint}" for path, fingerprint in lists.items())


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # a JSON string is a YAML string
