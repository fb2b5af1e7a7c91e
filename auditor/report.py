"""The Report value: what was judged, in the words and order of the JSON contract. Renderers only read it.

Every tuple is already in the order to show. `Counts.examined` counts subjects, not checks.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Mapping
from dataclasses import dataclass

from auditor.check import Finding, Rule, Severity, Undetermined


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
    """A finding with its final severity, and the waiver that covers it, if any. `baselined`: the baseline has it already."""

    finding: Finding
    severity: Severity
    waived: Waived | None = None
    baselined: bool = False

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


@dataclass(frozen=True, slots=True)
class Cell:
    """One image for one pool. `status`: ok, fallback, absent, platform-absent, build-mismatch, blocked, undetermined.

    `ok` and `fallback` mean that nodes can pull and run the image offline, by every check that ran. `blocked`: an error
    finding says that they cannot. `checks` are the ids of the checks that say so, or that could not decide. `is_accepted`:
    waivers cover every such finding. The status stays: a waiver changes the verdict, not the site.

    `bytes` is the compressed size of what the pool pulls, None when it is not known; `foreign_layers` counts layers with
    `urls` or a foreign media type. `place` names the copy that the status is of, where it is worse than at the source.
    """

    platform: str
    pool: str
    status: str
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

    `origin` says in words where the client has it from, `until` is an ISO time, `flaws` what the client refuses of it. What
    is not known is empty.
    """

    name: str
    origin: str
    key: str = ""
    until: str = ""
    sha1: str = ""
    flaws: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TrustRow:
    """One endpoint as one client of one pool would see it offline. `verdict`: verifies, fails, undetermined.

    `os` is linux or windows; `steps` tell of each certificate of `path`, and of the one that is missing behind it.
    """

    endpoint: str
    pool: str
    client: str
    verdict: str
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


@dataclass(frozen=True, slots=True)
class Report:
    """The whole answer. `storage` keys are stage names.

    `fail_on` is the severity from which a finding makes the site not ready.
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
