"""The Python API: the pipeline as four functions. Their names and arguments are kept, like the JSON report.

from auditor.api import audit, collect, load_plan, render

plan = load_plan("plan.yaml")
collect(plan, "site.evidence")                 # the only function that connects to a host
report = audit("site.evidence", at="2027-03-01")
print(report.verdict, render(report, "json"))
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from os import PathLike
from pathlib import Path

from auditor.check import Severity
from auditor.evidence.model import Place, Verify
from auditor.formats import form_named, names
from auditor.pipeline.audit import audit as audit_plan
from auditor.pipeline.callbacks import Callbacks, Progress
from auditor.pipeline.catalogue import catalogue, required, selected
from auditor.pipeline.chart_rendering import with_charts
from auditor.pipeline.gather import gather_plan
from auditor.pipeline.inputs import LoadedPlan, load
from auditor.pipeline.report_inputs import read_baseline
from auditor.pipeline.settings import GatherSettings, Settings, real_day
from auditor.plan.model import Plan
from auditor.redaction import remember_environment
from auditor.report import Report, Verdict

__all__ = ["Plan", "Report", "Severity", "Verdict", "audit", "collect", "load_plan", "render"]

Anything = str | PathLike[str]


def load_plan(path: Anything, *, render_charts: bool = False) -> Plan:
    """Return the plan in a file, or the one that an evidence file carries.

    `collect` and `audit` render its charts. With `render_charts` helm renders them now, even if this system cannot keep it from
    connecting. Raises `auditor.errors.AuditorError`, which lists all problems of the plan with file, line and column.
    """
    remember_environment(os.environ)
    plan = load([Path(path)]).plan
    return with_charts(plan, may_connect=True) if render_charts else plan


def collect(
    plan: Plan | Anything,
    evidence: Anything,
    *,
    via: Iterable[str] = (),
    jobs: int | None = None,
    verify: str = "size",
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Collect evidence into a file that carries the plan. What can change is requested again; documents are kept.

    `via` names the places to look for images: `source`, `target`, `archives`; the default is that of `auditor collect`.
    `verify` is `size`, or `full` to read and hash every layer on the internal registry. `progress` takes (done, total).
    Raises AuditorError, and `auditor.errors.Interrupted` (a KeyboardInterrupt) if Ctrl-C ends it.
    """
    path = Path(evidence)
    settings = GatherSettings(tuple(map(Place, via)), jobs, Verify(verify))
    callbacks = Callbacks(lambda: nullcontext(Progress(progress)))
    gather_plan(plan if isinstance(plan, Plan) else load_plan(plan), path, settings, callbacks)
    return path


def audit(  # noqa: PLR0913 - the same options as the command
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
    """Audit a plan with evidence, or an evidence file alone, as of a day (default: today, UTC). Connects to no host.

    `waivers` is a file of waivers, in addition to those of the plan. `baseline` is a JSON report whose findings do not count
    again. `require` names areas that must be examined, or `site` for all, in addition to those of the plan; `report.scope`
    lists them. Without evidence, checks that need it are undetermined. `render_charts` lets helm run even if this system cannot
    keep it from connecting. Raises AuditorError.
    """
    known = catalogue()
    settings = Settings(
        at if isinstance(at, datetime.date) else datetime.date.fromisoformat(at) if at else real_day(),
        known,
        selected(known, [*only], [*skip]),
        Severity(fail_on),
        strict,
        Path(waivers) if waivers is not None else None,
        read_baseline(Path(baseline)) if baseline is not None else None,
        Path(evidence) if evidence is not None else None,
        offline=True,
        use_cache=False,
        require=required([*require]),
        render_charts=render_charts,
        gathering=GatherSettings(tuple(map(Place, via))),
    )
    return audit_plan(LoadedPlan(source) if isinstance(source, Plan) else load([Path(source)]), settings)


def render(report: Report, format: str = "text") -> str:
    """Return a report in a format that `auditor audit --format` knows, including those of plug-ins.

    Raises KeyError for any other format, and AuditorError for a plug-in that fails.
    """
    if format not in names():
        raise KeyError(format)
    return form_named(format).write(report)
