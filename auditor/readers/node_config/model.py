"""Node configuration as frozen values: the servers for images of a registry, and what is unknown."""

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
    """A setting without effect, or one that stops the runtime from starting, with the reason."""

    location: Location
    why: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that the plan's files do not determine. `host` is the registry that it concerns; empty for all.

    `is_unread` is True if a file was not read, so that its content is unknown.
    """

    location: Location
    why: str
    kind: Why
    host: str = ""
    is_unread: bool = False


@dataclass(frozen=True, slots=True)
class Server:
    """One server that may get requests. `root` is the path at which its API begins (`/v2`), before the repository."""

    scheme: str
    host: str
    root: str
    capabilities: frozenset[str]
    location: Location
    role: Role = "mirror"
    rewrites: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Namespace:
    """The servers for images of one registry, in order. `own` states whether the registry itself comes last."""

    servers: tuple[Server, ...]
    location: Location
    own: bool = True


class MirrorRequest(msgspec.Struct, frozen=True):
    """One request of a node for an image. `repository` is the path under the API root `/v2`.

    It is empty if `path`, the whole path, does not begin with `/v2/`: no registry answers there. `doubt` gives the reason for
    an unknown path; both are empty then.
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
        """The URL that the node connects to, in the user's notation."""
        return f"{self.scheme}://{self.host}{self.path}"


class Unreadable(Exception):
    """An unreadable file, or part of one, with reason, line and column.

    `accepted`: the program itself may accept the file; only this reader does not.
    """

    def __init__(self, why: str, line: int = 0, column: int = 0, *, accepted: bool = False) -> None:
        super().__init__(why)
        self.line = line
        self.column = column
        self.accepted = accepted
