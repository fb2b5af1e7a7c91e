"""What the checks of storage share: how a stage stands against a capacity, and how its bytes are told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from auditor.check import Affected, Fact, Finding, Fine, Outcome, Remedy, Severity, Subject, Undetermined
from auditor.evidence.model import Kind
from auditor.site import Site
from auditor.site.storage.along import OWNER
from auditor.site.storage.bases import spread_bases
from auditor.site.storage.stage import Stage
from auditor.sizing.ranged import Fit
from auditor.text import format_size, listed, many
from checks.affected import partly

LARGEST = 5
SHOWN = 3
WORTH_SAYING = 10_000_000  # bytes that are worth a remedy of their own


@dataclass(frozen=True, slots=True)
class Strain:
    """How a stage stands: the severity of what is wrong, None for nothing; and whether more evidence could change that.

    `is_over` tells what does not fit, or likely does not, from what only crosses the mark below.
    """

    severity: Severity | None
    is_over: bool
    is_doubtful: bool


def strain(stage: Stage, capacity: int, mark: int, *, is_sure: bool = True) -> Strain:
    """A stage against its capacity, and against a mark below it from which on it is a warning.

    What is proven is an error, unless the facts behind it are of low confidence (`is_sure`); what is only likely a warning.
    """
    match stage.fit(capacity):
        case Fit.OVER:
            return Strain(Severity.ERROR if is_sure else Severity.WARNING, is_over=True, is_doubtful=not is_sure)
        case Fit.LIKELY_OVER:
            return Strain(Severity.WARNING, is_over=True, is_doubtful=True)
        case Fit.UNSURE:
            crosses = stage.bytes > mark
            return Strain(Severity.WARNING if crosses else None, is_over=False, is_doubtful=True)
        case Fit.FITS:
            fit = stage.fit(mark)
            crosses = fit in {Fit.OVER, Fit.LIKELY_OVER}
            return Strain(Severity.WARNING if crosses else None, is_over=False, is_doubtful=fit is Fit.UNSURE)


def outcomes(
    site: Site,
    check: str,
    subject: Subject,
    stage: Stage,
    found: Strain,
    finding: Finding | None,
    *,
    affects: tuple[Affected, ...],
) -> Iterator[Outcome]:
    """The finding if there is one, and that it cannot be told for sure where it cannot; else fine.

    `affects` are the cells of the images that go through the stage: what does not fit is some of them.
    """
    if finding is not None:
        yield replace(finding, affects=partly(affects))
    if found.is_doubtful:
        faults = site.faults_of(stage.unknown)
        yield Undetermined(check, subject, Kind.MISSING_EVIDENCE, doubt(stage), faults, affects=partly(affects))
    elif finding is None:
        yield Fine()


def doubt(stage: Stage) -> str:
    """Why it cannot be told whether a stage fits."""
    if not stage.unknown:
        return f"{stage.name} needs {bounds(stage)}, which takes closer sizes to judge: {stage.provenance}"
    named = listed(stage.unknown, SHOWN)
    return f"the size of {many(len(stage.unknown), 'image')} is not known ({named}): {bounds(stage)}"


def bounds(stage: Stage) -> str:
    """What it comes to, in the words of somebody who knows how much of it is known."""
    if stage.unknown:
        return f"{format_size(stage.low)} is a lower bound"
    if stage.low == stage.high:
        return format_size(stage.bytes)
    return f"between {format_size(stage.low)} and {format_size(stage.high)}"


def needed(stage: Stage) -> str:
    """The bytes of a stage for a sentence: `12.0 GB`, `at least 12.0 GB`, `some 12.0 GB (between 8.0 GB and 20.0 GB)`.

    Never `at least` of an estimate.
    """
    if stage.low != stage.high:
        return f"some {format_size(stage.bytes)} ({bounds(stage)})"
    return f"{'at least ' if stage.unknown else ''}{format_size(stage.bytes)}"


def gap(stage: Stage, capacity: int, has: str) -> str:
    """What is missing: `2.0 GB more than … has (10.0 GB)`."""
    return f"{format_size(stage.bytes - capacity)} more than {has} has ({format_size(capacity)})"


def largest(stage: Stage) -> str:
    """The largest contributors as a sentence; empty where nothing is only one image's."""
    names = contributors(stage)
    if not names:
        return ""
    shared = f"; {format_size(stage.budget.shared)} are shared" if stage.budget.shared else ""
    return f" Alone: {', '.join(names)}{shared}."


def contributors(stage: Stage) -> tuple[str, ...]:
    """The largest contributors by what they alone cause."""
    return tuple(f"{share.owner} {format_size(share.bytes)}" for share in stage.budget.exclusive[:LARGEST])


def facts(stage: Stage, capacity: int) -> Mapping[str, Fact]:
    """The proof: needed, available, missing, where the numbers come from, and who causes them."""
    return {
        "needed": stage.bytes,
        "at_least": stage.low,
        "at_most": stage.high,
        "capacity": capacity,
        "missing": max(0, stage.bytes - capacity),
        "provenance": stage.provenance,
        "largest": contributors(stage),
    }


def leaner(site: Site) -> tuple[Remedy, ...]:
    """What would make all stages smaller: one patch level for bases of one kind."""
    spread = [base for base in spread_bases(site.images.placements) if base.saving >= WORTH_SAYING]
    if not spread:
        return ()
    first = spread[0]
    text = (
        f"Rebuild the Windows images of build {first.build} on one base: they are at the patch levels "
        f"{', '.join(first.versions)}, and one of these for all saves up to {format_size(first.saving)} compressed."
    )
    return (Remedy("edit", text),)


def narrower(stage: Stage) -> tuple[Remedy, ...]:
    """What would leave out the platforms that come along with whole indexes."""
    along = stage.budget.alone.get(OWNER, 0)
    if along < WORTH_SAYING:
        return ()
    text = (
        f"Some {format_size(along)} of it are platforms that no pool needs: a copy tool that is told a platform (--platform) "
        "leaves them out, and then the images have other digests."
    )
    return (Remedy("edit", text),)
