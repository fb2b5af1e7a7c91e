"""What node configuration says, as frozen values: who is asked for the images of a registry, and what cannot be known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

from auditor.errors import Location

Role = Literal["mirror", "server", "default"]
Why = Literal["malformed", "unsupported", "missing-evidence"]
PULL, RESOLVE, PUSH = "pull", "resolve", "push"
EVERYTHING = frozenset({PULL, RESOLVE, PUSH})
DOCKER_HUB = "docker.io"


@dataclass(frozen=True, slots=True)
class Note:
    """Something that is written and has no effect, or makes the runtime refuse to start; and why."""

    location: Location
    why: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that cannot be told from the plan's files. `host` is the registry that it concerns; empty for all.

    `is_unread` says that a file was not read, so that nothing that it says is known.
    """

    location: Location
    why: str
    kind: Why
    host: str = ""
    is_unread: bool = False


@dataclass(frozen=True, slots=True)
class Server:
    """One place that may be asked: `root` is the path under which its API begins (`/v2`), before the repository."""

    scheme: str
    host: str
    root: str
    capabilities: frozenset[str]
    location: Location
    role: Role = "mirror"
    rewrites: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Namespace:
    """Who is asked for the images of one registry, in order. `own` says whether the registry itself comes last."""

    servers: tuple[Server, ...]
    location: Location
    own: bool = True


class MirrorRequest(msgspec.Struct, frozen=True):
    """One place that a node asks for an image. `repository` is the path under the API root `/v2` that it asks for.

    It is empty where `path`, the whole path, does not begin with `/v2/`: no registry answers there. `doubt` says why the
    path cannot be told; both are empty then.
    """

    scheme: str
    host: str
    path: str
    repository: str
    capabilities: frozenset[str]
    role: Role
    location: Location
    doubt: str = ""

    @property
    def url(self) -> str:
        """What is dialled, as a user would write it."""
        return f"{self.scheme}://{self.host}{self.path}"


class Unreadable(Exception):
    """A file, or a part of it, that cannot be read as meant: why, and the line and column.

    `accepted`: the program itself may take the file; only this reader does not.
    """

    def __init__(self, why: str, line: int = 0, column: int = 0, *, accepted: bool = False) -> None:
        super().__init__(why)
        self.line = line
        self.column = column
        self.accepted = accepted
