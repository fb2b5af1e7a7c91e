"""The definition of a check: its function, its page and what a site must have for it to apply.

A check is a pure function over a site: no sockets, no clock, no files. It yields `Finding`, `Undetermined` or `Fine`. If the
site lacks what the check declares in `requires`, the check is not applicable, with the reason. Checks import everything that
they need to state an outcome from this module.
"""

from __future__ import annotations

import datetime
import inspect
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar, assert_never

from auditor.connection_kinds import ConnectionKind
from auditor.evidence.kinds import Kind
from auditor.outcomes import (
    PASSED,
    SEVERITY_OF_CHECK,
    Affected,
    Fact,
    Finding,
    Fine,
    Outcome,
    Part,
    Remedy,
    RemedyKind,
    Role,
    Severity,
    Subject,
    Undetermined,
)
from auditor.plan.areas import Area
from auditor.site.requirement import Requirement

if TYPE_CHECKING:
    from auditor.site import Site

__all__ = (
    "HEADINGS",
    "PASSED",
    "Affected",
    "Area",
    "Check",
    "ConnectionKind",
    "Control",
    "Fact",
    "Finding",
    "Fine",
    "Kind",
    "Outcome",
    "Part",
    "Remedy",
    "RemedyKind",
    "Role",
    "Rule",
    "Run",
    "Severity",
    "Subject",
    "Undetermined",
    "define",
)

HEADINGS = ("What it checks", "Why it matters", "How to fix", "When it is undetermined", "References")
Run = Callable[["Site", datetime.date], Iterator[Outcome]]


@dataclass(frozen=True, slots=True)
class Control:
    """A control of a security framework that a check evidences in part. `framework` is a key of checks/controls.yaml, and
    `framework_title` its name for readers."""

    is_own_text: ClassVar[bool] = True

    framework: str
    framework_title: str
    id: str
    title: str
    why: str


@dataclass(frozen=True, slots=True)
class Rule:
    """An id with a page and a severity: a check, or one of the few findings that the policy creates itself.

    `title` names the fault. `holds` states what is true if no subject has it; empty for rules that do not state it. `controls`
    are those that it evidences; mostly none.
    """

    is_own_text: ClassVar[bool] = True  # the author of a check wrote it: redaction skips it

    id: str
    title: str
    family: str
    severity: Severity
    page: str
    holds: str = field(default="", kw_only=True)
    controls: tuple[Control, ...] = field(default=(), kw_only=True)

    @property
    def anchor(self) -> str:
        """The location of its page, relative to docs/."""
        return f"checks.md#{self.id}"


@dataclass(frozen=True, slots=True)
class Check(Rule):
    """A rule with a function. `requires` names what a site must have for the check to apply.

    `area` is the part of the scope that the check examines; None for a check outside the scope, such as a plug-in's.
    `connections` are the kinds of external connections that the check reports.
    """

    run: Run = field(repr=False)
    requires: tuple[Requirement, ...] = ()
    area: Area | None = None
    connections: tuple[ConnectionKind, ...] = ()


@dataclass(frozen=True, slots=True)
class _Completed:
    """The function of a check, whose outcomes get the check's id and severity. Subjects that passed become one `Fine`."""

    function: Run
    id: str
    severity: Severity

    def __call__(self, site: Site, today: datetime.date) -> Iterator[Outcome]:
        passed = 0
        for outcome in self.function(site, today):
            if outcome is PASSED:
                passed += 1
            elif isinstance(outcome, Fine):
                passed += outcome.count
            elif isinstance(outcome, Finding):
                severity = self.severity if outcome.severity is SEVERITY_OF_CHECK else outcome.severity
                yield replace(outcome, check=outcome.check or self.id, severity=severity)
            elif isinstance(outcome, Undetermined):
                yield replace(outcome, check=outcome.check or self.id)
            else:
                assert_never(outcome)
        if passed:
            yield Fine(passed)


def define(  # noqa: PLR0913 - a declaration: everything but the function is named
    run: Run,
    *,
    title: str,
    severity: Severity,
    holds: str = "",
    id: str = "",
    family: str = "",
    area: Area | None = None,
    requires: tuple[Requirement, ...] = (),
    connections: tuple[ConnectionKind, ...] = (),
) -> Check:
    """Make a check from its function; the docstring of the function's module is its page.

    `title` names the fault, and `holds` states what is true if the check passes. By default, the id is the name of that
    module with hyphens, and the family is the name of its package.
    """
    page = inspect.cleandoc(sys.modules[run.__module__].__doc__ or "")
    package, _, module = run.__module__.rpartition(".")
    name = id or module.replace("_", "-")
    return Check(
        id=name,
        title=title,
        holds=holds,
        family=family or package.rpartition(".")[2],
        severity=severity,
        page=page,
        run=_Completed(run, name, severity),
        requires=requires,
        area=area,
        connections=connections,
    )
