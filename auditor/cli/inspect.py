"""`auditor inspect`: what one image is made of, platform by platform."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Annotated

import typer
from tabulate import tabulate

from auditor.cli.inputs import opened
from auditor.cli.options import EvidenceIn
from auditor.collectors.collect import CollectOptions, collect
from auditor.errors import AuditorError, Location, UsageError
from auditor.evidence.store import Store
from auditor.oci.document import Index
from auditor.oci.platform import Platform
from auditor.oci.reference import InvalidReference, Reference, parse_reference
from auditor.oci.select import entries
from auditor.plan.model import ImageSource, Needs, Plan, Pool
from auditor.plan.needs import resolve_needs
from auditor.policy.judge import EXIT_UNDETERMINED
from auditor.site import Site
from auditor.site.images import Image, Placement
from auditor.site.layers import foreign_layers
from auditor.sizing.budget import deduplicated, format_bytes
from reports.cleaning import clean

MAX_PLATFORMS = 64
_PLACE = Location("command line")


class Unknown(AuditorError):
    """What was asked for could not be observed: undetermined, and no fault of the auditor."""

    exit_code = EXIT_UNDETERMINED


class Layout(enum.StrEnum):
    """How to print it."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Row:
    """One platform of the image. `bytes` is compressed; None when it is not known."""

    platform: str
    os_version: str
    digest: str
    layers: int
    foreign_layers: int
    foreign_bytes: int
    bytes: int | None
    detail: str


def _plan(reference: Reference, platforms: list[Platform]) -> tuple[Plan, Needs]:
    """A plan that needs the image on each platform, as if each were a pool."""
    pools = tuple(Pool(f"platform-{number}", platform, _PLACE) for number, platform in enumerate(platforms))
    source = ImageSource(tuple(pool.name for pool in pools), _PLACE, ref=str(reference))
    plan = Plan(path="command line", sha256="", name=str(reference), pools=pools, images=(source,))
    return plan, resolve_needs(plan)


def _platforms(image: Image) -> list[Platform]:
    if not isinstance(image.document, Index):
        return []
    return list(dict.fromkeys(platform for _, platform in entries(image.document)))[:MAX_PLATFORMS]


def _survey(reference: Reference, store: Store, *, connected: bool) -> Site:
    """First the index, then each platform that it names: the store keeps what both need."""
    platforms = [Platform("linux", "amd64")]
    for _ in range(2):
        plan, needs = _plan(reference, platforms)
        if connected:
            collect(plan, needs, store, CollectOptions())
        site = Site(plan, needs, store)
        platforms = _platforms(site.images.images[reference]) or platforms
    plan, needs = _plan(reference, platforms)
    return Site(plan, needs, store)


def _row(placement: Placement) -> Row:
    payload, trouble = placement.resolution.payload, placement.resolution.trouble
    foreign = foreign_layers(placement)
    return Row(
        platform=str(placement.need.platform) if placement.resolution.choice.entry else "of its config",
        os_version=placement.resolution.choice.os_version,
        digest=payload.digest if payload else "",
        layers=len(payload.layers) if payload else 0,
        foreign_layers=len(foreign),
        foreign_bytes=sum(layer.size for layer in foreign),
        bytes=payload.bytes if payload else None,
        detail=trouble.detail if trouble else placement.resolution.dropped,
    )


def _problem(image: Image) -> AuditorError | None:
    if image.absent:
        return UsageError(f"{image.reference} does not exist: {image.absent}", f"Asked: {image.source}")
    if image.trouble is not None:
        return Unknown(f"{image.reference}: {image.trouble.kind.value}: {image.trouble.detail}", f"Asked: {image.source}")
    return None


def _line(row: Row) -> tuple[str | int, ...]:
    foreign = f"{row.foreign_layers} ({format_bytes(row.foreign_bytes)})" if row.foreign_layers else "-"
    size = format_bytes(row.bytes) if row.bytes is not None else "unknown"
    texts = (row.platform, row.os_version, row.digest[:19] or row.detail[:40])
    platform, os_version, last = (clean(text) for text in texts)
    return (platform, os_version, row.layers, foreign, size, last)


def _text(image: Image, site: Site, rows: list[Row]) -> Iterator[str]:
    yield f"{image.reference}"
    yield f"digest    {clean(image.digest)}"
    yield f"source    {clean(image.source)}"
    table = [_line(row) for row in rows]
    yield tabulate(table, headers=("platform", "os.version", "layers", "foreign", "compressed", "manifest"), tablefmt="simple")
    payloads = [placement.resolution.payload for placement in site.images.placements if placement.resolution.payload]
    total = deduplicated((payload.digest, payload.blobs) for payload in payloads)
    yield f"all platforms together: {format_bytes(total.bytes)} compressed, each blob once (derived from the manifests)"


def inspect(
    reference: Annotated[str, typer.Argument(metavar="REF", help="An image reference.")],
    evidence: EvidenceIn = None,
    format: Annotated[Layout, typer.Option(help="text or json")] = Layout.TEXT,
) -> None:
    """Show an image's platforms, layers, foreign layers and sizes."""
    try:
        wanted = parse_reference(reference)
    except InvalidReference as error:
        raise UsageError(f"{reference!r} is no image reference: {error}") from error
    with opened(evidence) as store:
        site = _survey(wanted, store, connected=evidence is None)
        image = site.images.images[wanted]
        rows = [_row(placement) for placement in site.images.placements]
    if problem := _problem(image):
        raise problem
    if format is Layout.JSON:
        document = {"reference": str(wanted), "digest": image.digest, "platforms": [asdict(row) for row in rows]}
        typer.echo(json.dumps(document, indent=2))
    else:
        typer.echo("\n".join(_text(image, site, rows)))
