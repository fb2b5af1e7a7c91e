"""What one container of a workload runs, and with which settings."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from auditor.errors import Location
from auditor.located import Marked
from auditor.oci.reference import Reference


class Phase(enum.StrEnum):
    """When a command of a container runs. The value is the phrase for messages."""

    INIT = "init container"
    MAIN = "container"
    POST_START = "postStart hook"
    PRE_STOP = "preStop hook"
    PROBE = "probe"
    MOUNTED = "mounted script"  # no command of the pod names it, so the image may or may not run it


@dataclass(frozen=True, slots=True)
class Environment:
    """The variables of a container; None for a value that the workloads do not hold.

    `is_open`: the container takes further variables from a ConfigMap or Secret that is not among the workloads.
    """

    values: Mapping[str, str | None] = field(default_factory=lambda: MappingProxyType({}))
    is_open: bool = False

    def text(self, name: str) -> str:
        """Return a known value, or an empty string."""
        return self.values.get(name) or ""


@dataclass(frozen=True, slots=True)
class PodText:
    """A word of a command line, or the text of a file. `is_block`: its own lines follow the line of its location."""

    text: str
    location: Location
    is_block: bool = False

    def at(self, line: int) -> Location:
        """Return the location of a line of the text, counted from 1."""
        if not self.is_block or not self.location.line:
            return self.location
        return Location(self.location.file, self.location.line + line, 1)


@dataclass(frozen=True, slots=True)
class CommandLine:
    """Words that a container, a hook or a probe runs. `has_command`: the words replace the image's entry point."""

    phase: Phase
    words: tuple[PodText, ...]
    has_command: bool


@dataclass(frozen=True, slots=True)
class MountedFile:
    """A key of a ConfigMap or Secret as a file in the container."""

    path: str
    piece: PodText


@dataclass(frozen=True, slots=True)
class PodProgram:
    """One container of one pod template.

    `owner` is `Kind namespace/name`. `folders` are the paths where other volumes are mounted; `unknown_files` are paths of
    ConfigMaps and Secrets that are not among the workloads.
    """

    owner: str
    container: str
    namespace: str
    image: Reference | None
    location: Location
    pools: tuple[str, ...]
    is_init: bool = False
    is_job: bool = False
    os: str = ""
    environment: Environment = field(default_factory=Environment)
    lines: tuple[CommandLine, ...] = ()
    files: tuple[MountedFile, ...] = ()
    settings: tuple[PodText, ...] = ()
    folders: tuple[str, ...] = ()
    unknown_files: tuple[str, ...] = ()
    is_hidden: bool = False  # evidence left out a word of its commands or the value of a variable

    @property
    def who(self) -> str:
        """The container as messages name it."""
        return f"{'init container' if self.is_init else 'container'} {self.container} of {self.owner}"

    @property
    def id(self) -> str:
        """The container as the subject of an outcome."""
        return f"{self.owner} {'init container' if self.is_init else 'container'} {self.container}"


@dataclass(frozen=True, slots=True)
class PodObject:
    """A custom resource of the workloads, for facts about its fields."""

    owner: str
    kind: str  # `Kind.group`
    item: Marked
    location: Location
    pools: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PodPrograms:
    """All containers of the workloads, and the names that pods can resolve inside the cluster.

    `beyond` states a limit that was reached; empty if everything was read. `maps` are the ConfigMaps by their name.
    """

    programs: tuple[PodProgram, ...] = ()
    objects: tuple[PodObject, ...] = ()
    namespaces: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()  # `name` and `name.namespace`
    maps: Mapping[str, tuple[PodText, ...]] = field(default_factory=lambda: MappingProxyType({}))
    beyond: str = ""
