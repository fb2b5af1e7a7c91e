"""`auditor show`: a part of the last report in full, without another audit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.output import write_stdout
from auditor.cli.saying import note
from auditor.errors import UsageError
from auditor.plan.spelling import as_hint, nearest
from auditor.text import listed, short, shown

if TYPE_CHECKING:
    from auditor.report import Report
    from reports.text.details import Topic

MOST_MATCHES = 8
_LONGEST = 60


def show(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CHECK|IMAGE|ENDPOINT|POOL…",
            help="What to show; also errors, warnings, infos, undetermined, steps, scope, waived. Without a name, the screen.",
        ),
    ] = None,
    plan: Annotated[
        list[Path] | None,
        typer.Option(
            "--plan", metavar="PLAN", help="The inputs of the audit. Default: those of the last audit in this folder."
        ),
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="A JSON report to use instead of the last one.")
    ] = None,
) -> None:
    """Show a part of the last report in full: a check, an image, an endpoint or a pool. Nothing is audited again.

    The last report of each plan is kept in a private file. AUDITOR_STATE=off keeps none.
    """
    from auditor.cli.kept import kept_in, last  # noqa: PLC0415 - they import the whole report
    from auditor.cli.terminal import style  # noqa: PLC0415 - as above
    from reports import render  # noqa: PLC0415 - as above
    from reports.text import details  # noqa: PLC0415 - as above

    if plan and report is not None:
        raise UsageError("--plan and --report are given together", "Leave one of them out.")
    kept = kept_in(report) if report is not None else last(tuple(map(str, plan or ())))
    if kept.at:
        note(f"auditor: report of the audit at {kept.at} in {kept.folder}")
    drawing = style(kept.excerpts)
    if not names:
        write_stdout(render(kept.report, "text", drawing), is_report=True)
        return
    known = details.topics(kept.report)
    chosen = [topic for name in names for topic in _named(name, known, kept.report)]
    write_stdout(details.render(kept.report, dict.fromkeys(chosen), drawing), is_report=True)


def _named(name: str, known: tuple[Topic, ...], report: Report) -> list[Topic]:
    """Return the topics with this name, or else the images and endpoints that it is a part of. Raises UsageError."""
    if found := [topic for topic in known if topic.name == name]:
        return found
    wanted = name.strip().lower()
    found = [topic for topic in known if topic.name.lower() in {wanted, f"{wanted}s", f"{wanted}:443"}]
    found = found or [topic for topic in known if topic.kind in {"image", "endpoint"} and _is_part(wanted, topic.name.lower())]
    if len(found) > MOST_MATCHES:
        some = listed([topic.name for topic in found], MOST_MATCHES)
        raise UsageError(f"{shown(name)} matches {len(found):,} images and endpoints", f"Name one of {some}.")
    if found:
        return found
    hint = as_hint(nearest(name, [topic.name for topic in known])) or _known(known)
    raise UsageError(f"{shown(name)} is in no part of the report of {shown(report.plan_name or 'no name')}", hint)


def _is_part(wanted: str, name: str) -> bool:
    """Whether a name was written without its registry, its tag or its port: `historian` of `ghcr.io/plant7/historian:2.8.1`."""
    if len(wanted) < 3:
        return False
    path = name.partition("@")[0]
    bare = path.rpartition(":")[0] or path
    return any(one == wanted or one.endswith(f"/{wanted}") for one in (name, path, bare)) or name.startswith(f"{wanted}.")


def _known(known: tuple[Topic, ...]) -> str:
    kinds = {
        kind: [short(topic.name, _LONGEST) for topic in known if topic.kind == kind] for kind in ("pool", "endpoint", "image")
    }
    parts = [f"{kind.capitalize()}s: {listed(names, 4)}." for kind, names in kinds.items() if names]
    return " ".join(("`auditor checks` lists the checks.", *parts))
