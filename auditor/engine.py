"""Run checks over a site. Isolate their failures and count the subjects that they examined."""

from __future__ import annotations

import datetime
import gc
import traceback
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from typing import assert_never

from auditor.check import Check, Finding, Fine, Subject, Undetermined
from auditor.evidence.model import Kind
from auditor.site import Site

Selected = AbstractSet[str] | None
NOT_SELECTED = "not selected for this run"
NOTHING_TO_EXAMINE = "the plan has no subject of this kind"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The outcomes of one check. `examined` counts the subjects that passed and those with findings, not undetermined ones.

    `not_applicable` gives the reason if the check did not run or found no subjects; otherwise it is empty. `is_selected` is
    False if this run left the check out.
    """

    check: Check
    findings: tuple[Finding, ...] = ()
    undetermined: tuple[Undetermined, ...] = ()
    examined: int = 0
    not_applicable: str = ""
    is_selected: bool = True


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The outcomes of all checks over one site."""

    site: Site
    results: tuple[CheckResult, ...]


def evaluate(site: Site, checks: Iterable[Check], today: datetime.date, *, selected: Selected = None) -> Outcomes:
    """Run every check that is selected (None: all) and applies. If a check raises, only that check is undetermined."""
    with _without_collector():
        return Outcomes(site, tuple(_result(site, check, today, selected) for check in checks))


@contextmanager
def _without_collector() -> Iterator[None]:
    """Pause Python's cycle collector: it would scan the views, which are millions of long-lived objects, again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _result(site: Site, check: Check, today: datetime.date, selected: Selected) -> CheckResult:
    if selected is not None and check.id not in selected:
        return CheckResult(check, not_applicable=NOT_SELECTED, is_selected=False)
    try:
        reasons = (reason for requirement in check.requires if (reason := site.lacks(requirement)))
        if reason := next(reasons, ""):
            return CheckResult(check, not_applicable=reason)
    except Exception as error:  # noqa: BLE001 - as in `_run`
        return CheckResult(check, undetermined=(_bug(check, error),))
    return _run(site, check, today)


def _run(site: Site, check: Check, today: datetime.date) -> CheckResult:
    findings: list[Finding] = []
    undetermined: list[Undetermined] = []
    fine = 0
    try:
        for outcome in check.run(site, today):
            match outcome:
                case Finding():
                    findings.append(outcome)
                case Undetermined():
                    undetermined.append(outcome)
                case Fine(count):
                    fine += count
                case _:
                    assert_never(outcome)
    except Exception as error:  # noqa: BLE001 - whatever a check raises must not take the others with it
        undetermined.append(_bug(check, error))
    examined = fine + len({finding.subject for finding in findings})
    reason = "" if examined or undetermined else NOTHING_TO_EXAMINE
    return CheckResult(check, tuple(findings), tuple(undetermined), examined, reason)


def _bug(check: Check, error: Exception) -> Undetermined:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    module = frame.filename.replace("\\", "/").rsplit("/", 1)[-1]
    detail = f"the check failed with {type(error).__name__} at {module}:{frame.lineno}: {error}"
    return Undetermined(Subject("check", check.id), Kind.BUG, detail, check=check.id)
