"""The rows of a report's sections: images, egress, storage, trust and evidence. Every tuple is in the order to show."""

from __future__ import annotations

import datetime
import enum
from dataclasses import dataclass

from auditor.check import Remedy
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
        """Whether the image runs."""
        return self in _RUNNING


_RUNNING = frozenset({CellStatus.OK, CellStatus.FALLBACK})


@dataclass(frozen=True, slots=True)
class Cell:
    """One image for one pool.

    `ok` and `fallback` mean that nodes can pull and run the image offline, by every check that ran. `blocked`: an error
    finding says that they cannot. `checks` are the ids of the checks that say so, or that could not decide. `is_accepted`:
    waivers cover every such finding. The status stays: a waiver changes the verdict, not the site.

    `bytes` is the compressed size of what the pool pulls, None when it is not known; `foreign_layers` counts layers with
    `urls` or a foreign media type. `place` names the copy that the status is of, where it is worse than at the source.
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
    """One image, why it is needed, and how it stands for each pool that needs it."""

    reference: str
    digest: str
    why: tuple[str, ...]
    platforms: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class EgressRow:
    """A host that something in the plan would dial, who dials it, why, and what happens when it cannot."""

    host: str
    port: int
    scheme: str
    who: str
    why: str
    when_blocked: str
    check: str


@dataclass(frozen=True, slots=True)
class StorageItem:
    """One contributor to a stage: what it is and its bytes."""

    name: str
    bytes: int


@dataclass(frozen=True, slots=True)
class StorageStage:
    """The bytes that one stage needs. `provenance`: measured, derived, estimated or declared, with how.

    At least `low` and at most `high` bytes; `high` is None where some images are of unknown size. `estimated` bytes come from a
    factor.
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
    """One certificate on a client's way from the leaf to the anchor, or one that is missing there.

    `origin` states where the client has it from, `until` is an ISO time, `flaws` what the client refuses of it. What is not
    known is empty. `is_gap`: the path breaks here, or would.
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
    """One endpoint as one client of one pool would see it offline.

    `os` is linux or windows; `steps` describe each certificate of `path`, and the one that is missing behind it.
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


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """The observations of one kind from one place that the evidence holds. `oldest` and `newest` are ISO times in UTC.

    `seen` got what was asked for, `absent` was said not to exist, `failed` got no usable answer.
    """

    what: str
    place: str
    seen: int
    absent: int
    failed: int
    oldest: str
    newest: str


class Timing(enum.StrEnum):
    """How the audit date, the real day and the evidence stand to each other."""

    NO_EVIDENCE = "no-evidence"
    CURRENT = "current"  # the audit date is today or earlier, and all evidence is from before it
    AUDIT_IN_FUTURE = "audit-date-in-future"
    EVIDENCE_NEWER = "evidence-newer-than-audit-date"
    EVIDENCE_AFTER_NOW = "evidence-newer-than-clock"  # the clock here, or that of the collecting machine, is wrong


@dataclass(frozen=True, slots=True)
class AgeRow:
    """How old the used observations of one kind are; `days` is the age of the oldest on the day of measurement.

    `is_stale`: it can change, and is older than the plan accepts.
    """

    what: str
    oldest: datetime.datetime
    newest: datetime.datetime
    days: int
    can_change: bool
    is_stale: bool


class EvidenceOrigin(enum.StrEnum):
    """Where the evidence of an audit is from."""

    FILE = "file"
    CACHE = "cache"  # --offline
    RUN = "run"  # collected in this run
    NONE = "none"


@dataclass(frozen=True, slots=True)
class EvidenceBasis:
    """The evidence that an audit used.

    `sha256` is that of the evidence file, empty without one. Ages are measured on `measured_on`: the audit date, or the real
    day if that is earlier. `max_age` is in seconds. `sealed`: whether the file was compared with its seal; None without one.
    """

    origin: EvidenceOrigin = EvidenceOrigin.NONE
    sha256: str = ""
    sealed: bool | None = None
    measured_on: datetime.date | None = None
    max_age: int = 0
    timing: Timing = Timing.NO_EVIDENCE
    ages: tuple[AgeRow, ...] = ()


@dataclass(frozen=True, slots=True)
class HostRow:
    """One host that gave no usable answer for one cause, and what is undetermined because of it.

    `cause` is a value of `auditor.evidence.causes.Cause`, empty if it is not known; `what` says it in words behind the host's
    name, `detail` quotes the first failure. `undetermined` counts outcomes, `images` and `subjects` what they are about.
    """

    host: str
    cause: str
    what: str
    detail: str
    undetermined: int
    images: int
    subjects: tuple[str, ...]
    remedy: Remedy
