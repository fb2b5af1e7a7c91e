"""What this machine can do: the programs that are found, with their versions, and the dates of the data.

A program is only asked for its version: on a safe PATH, for a limited time, with a minimal environment and, if the system
allows it, without a network.
"""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass

from auditor.collectors.program_runs import ProgramError, find, run, without_network

SECONDS = 5.0
MOST_OUTPUT = 64 * 1024
_VERSION = re.compile(r"v?\d{1,6}\.\d{1,6}(?:\.\d{1,6})?(?:[-+.][0-9A-Za-z.+-]{1,60})?")
_KEPT = ("SYSTEMROOT", "TMPDIR", "TEMP")


@dataclass(frozen=True, slots=True)
class KnownProgram:
    """A program that the auditor, or a script of `auditor fix`, can use. `options` print its version."""

    name: str
    options: tuple[str, ...]
    use: str


PROGRAMS = (
    KnownProgram("helm", ("version", "--short"), "render charts: `auditor audit`, `auditor images`"),
    KnownProgram("kustomize", ("version",), "build kustomizations"),
    KnownProgram("kubectl", ("version", "--client"), "build kustomizations, if kustomize is missing"),
    KnownProgram("regctl", ("version",), "run fix/copy/copy-regctl.sh"),
    KnownProgram("crane", ("version",), "run fix/copy/copy-crane.sh"),
    KnownProgram("skopeo", ("--version",), "run fix/copy/copy-skopeo.sh"),
    KnownProgram("oras", ("version",), "copy charts and artefacts"),
    KnownProgram("openssl", ("version",), "run the commands of trust findings"),
)


@dataclass(frozen=True, slots=True)
class FoundProgram:
    """A program on this machine. `path` is empty if it was not found; `version` is empty if it is unknown, for `why`."""

    program: KnownProgram
    path: str = ""
    version: str = ""
    why: str = ""


def programs(*, ask: bool = True) -> tuple[FoundProgram, ...]:
    """Return every known program. With `ask`, each one that was found is started to print its version."""
    isolated = without_network() if ask else None
    return tuple(_found(program, isolated or (), ask=ask) for program in PROGRAMS)


def can_isolate() -> bool:
    """Whether this system can start a program without a network."""
    return without_network() is not None


def _found(program: KnownProgram, before: tuple[str, ...], *, ask: bool) -> FoundProgram:
    path = find(program.name)
    if path is None:
        return FoundProgram(program, why="not found")
    if not ask:
        return FoundProgram(program, path, why="not started")
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    with tempfile.TemporaryDirectory(prefix="auditor-") as home:  # the user's settings have no effect
        environment |= {"PATH": os.defpath, "HOME": home, "LC_ALL": "C"}
        try:
            done = run(path, program.options, environment=environment, seconds=SECONDS, most=MOST_OUTPUT, before=before)
        except ProgramError as error:
            return FoundProgram(program, path, why=str(error))
    said = (done.output or done.errors)[:4096].decode("utf-8", "replace")
    version = _VERSION.search(said)
    if done.status or version is None:
        return FoundProgram(program, path, why=f"it printed no version (exit code {done.status})")
    return FoundProgram(program, path, version[0])
