"""The Report value: what was judged, in the words and order of the JSON contract. Renderers only read it.

Every tuple is already in the order to show. `Counts.examined` counts subjects, not checks.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Mapping
from dataclasses import dataclass

from auditor.check import Area, Finding, Remedy, Rule, Severity, Undetermined
from auditor.site.trust.cases import Prospect as Prospect  # noqa: PLC0414 - part of what a report is


class Verdict(enum.StrEnum):
    """The answer to the one question."""

    READY = "ready"
    NOT_READY = "not-ready"
    UNDETERMINED = "undetermined"


class Status(enum.StrEnum):
    """What became of a check."""

    PASSED = "passed"
    FAILED = "failed"
    UNDETERMINED = "undetermined"
    NOT_APPLICABLE = "not-applicable"


@dataclass(frozen=True, slots=True)
class Waived:
    """Who accepted a finding, why and until when."""

    owner: str
    reason: str
    expires: datetime.date


@dataclass(frozen=True, slots=True)
class JudgedFinding:
    """A finding with its final severity, and the waiver that covers it, if any. `baselined`: the baseline has it already.

    `fixable`: `auditor fix` writes a file that resolves it.
    """

    finding: Finding
    severity: Severity
    waived: Waived | None = None
    baselined: bool = False
    fixable: bool = False

    @property
    def is_active(self) -> bool:
        """Whether it counts: nobody accepted it, and no baseline knows it."""
        return self.waived is None and not self.baselined


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One line of the catalogue as this audit saw it. `reason` says why it does not apply or could not decide."""

    rule: Rule
    severity: Severity
    status: Status
    examined: int
    reason: str = ""

    @property
    def has_failed(self) -> bool:
        """Whether the check has findings."""
        return self.status is Status.FAILED


@dataclass(frozen=True, slots=True)
class Counts:
    """Findings by severity (waived and baselined ones apart), undetermined subjects, and subjects examined.

    A finding that is both waived and baselined is counted as waived.
    """

    error: int
    warning: int
    info: int
    undetermined: int
    waived: int
    examined: int
    baselined: int = 0


@dataclass(frozen=True, slots=True)
class BaselineUsed:
    """The earlier report whose findings do not gate again: its plan, its day, and how many findings it let pass."""

    plan_name: str
    audited_at: datetime.date
    findings: int


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


class ScopeStatus(enum.StrEnum):
    """How far an audit went in one area. Only EXAMINED means that everything there was declared and decided."""

    EXAMINED = "examined"
    NOT_DECLARED = "not-declared"  # the plan or the evidence lacks something that the area needs
    UNDETERMINED = "undetermined"  # a check of the area could not decide, or failed
    SWITCHED_OFF = "switched-off"  # this run left a check of the area out that would have applied


@dataclass(frozen=True, slots=True)
class ScopeRow:
    """One area of the scope. `examined` counts subjects, `undetermined` what was not decided.

    `missing` names what the plan or the evidence lacks, and `hint` says how to add it. `errors` and `warnings` count the
    findings of the area by their final severity, with those that a waiver or a baseline covers.
    """

    area: Area
    status: ScopeStatus
    examined: int
    hint: str = ""
    undetermined: int = 0
    missing: tuple[str, ...] = ()
    errors: int = 0
    warnings: int = 0
    is_required: bool = False

    @property
    def is_examined(self) -> bool:
        """Whether everything in the area was declared and decided."""
        return self.status is ScopeStatus.EXAMINED


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


@dataclass(frozen=True, slots=True)
class Report:
    """The whole answer. `storage` keys are stage names.

    `fail_on` is the severity from which a finding makes the site not ready. `scope` has one row for each area, in the order of
    `Area`; it is empty only in a report that was not made by `judge`. `fix_command` calls `auditor fix` with the inputs of this
    run; empty if no finding is fixable.
    """

    tool_version: str
    plan_name: str
    plan_path: str
    plan_sha256: str
    audited_at: datetime.date
    horizon: datetime.date
    verdict: Verdict
    exit_code: int
    counts: Counts
    checks: tuple[CheckRow, ...]
    findings: tuple[JudgedFinding, ...]
    undetermined: tuple[Undetermined, ...]
    images: tuple[ImageRow, ...]
    egress: tuple[EgressRow, ...]
    storage: Mapping[str, StorageStage]
    trust: tuple[TrustRow, ...]
    fail_on: Severity = Severity.ERROR
    baseline: BaselineUsed | None = None
    evidence: tuple[EvidenceRow, ...] = ()
    fix_command: str = ""
    scope: tuple[ScopeRow, ...] = ()
    hosts: tuple[HostRow, ...] = ()
    basis: EvidenceBasis = EvidenceBasis()

    @property
    def works_offline_until(self) -> datetime.date | None:
        """The day until which this environment will work offline, or None if the audit does not prove it.

        This is the only promise that a report makes. It needs the verdict READY, every area examined, no accepted fault and
        nothing that ends before the horizon.
        """
        is_whole = {row.area for row in self.scope if row.is_examined} == set(Area)
        holds = self.verdict is Verdict.READY and is_whole and not self.accepted_faults and not self.ending_early
        return self.horizon if holds else None

    @property
    def accepted_faults(self) -> tuple[JudgedFinding, ...]:
        """The findings that would make the site not ready if no waiver, baseline or lower severity covered them."""
        return tuple(item for item in self.findings if self._is_fault(item) and not self._gates(item))

    @property
    def ending_early(self) -> int:
        """How many errors and warnings, accepted ones too, name something that ends before the horizon."""
        return sum(row.errors + row.warnings for row in self.scope if row.area is Area.CALENDAR)

    def _is_fault(self, item: JudgedFinding) -> bool:
        return item.severity.at_least(self.fail_on) or Severity.ERROR in {item.severity, item.finding.severity}

    def _gates(self, item: JudgedFinding) -> bool:
        return item.is_active and item.severity.at_least(self.fail_on)
