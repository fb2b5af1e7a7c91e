"""The report of an audit. Renderers only read it.

Every tuple is in the order to show. `Counts.examined` counts subjects, not checks.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from auditor.check import Area, Finding, Rule, Severity, Undetermined
from auditor.facts import FactsBasis
from auditor.report.declared import DeclaredSite
from auditor.report.first_step import FirstStep
from auditor.report.rows import (
    CalendarRow,
    EgressRow,
    EvidenceBasis,
    EvidenceRow,
    HostRow,
    ImageRow,
    RootListRow,
    StorageStage,
    TrustFileRow,
    TrustRow,
)


class Verdict(enum.StrEnum):
    """The verdict of an audit."""

    READY = "ready"
    NOT_READY = "not-ready"
    UNDETERMINED = "undetermined"


class Status(enum.StrEnum):
    """The result of a check."""

    PASSED = "passed"
    FAILED = "failed"
    UNDETERMINED = "undetermined"
    NOT_APPLICABLE = "not-applicable"


@dataclass(frozen=True, slots=True)
class Waived:
    """The acceptance of a finding: owner, reason and end."""

    owner: str
    reason: str
    expires: datetime.date


@dataclass(frozen=True, slots=True)
class JudgedFinding:
    """A finding with its final severity and its waiver, if any. `baselined`: the baseline already has it.

    `fixable`: `auditor fix` writes a file that resolves it.
    """

    finding: Finding
    severity: Severity
    waived: Waived | None = None
    baselined: bool = False
    fixable: bool = False

    @property
    def is_active(self) -> bool:
        """Whether the finding counts: no waiver covers it, and it is not in the baseline."""
        return self.waived is None and not self.baselined


@dataclass(frozen=True, slots=True)
class CheckRow:
    """A check of the catalogue with its result in this audit. `reason` states why it does not apply or is undetermined."""

    rule: Rule
    severity: Severity
    status: Status
    examined: int
    reason: str = ""

    @property
    def has_failed(self) -> bool:
        """Whether the check has findings."""
        return self.status is Status.FAILED

    @property
    def has_passed(self) -> bool:
        """Whether every subject passed."""
        return self.status is Status.PASSED

    @property
    def applies(self) -> bool:
        """Whether the check applies to the site."""
        return self.status is not Status.NOT_APPLICABLE


@dataclass(frozen=True, slots=True)
class Counts:
    """Findings by severity (without waived and baselined ones), undetermined subjects, and examined subjects.

    A finding that is both waived and baselined counts as waived.
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
    """The earlier report whose findings do not count: its plan, its date, and the number of its findings that were matched."""

    plan_name: str
    audited_at: datetime.date
    findings: int


class ScopeStatus(enum.StrEnum):
    """The extent of the audit in one area. Only EXAMINED means that everything was declared and decided."""

    EXAMINED = "examined"
    NOT_DECLARED = "not-declared"  # the plan or the evidence lacks something that the area needs
    UNDETERMINED = "undetermined"  # a check of the area is undetermined or failed
    SWITCHED_OFF = "switched-off"  # this run excluded a check of the area that applies


@dataclass(frozen=True, slots=True)
class ScopeRow:
    """One area of the scope. `examined` and `undetermined` count subjects.

    `missing` names missing inputs, and `hint` states how to add them. `errors` and `warnings` count the findings of the area by
    final severity, including waived and baselined ones.
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
        """Whether the area was declared and decided completely."""
        return self.status is ScopeStatus.EXAMINED


@dataclass(frozen=True, slots=True)
class Report:
    """The result of an audit. `storage` keys are stage names.

    `fail_on` is the severity from which a finding makes the site not ready, and `show` the one from which the formats for
    gates have an entry for it. `scope` has one row for each area, in the order
    of `Area`; it is empty only in a report that `judge` did not build. `fix_command` calls `auditor fix` with the inputs of
    this run; it is empty if no finding is fixable. `plan_path` is empty for image lists; `list_path` then names the first of
    them. `first_steps` are all root causes, in the order to fix them.
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
    show: Severity = Severity.INFO
    baseline: BaselineUsed | None = None
    evidence: tuple[EvidenceRow, ...] = ()
    fix_command: str = ""
    scope: tuple[ScopeRow, ...] = ()
    hosts: tuple[HostRow, ...] = ()
    basis: EvidenceBasis = field(default_factory=EvidenceBasis)
    facts: FactsBasis | None = None
    calendar: tuple[CalendarRow, ...] = ()
    first_steps: tuple[FirstStep, ...] = ()
    list_path: str = ""
    declared: DeclaredSite | None = None
    trust_files: tuple[TrustFileRow, ...] = ()
    root_lists: tuple[RootListRow, ...] = ()

    @property
    def input_path(self) -> str:
        """The path of the plan or of the first list, for formats that need a file for each row."""
        return self.plan_path or self.list_path

    @property
    def works_offline_until(self) -> datetime.date | None:
        """The day until which this environment will work offline, or None if the audit does not prove it.

        A report promises nothing else. The promise needs the verdict READY, every area examined, no accepted fault, and no
        certificate, CRL or Windows release that ends before the horizon.
        """
        is_whole = {row.area for row in self.scope if row.is_examined} == set(Area)
        holds = self.verdict is Verdict.READY and is_whole and not self.accepted_faults and not self.ending_early
        return self.horizon if holds else None

    @property
    def accepted_faults(self) -> tuple[JudgedFinding, ...]:
        """Return the findings that make the site not ready without waivers, baseline and lowered severities."""
        return tuple(item for item in self.findings if self._is_fault(item) and not self._gates(item))

    @property
    def ending_early(self) -> int:
        """Return the number of errors and warnings, including accepted ones, about dates before the horizon."""
        return sum(row.errors + row.warnings for row in self.scope if row.area is Area.CALENDAR)

    def _is_fault(self, item: JudgedFinding) -> bool:
        return item.severity.at_least(self.fail_on) or Severity.ERROR in {item.severity, item.finding.severity}

    def _gates(self, item: JudgedFinding) -> bool:
        return item.is_active and item.severity.at_least(self.fail_on)
