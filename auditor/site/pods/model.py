"""The downloads of pods as checks, the table of connections and the report use them."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from auditor.errors import Location
from auditor.net import Remote

_COMMON = frozenset(
    ["A", "An", "Backups", "Functions", "If", "It", "New", "No", "Notices", "Only", "Scans", "Secrets", "The", "These"]
)


class DownloadEffect(enum.Enum):
    """What happens to the workload if the connection fails."""

    FAILS = "fails"  # the pod does not start, or its job fails
    DEGRADED = "degraded"  # a function is missing or its data is stale
    SILENT = "silent"  # only statistics or a notice of a new version is missing


@dataclass(frozen=True, slots=True)
class PodDownload:
    """One download from external hosts by one container or custom resource.

    `who` names it in messages, `subject` as the subject of an outcome. `does` is a clause about the program, `breaks`
    sentences about the effect, `error` the text that the program prints. `case` identifies the download among those of
    the subject. `location` is that of the container, because reports show its line, and a line of a command may hold a secret;
    `lines` are the exact ones. `doubt` says why the prediction is not certain; empty if it is.
    """

    subject: str
    who: str
    remotes: tuple[Remote, ...]
    does: str
    breaks: str
    effect: DownloadEffect
    fix: str
    case: str
    location: Location
    source: str
    confidence: str
    pools: tuple[str, ...]
    error: str = ""
    url: str = ""
    lines: tuple[Location, ...] = ()
    doubt: str = ""

    @property
    def hosts(self) -> tuple[str, ...]:
        """The external hosts, each once."""
        return tuple(dict.fromkeys(remote.host for remote in self.remotes))

    @property
    def when_blocked(self) -> str:
        """The effect as a clause, for the table of connections."""
        first, _, _ = self.breaks.partition(" ")
        text = self.breaks.rstrip(".")
        return text[:1].lower() + text[1:] if first in _COMMON else text


@dataclass(frozen=True, slots=True)
class PodUnknown:
    """Something about a subject that could not be decided. `is_malformed`: the input could not be parsed.

    `location` is that of the subject, whose line holds no value of a command or a variable; `place` is the exact one.
    """

    subject: str
    why: str
    location: Location
    place: Location | None = None
    is_malformed: bool = False


@dataclass(frozen=True, slots=True)
class PodDownloads:
    """All downloads of the plan's pods, what could not be decided, and the number of containers that passed.

    `hidden` are the containers whose commands or variables are not in evidence.
    """

    found: tuple[PodDownload, ...] = ()
    unknown: tuple[PodUnknown, ...] = ()
    passed: int = 0
    hidden: tuple[str, ...] = ()
