"""Shared by the checks of storage: compare a stage with a capacity, and describe its bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from auditor.check import Affected, Fact, Finding, Fine, Outcome, Remedy, Severity, Subject, Undetermined
from auditor.evidence.model import Kind
from auditor.site import Site
from auditor.site.storage.extra_images import OWNER
from auditor.site.storage.image_bases import spread_bases
from auditor.site.storage.stage import Stage
from auditor.sizing.ranged import AmountFit
from auditor.text import format_size, listed, many
from checks._shared.affected import partly

LARGEST = 5
SHOWN = 3
MARK_PERCENT = 90  # of the media or the staging disk; above it the check warns
WORTH_SAYING = 10_000_000  # bytes; smaller savings get no remedy


@dataclass(frozen=True, slots=True)
class Strain:
    """The result of the comparison: the severity (None if the stage fits), and whether more evidence can change it.

    `is_over` is True if the stage does not fit or probably does not fit. It is False if it only exceeds the warning mark.
    """

    severity: Severity | None
    is_over: bool
    is_doubtful: bool


def strain(stage: Stage, capacity: int, mark: int, *, is_sure: bool = True) -> Strain:
    """Compare a stage with its capacity, and with a lower `mark` above which the result is a warning. Sizes are in bytes.

    A proven excess is an error, or a warning if it depends on facts of low confidence (not `is_sure`). A probable excess is a
    warning.
    """
    match stage.fit(capacity):
        case AmountFit.OVER:
            return Strain(Severity.ERROR if is_sure else Severity.WARNING, is_over=True, is_doubtful=not is_sure)
        case AmountFit.LIKELY_OVER:
            return Strain(Severity.WARNING, is_over=True, is_doubtful=True)
        case AmountFit.UNSURE:
            crosses = stage.bytes > mark
            return Strain(Severity.WARNING if crosses else None, is_over=False, is_doubtful=True)
        case AmountFit.FITS:
            fit = stage.fit(mark)
            crosses = fit in {AmountFit.OVER, AmountFit.LIKELY_OVER}
            return Strain(Severity.WARNING if crosses else None, is_over=False, is_doubtful=fit is AmountFit.UNSURE)


def copy_strain(stage: Stage, capacity: int, *, is_sure: bool) -> Strain:
    """Compare a stage of the copy with the media or the disk that holds it, of `capacity` bytes."""
    return strain(stage, capacity, capacity * MARK_PERCENT // 100, is_sure=is_sure)


def enough(stage: Stage) -> str:
    """Return the capacity at which a stage of the copy stays below the mark, as text: `12.3 GB`."""
    return format_size(stage.bytes * 100 // MARK_PERCENT + 1, up=True)


def outcomes(
    site: Site,
    subject: Subject,
    stage: Stage,
    found: Strain,
    finding: Finding | None,
    *,
    affects: tuple[Affected, ...],
) -> Iterator[Outcome]:
    """Yield the finding, an undetermined outcome if the result is doubtful, or a passed outcome.

    `affects` are the cells of the images in the stage. Only some of them do not fit.
    """
    if finding is not None:
        yield replace(finding, affects=partly(affects))
    if found.is_doubtful:
        faults = site.faults_of(stage.unknown)
        yield Undetermined(subject, Kind.MISSING_EVIDENCE, doubt(stage), faults, affects=partly(affects))
    elif finding is None:
        yield Fine()


def doubt(stage: Stage) -> str:
    """Return why it is undetermined whether the stage fits."""
    if not stage.unknown:
        return f"{stage.name} needs {bounds(stage)}, which is not precise enough: {stage.provenance}"
    named = listed(stage.unknown, SHOWN)
    return f"the size of {many(len(stage.unknown), 'image')} is unknown ({named}): {bounds(stage)}"


def bounds(stage: Stage) -> str:
    """Return the size of the stage as text, with its bounds: `between 8.0 GB and 20.0 GB`."""
    if stage.unknown:
        return f"{format_size(stage.low)} is a lower bound"
    if stage.low == stage.high:
        return format_size(stage.bytes)
    return f"between {format_size(stage.low)} and {format_size(stage.high)}"


def needed(stage: Stage) -> str:
    """Return the bytes of a stage as text: `12.0 GB`, `at least 12.0 GB`, `about 12.0 GB (between 8.0 GB and 20.0 GB)`.

    An estimate never has `at least`.
    """
    if stage.low != stage.high:
        return f"about {format_size(stage.bytes)} ({bounds(stage)})"
    return f"{'at least ' if stage.unknown else ''}{format_size(stage.bytes)}"


def gap(stage: Stage, capacity: int, has: str) -> str:
    """Return the missing bytes as text: `2.0 GB more than … has (10.0 GB)`."""
    return f"{format_size(stage.bytes - capacity)} more than {has} has ({format_size(capacity)})"


def largest(stage: Stage) -> str:
    """Return the largest contributors as a sentence, or an empty string if all bytes are shared."""
    names = contributors(stage)
    if not names:
        return ""
    shared = f"; shared: {format_size(stage.budget.shared)}" if stage.budget.shared else ""
    return f" Largest parts: {', '.join(names)}{shared}."


def contributors(stage: Stage) -> tuple[str, ...]:
    """Return the largest contributors by the bytes that only they need."""
    return tuple(f"{share.owner} {format_size(share.bytes)}" for share in stage.budget.exclusive[:LARGEST])


def facts(stage: Stage, capacity: int) -> Mapping[str, Fact]:
    """Return the facts of a finding: needed, available and missing bytes, their source and the largest contributors."""
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
    """Return the remedy to use one patch level for all bases of a kind, which makes all stages smaller."""
    spread = [base for base in spread_bases(site.images.placements) if base.saving >= WORTH_SAYING]
    if not spread:
        return ()
    first = spread[0]
    text = (
        f"Rebuild the Windows images of build {first.build} on one base. They have the patch levels "
        f"{', '.join(first.versions)}; one level for all saves up to {format_size(first.saving)} compressed."
    )
    return (Remedy("edit", text),)


def narrower(stage: Stage) -> tuple[Remedy, ...]:
    """Return the remedy to leave out the platforms that a copy of whole indexes includes."""
    along = stage.budget.alone.get(OWNER, 0)
    if along < WORTH_SAYING:
        return ()
    text = (
        f"Select the platform in the copy tool (--platform): about {format_size(along)} are for platforms that no pool needs. "
        "The copied images then have other digests."
    )
    return (Remedy("edit", text),)
