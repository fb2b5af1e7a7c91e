"""`auditor images`: the image list that lists, manifests and charts add up to, with the reasons for each image."""

from __future__ import annotations

import enum
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli import work
from auditor.cli.options import RenderCharts
from auditor.cli.output import write_stdout
from auditor.cli.saying import note, say
from auditor.errors import UsageError
from auditor.policy.exit_codes import EXIT_NOT_READY, EXIT_UNDETERMINED
from auditor.text import first_of
from reports.cleaning import clean

if TYPE_CHECKING:
    from auditor.pipeline.image_list import Compared, ImageList, ListedImage, Mention
    from auditor.plan.model import Plan

_SHOWN = 3


class ListFormat(enum.StrEnum):
    """The output format."""

    TEXT = "text"
    JSON = "json"
    LIST = "list"
    HAULER = "hauler"
    ZARF = "zarf"
    OC_MIRROR = "oc-mirror"
    REGSYNC = "regsync"
    SKOPEO = "skopeo"
    IMGPKG = "imgpkg"

    @property
    def is_for_tool(self) -> bool:
        """Whether the output is the input file of a copy tool."""
        return self not in {ListFormat.TEXT, ListFormat.JSON, ListFormat.LIST}


def images(
    sources: Annotated[
        list[Path], typer.Argument(metavar="SOURCE…", help="Image lists, manifests, charts; or a plan, or evidence.")
    ],
    platform: Annotated[
        list[str] | None,
        typer.Option("--platform", metavar="PLATFORM", help="Only images that this platform needs; repeatable."),
    ] = None,
    format: Annotated[
        ListFormat,
        typer.Option(
            "--format",
            metavar="FMT",
            help="text, json, list (one reference a line), or the input file of a copy tool: hauler, zarf, oc-mirror, regsync, "
            "skopeo, imgpkg.",
        ),
    ] = ListFormat.TEXT,
    to: Annotated[
        str, typer.Option("--to", metavar="HOST[/PATH]", help="regsync: the internal registry, if no plan names it.")
    ] = "",
    compare: Annotated[
        bool, typer.Option("--compare", help="Compare what lists and workloads state with what `observed` clusters run.")
    ] = False,
    render_charts: RenderCharts = False,
) -> None:
    """Print the image list that lists, manifests and charts add up to. Exit code: 0 complete, 1 errors, 3 undetermined.

    With --compare, an image that a cluster runs and nothing states is an error.
    """
    is_plan = len(sources) == 1 and work.is_site(sources[0])
    if is_plan and platform:
        raise UsageError(f"--platform is not for plans: {sources[0]} has its own pools", "Leave `--platform` out.")
    plan = work.load(sources).plan if is_plan else work.plan_for_sources(sources, platform or [])
    found = work.image_list(work.with_charts(plan, may_connect=render_charts), everywhere=not is_plan and not platform)
    if format is ListFormat.LIST:
        found.note_lost_platforms()
    if compare and format.is_for_tool:
        raise UsageError(f"--compare has no output as {format.value}", "Use --format text, json or list.")
    rows = found.compared() if compare else []
    if compare and not any(row.is_observed for row in rows):
        hint = "Name the output of `kubectl get pods,nodes -A -o json` in a plan: `workloads: [{observed: cluster.json}]`."
        raise UsageError("--compare: no source holds what a cluster was observed to run", hint)
    if format.is_for_tool:
        _export(format, found, plan, to, sources[0])
    else:
        write_stdout(_COMPARED[format](rows) if compare else _WRITERS[format](found))
    for message in found.notes:
        note(message)
    for message in (*found.errors, *found.unbounded, *found.possible):
        say(message)
    if not (found.images or found.errors or found.unbounded):
        say("no image was found in the sources")
    if found.errors or any(row.is_observed and not row.is_stated for row in rows):
        raise typer.Exit(EXIT_NOT_READY)
    if found.unbounded or not found.images:
        raise typer.Exit(EXIT_UNDETERMINED)


def _export(format: ListFormat, found: ImageList, plan: Plan, to: str, source: Path) -> None:
    """Write the input file of a copy tool, and add notes about what it cannot express."""
    registry = work.registry_at(to) if to else plan.registry
    if format is ListFormat.REGSYNC and registry is None:
        raise UsageError("regsync needs the internal registry", "Add `--to HOST[/PATH]`, or name a plan with `registry`.")
    images = work.with_observed_digests(tuple(found.images.values()), source)
    made = work.export(format.value, work.ExportInputs(images, registry))
    write_stdout(made.text)
    found.notes.extend(made.notes)
    found.unbounded.extend(made.left_out)


def _compared_text(rows: list[Compared]) -> str:
    cells = [(clean(str(row.reference)), _yes(row.is_stated), _yes(row.is_observed)) for row in rows]
    return work.tabulate(cells, headers=("image", "stated", "observed"), tablefmt="simple") + "\n"


def _compared_list(rows: list[Compared]) -> str:
    return "".join(f"{row.reference}\n" for row in rows if row.is_observed and not row.is_stated)


def _compared_json(rows: list[Compared]) -> str:
    images = [{"reference": str(row.reference), "stated": row.is_stated, "observed": row.is_observed} for row in rows]
    return json.dumps({"version": 1, "images": images}, indent=2, ensure_ascii=False) + "\n"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _json(found: ImageList) -> str:
    images = [
        {
            "reference": str(image.reference),
            "digest": image.digest,
            "platforms": image.only_for,
            "why": [_json_mention(mention) for mention in image.why],
        }
        for image in found.images.values()
    ]
    document = {"version": 1, "images": images, "errors": found.errors, "undetermined": found.unbounded}
    return json.dumps({**document, "possible": found.possible}, indent=2, ensure_ascii=False) + "\n"


def _json_mention(mention: Mention) -> dict[str, str | int]:
    how = {"certainty": mention.certainty, "mechanism": mention.mechanism, "field": mention.field}
    where: dict[str, str | int] = {"kind": mention.kind, "file": mention.location.file, "line": mention.location.line}
    return where | {key: value for key, value in how.items() if value}


def _list(found: ImageList) -> str:
    return "".join(f"{reference}\n" for reference in found.images)


def _text(found: ImageList) -> str:
    rows = [(clean(str(image.reference)), "\n".join(image.only_for), _why(image)) for image in found.images.values()]
    return work.tabulate(rows, headers=("image", "only for", "why"), tablefmt="simple") + "\n"


def _why(image: ListedImage) -> str:
    return "\n".join(first_of([clean(str(mention)) for mention in image.why], _SHOWN))


_WRITERS = {ListFormat.TEXT: _text, ListFormat.JSON: _json, ListFormat.LIST: _list}
_COMPARED = {ListFormat.TEXT: _compared_text, ListFormat.JSON: _compared_json, ListFormat.LIST: _compared_list}
