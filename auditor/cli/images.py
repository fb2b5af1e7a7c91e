"""`auditor images`: the image list that lists, manifests and charts add up to, with the reason for each image."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from tabulate import tabulate

from auditor.cli.inputs import is_site, read_inputs
from auditor.cli.options import RenderCharts
from auditor.cli.output import write_stdout
from auditor.cli.saying import note, say
from auditor.collectors.helm import with_rendered_charts
from auditor.errors import Location, UsageError
from auditor.needs.listed import Coverage
from auditor.needs.resolve import concerns, resolve_needs
from auditor.needs.workload_gaps import open_gaps
from auditor.oci.reference import Reference
from auditor.pipeline.bare_sources import plan_for_sources
from auditor.plan.model import PLAN_OF_LISTS, Plan
from auditor.policy.judge import EXIT_NOT_READY, EXIT_UNDETERMINED
from auditor.readers.demands import Demand, Gap
from auditor.text import first_of, listed, shown
from reports.cleaning import clean

_SHOWN = 3
_MOST_NAMED = 10


class Layout(enum.StrEnum):
    """How to print it."""

    TEXT = "text"
    JSON = "json"
    LIST = "list"


@dataclass
class Entry:
    """One image: where it was read, and what its sources restrict it to.

    `platforms` are those that some sources name; with `is_for_all`, another source names none, so that nothing restricts it.
    """

    reference: Reference
    digest: str = ""
    platforms: list[str] = field(default_factory=list)
    why: list[tuple[str, Location]] = field(default_factory=list)
    is_for_all: bool = False
    is_in_list: bool = False

    @property
    def only_for(self) -> list[str]:
        """The platforms that it is restricted to; none where it is not."""
        return [] if self.is_for_all else self.platforms


@dataclass
class Found:
    """What the sources add up to."""

    images: dict[Reference, Entry] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    unbounded: list[str] = field(default_factory=list)
    possible: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def take(self, reference: Reference, kind: str, location: Location, digest: str, platforms: list[str]) -> None:
        """Remember one mention; without platforms it is for all."""
        entry = self.images.setdefault(reference, Entry(reference))
        entry.digest = entry.digest or reference.digest or digest
        entry.why.append((kind, location))
        entry.platforms.extend(text for text in platforms if text not in entry.platforms)
        entry.is_for_all = entry.is_for_all or not platforms
        entry.is_in_list = entry.is_in_list or kind == "list"


def _at(location: Location) -> str:
    """The place before what is said of it; nothing for the plan that only the command line made."""
    return "" if location.file == PLAN_OF_LISTS else f"{location}: "


def _found(plan: Plan, *, everywhere: bool) -> Found:
    """What the plan's sources add up to. With `everywhere` no pool leaves out an image: no platform was asked for."""
    needs, found = resolve_needs(plan), Found()
    pools = [pool.platform for pool in plan.pools]
    left_out: list[str] = []
    for line in needs.lines:
        if line.error:
            found.errors.append(f"{line.location}: {shown(line.text)}: {line.error}")
        elif line.unbounded:
            found.unbounded.append(f"{_at(line.location)}{line.unbounded}")
        elif line.reference and (everywhere or any(concerns(line.platforms, pool) for pool in pools)):
            found.take(line.reference, "list", line.location, line.digest, [str(one) for one in line.platforms])
        elif line.reference:
            left_out.append(f"{line.reference} ({', '.join(map(str, line.platforms))})")
    listed = {line.reference for line in needs.lines if line.reference is not None}
    for demand in needs.demands:
        if demand.error:
            found.errors.append(f"{_at(demand.location)}{demand.error}")
        elif demand.hidden is None and demand.unbounded:
            found.unbounded.append(f"{_at(demand.location)}{demand.unbounded}")
        elif demand.reference and not demand.is_possible and (everywhere or demand.pools):
            found.take(demand.reference, f"{demand.kind} {demand.who}", demand.location, "", _restricted(demand))
        elif demand.reference and not demand.is_possible:
            left_out.append(f"{demand.reference} ({demand.who})")
    listed.update(found.images)
    found.unbounded.extend(_gaps(needs.demands, listed))
    found.possible.extend(_possible(needs.demands, listed))
    found.notes.extend(_notes(left_out, needs.passed_over))
    return found


