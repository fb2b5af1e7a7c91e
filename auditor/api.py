"""The Python API: what the command line does, as functions. Its names and their arguments are kept, like the JSON report.

from auditor.api import audit, collect, load_plan, render

plan = load_plan("plan.yaml")
collect(plan, "site.evidence")                 # the only function that talks to the network
report = audit("site.evidence", at="2027-03-01")
print(report.verdict, render(report, "json"))
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterable
from os import PathLike
from pathlib import Path

from auditor.check import Severity
from auditor.cli.formats import form_named, names
from auditor.cli.gathering import gather
from auditor.cli.inputs import Given, read_inputs
from auditor.cli.judging import Settings, report_of
from auditor.cli.options import places_of, real_day
from auditor.cli.report_files import read_baseline
from auditor.cli.selection import catalogue, required, selected
from auditor.evidence.model import Place, Verify
from auditor.needs.resolve import resolve_needs
from auditor.plan.model import Plan
from auditor.redaction import remember_environment
from auditor.report import Report, Verdict

__all__ = ["Plan", "Report", "Severity", "Verdict", "audit", "collect", "load_plan", "render"]

Anything = str | PathLike[str]


def load_plan(path: Anything, *, render_charts: bool = False) -> Plan:
    """The plan in a file, or the one that an evidence file carries, with its charts rendered.

    Where the system cannot start helm without a network, charts stay unrendered unless `render_charts` is given.
    Raises `auditor.errors.AuditorError`: a plan with problems names all of them with file, line and column.
    """
    remember_environment(os.environ)
    return read_inputs([Path(path)], [], cut_off=not render_charts).plan


def collect(
    plan: Plan | Anything, evidence: Anything, *, via: Iterable[str] = (), jobs: int | None = None, verify: str = "size"
) -> Path:
    """Gather evidence into a file that carries the plan. What can change is asked again; documents are kept.

    `via` says where to look for images: `source`, `target`, `archives`; as the command does by default. `verify` is `size`, or
    `full` to read and hash every layer on the internal registry. Raises AuditorError.
    """
    chosen = plan if isinstance(plan, Plan) else load_plan(plan, render_charts=True)
    path = Path(evidence)
    gather(chosen, resolve_needs(chosen), path, places_of([Place(place) for place in via], chosen), jobs, Verify(verify))
    return path


def audit(  # noqa: PLR0913 - what may be chosen is its interface, as that of the command
    source: Plan | Anything,
    *,
    evidence: Anything | None = None,
    at: datetime.date | str | None = None,
    via: Iterable[str] = (),
    fail_on: Severity | str = Severity.ERROR,
    strict: bool = False,
    only: Iterable[str] = (),
    skip: Iterable[str] = (),
    require: Iterable[str] = (),
    waivers: Anything | None = None,
    baseline: Anything | None = None,
    render_charts: bool = False,
) -> Report:
    """Judge a plan with evidence, or an evidence file by itself, as of a day (default: today, UTC). No host is asked.

    `waivers` is a file of them, besides those of the plan; `baseline` a JSON report whose findings do not count again.
    `require` names areas that must be examined, or `site` for all, besides those of the plan: `report.scope` says which are.
    A plan without evidence is judged by what it says alone: what needs evidence is then undetermined. `render_charts` is as
    for `load_plan`. Raises AuditorError.
    """
    found = Path(evidence) if evidence is not None else None
    given = Given(source) if isinstance(source, Plan) else read_inputs([Path(source)], [], found, cut_off=not render_charts)
    day = at if isinstance(at, datetime.date) else _day(at)
    known = catalogue()
    settings = Settings(
        day,
        known,
        selected(known, [*only], [*skip]),
        Severity(fail_on),
        strict,
        Path(waivers) if waivers is not None else None,
        read_baseline(Path(baseline)) if baseline is not None else None,
        found,
        [Place(place) for place in via],
        offline=True,
        jobs=1,
        require=required([*require]),
    )
    return report_of(given, settings)


def render(report: Report, format: str = "text") -> str:
    """A report in one of the formats that `auditor audit --format` knows, those of plug-ins too.

    Raises KeyError for any other, AuditorError for a plug-in that fails.
    """
    if format not in names():
        raise KeyError(format)
    return form_named(format).write(report)


def _day(text: str | None) -> datetime.date:
    return datetime.date.fromisoformat(text) if text else real_day()
