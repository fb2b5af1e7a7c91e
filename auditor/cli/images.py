"""`auditor images`: the image list that lists, manifests and charts add up to, with the reason for each image."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from tabulate import tabulate

from auditor.cli.inputs import is_site, read_inputs
from auditor.cli.output import write_stdout
from auditor.cli.saying import say
from auditor.collectors.helm import with_rendered_charts
from auditor.errors import Location, UsageError
from auditor.oci.reference import Reference
from auditor.plan.bare_lists import PLAN_OF_LISTS
from auditor.plan.bare_sources import plan_for_sources
from auditor.plan.model import Plan
from auditor.plan.needs import concerns, resolve_needs
from auditor.plan.quoting import shown
from auditor.policy.judge import EXIT_NOT_READY, EXIT_UNDETERMINED
from reports.cleaning import clean

_SHOWN = 3


class Layout(enum.StrEnum):
    """How to print it."""

    TEXT = "text"
    JSON = "json"
    LIST = "list"


@dataclass
class Entry:
    """One image: where it was read, and what its sources restrict it to (nothing: no restriction)."""

    reference: Reference
    digest: str = ""
    platforms: list[str] = field(default_factory=list)
    why: list[tuple[str, Location]] = field(default_factory=list)


@dataclass
class Found:
    """What the sources add up to."""

    images: dict[Reference, Entry] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    unbounded: list[str] = field(default_factory=list)

    def take(self, reference: Reference, kind: str, location: Location, digest: str, platforms: Iterator[str]) -> None:
        """Remember one mention."""
        entry = self.images.setdefault(reference, Entry(reference))
        entry.digest = entry.digest or reference.digest or digest
        entry.why.append((kind, location))
        entry.platforms.extend(text for text in platforms if text not in entry.platforms)


def _at(location: Location) -> str:
    """The place before what is said of it; nothing for the plan that only the command line made."""
    return "" if location.file == PLAN_OF_LISTS else f"{location}: "


def _found(plan: Plan) -> Found:
    needs, found = resolve_needs(plan), Found()
    pools = [pool.platform for pool in plan.pools]
    for line in needs.lines:
        if line.error:
            found.errors.append(f"{line.location}: {shown(line.text)}: {line.error}")
        elif line.unbounded:
            found.unbounded.append(f"{_at(line.location)}{line.unbounded}")
        elif line.reference and any(concerns(line.platforms, pool) for pool in pools):
            found.take(line.reference, "list", line.location, line.digest, map(str, line.platforms))
    for demand in needs.demands:
        if demand.error:
            found.errors.append(f"{_at(demand.location)}{demand.error}")
        elif demand.unbounded:
            found.unbounded.append(f"{_at(demand.location)}{demand.unbounded}")
        elif demand.surmised:
            found.unbounded.append(
                f"{_at(demand.location)}{demand.who} looks like the image {demand.text}: list it if it is one"
            )
        elif demand.reference and demand.pools:
            found.take(demand.reference, f"{demand.kind} {demand.who}", demand.location, "", iter(filter(None, [demand.os])))
    return found


def _json(found: Found) -> str:
    images = [
        {
            "reference": str(entry.reference),
            "digest": entry.digest,
            "platforms": entry.platforms,
            "why": [{"kind": kind, "file": where.file, "line": where.line} for kind, where in entry.why],
        }
        for entry in found.images.values()
    ]
    return json.dumps(
        {"version": 1, "images": images, "errors": found.errors, "undetermined": found.unbounded}, indent=2, ensure_ascii=False
    )


def _why(entry: Entry) -> str:
    said = [clean(f"{kind} {where}") for kind, where in entry.why[:_SHOWN]]
    more = len(entry.why) - len(said)
    return "\n".join([*said, f"and {more} more"] if more else said)


def _text(found: Found) -> str:
    rows = [(clean(str(entry.reference)), "\n".join(entry.platforms), _why(entry)) for entry in found.images.values()]
    return tabulate(rows, headers=("image", "only for", "why"), tablefmt="simple")


def images(
    sources: Annotated[
        list[Path], typer.Argument(metavar="SOURCE…", help="Image lists, manifests, charts; or a plan, or evidence.")
    ],
    platform: Annotated[
        list[str] | None,
        typer.Option("--platform", metavar="PLATFORM", help="Only images that this platform needs; repeatable."),
    ] = None,
    format: Annotated[
        Layout, typer.Option("--format", metavar="text|json|list", help="list: one reference a line, for other tools.")
    ] = Layout.TEXT,
) -> None:
    """Print the image list that lists, manifests and charts add up to. Exit code: 0 complete, 1 errors, 3 undetermined."""
    if len(sources) == 1 and sources[0].is_file() and is_site(sources[0]):
        if platform:
            raise UsageError(f"--platform is not for plans: {sources[0]} has its own pools", "Leave `--platform` out.")
        plan = read_inputs(sources, []).plan
    else:
        plan = with_rendered_charts(plan_for_sources(sources, platform or []))
    found = _found(plan)
    match format:
        case Layout.JSON:
            write_stdout(_json(found) + "\n")
        case Layout.LIST:
            write_stdout("".join(f"{reference}\n" for reference in found.images))
        case Layout.TEXT:
            write_stdout(_text(found) + "\n")
    for message in (*found.errors, *found.unbounded):
        say(message)
    if found.errors:
        raise typer.Exit(EXIT_NOT_READY)
    if found.unbounded or not found.images:
        raise typer.Exit(EXIT_UNDETERMINED)