def _restricted(demand: Demand) -> list[str]:
    return [demand.os] if demand.os else []


def _gaps(demands: Iterable[Demand], listed: set[Reference]) -> Iterator[str]:
    """What is not enumerated; each value that looks like an image by itself, since it is what a list may lack."""
    named: set[str] = set()
    for gap in open_gaps(demands, listed):
        if gap.hidden.gap is not Gap.VALUE:
            yield gap.detail
            continue
        for demand in gap.demands:
            if demand.text not in named:
                named.add(demand.text)
                yield f"{_at(demand.location)}{demand.unbounded}"


def _possible(demands: Iterable[Demand], listed: set[Reference]) -> Iterator[str]:
    """The references that no field states to be images, each once: the list does not have them."""
    covered, named = Coverage(listed), set(listed)
    for demand in demands:
        reference = demand.reference
        if reference is None or not demand.is_possible or reference in named or covered.has(reference):
            continue
        named.add(reference)
        yield f"{_at(demand.location)}{demand.who} may name an image: {reference}. Add it to the list if the workload pulls it"


def _notes(left_out: list[str], passed_over: tuple[str, ...]) -> Iterator[str]:
    if left_out:
        yield f"not needed on the pools or platforms: {_some(list(dict.fromkeys(left_out)))}"
    if passed_over:
        yield f"neither Kubernetes objects nor an image list, not read: {_some(list(passed_over))}"


def _some(items: list[str]) -> str:
    return listed(items, _MOST_NAMED)


def _json(found: Found) -> str:
    images = [
        {
            "reference": str(entry.reference),
            "digest": entry.digest,
            "platforms": entry.only_for,
            "why": [{"kind": kind, "file": where.file, "line": where.line} for kind, where in entry.why],
        }
        for entry in found.images.values()
    ]
    result = {"version": 1, "images": images, "errors": found.errors, "undetermined": found.unbounded}
    return json.dumps({**result, "possible": found.possible}, indent=2, ensure_ascii=False)


def _why(entry: Entry) -> str:
    return "\n".join(first_of([clean(f"{kind} {where}") for kind, where in entry.why], _SHOWN))


def _text(found: Found) -> str:
    rows = [(clean(str(entry.reference)), "\n".join(entry.only_for), _why(entry)) for entry in found.images.values()]
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
    render_charts: RenderCharts = False,
) -> None:
    """Print the image list that lists, manifests and charts add up to. Exit code: 0 complete, 1 errors, 3 undetermined."""
    is_plan = len(sources) == 1 and is_site(sources[0])
    if is_plan:
        if platform:
            raise UsageError(f"--platform is not for plans: {sources[0]} has its own pools", "Leave `--platform` out.")
        plan = read_inputs(sources, [], cut_off=not render_charts).plan
    else:
        plan = with_rendered_charts(plan_for_sources(sources, platform or []), cut_off=not render_charts)
    found = _found(plan, everywhere=not is_plan and not platform)
    match format:
        case Layout.JSON:
            write_stdout(_json(found) + "\n")
        case Layout.LIST:
            write_stdout("".join(f"{reference}\n" for reference in found.images))
            found.notes.extend(_unprinted(found))
        case Layout.TEXT:
            write_stdout(_text(found) + "\n")
    for message in found.notes:
        note(message)
    for message in (*found.errors, *found.unbounded, *found.possible):
        say(message)
    if found.errors:
        raise typer.Exit(EXIT_NOT_READY)
    if not found.images and not found.unbounded:
        say("no image was found in the sources")
    if found.unbounded or not found.images:
        raise typer.Exit(EXIT_UNDETERMINED)


def _unprinted(found: Found) -> Iterator[str]:
    """What the format of a list says about platforms has no place in a plain one."""
    lists = (entry for entry in found.images.values() if entry.only_for and entry.is_in_list)
    restricted = [f"{entry.reference} ({', '.join(entry.only_for)})" for entry in lists]
    if restricted:
        yield f"a plain list has no platforms; only for some: {_some(restricted)}"
