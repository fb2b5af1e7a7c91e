"""The report of an audit: its model, the builders of its sections, and the reader for JSON reports."""

from auditor.errors import Location
from auditor.evidence.kinds import Place
from auditor.facts import FactsBasis
from auditor.report.declared import DeclaredPool, DeclaredSite
from auditor.report.excerpt import Excerpt
from auditor.report.first_step import FirstStep, When
from auditor.report.model import (
    BaselineUsed,
    CheckRow,
    Counts,
    JudgedFinding,
    Report,
    ScopeRow,
    ScopeStatus,
    Status,
    Verdict,
    Waived,
)
from auditor.report.rows import (
    AgeRow,
    CalendarRow,
    Cell,
    CellStatus,
    EgressRow,
    EvidenceBasis,
    EvidenceOrigin,
    EvidenceRow,
    HostRow,
    ImageRow,
    RootListRow,
    StorageItem,
    StorageStage,
    Timing,
    TrustFileRow,
    TrustRow,
    TrustStep,
)
from auditor.site.calendar.calendar_entries import DateStanding, Renewal
from auditor.site.trust.prospect import Prospect

__all__ = [
    "AgeRow",
    "BaselineUsed",
    "CalendarRow",
    "Cell",
    "CellStatus",
    "CheckRow",
    "Counts",
    "DateStanding",
    "DeclaredPool",
    "DeclaredSite",
    "EgressRow",
    "EvidenceBasis",
    "EvidenceOrigin",
    "EvidenceRow",
    "Excerpt",
    "FactsBasis",
    "FirstStep",
    "HostRow",
    "ImageRow",
    "JudgedFinding",
    "Location",
    "Place",
    "Prospect",
    "Renewal",
    "Report",
    "RootListRow",
    "ScopeRow",
    "ScopeStatus",
    "Status",
    "StorageItem",
    "StorageStage",
    "Timing",
    "TrustFileRow",
    "TrustRow",
    "TrustStep",
    "Verdict",
    "Waived",
    "When",
]
