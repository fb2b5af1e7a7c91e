"""Shared by the checks of registry content: one finding per image, with the error on the node."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator

from auditor.check import PASSED, Finding, Outcome, Remedy, Severity
from auditor.oci.media_types import form_of
from auditor.site.contents import Aspect, ComparedImage, ContentMismatch, ContentPart
from auditor.text import many, short_digest
from checks._shared.placed import image_subject, unknown

SHOWN = 5
RemediesOf = Callable[[ComparedImage], tuple[Remedy, ...]]
PlaceOf = Callable[[ComparedImage], str]
_NAMES = {
    ContentPart.ROOT: "the manifest or index",
    ContentPart.CHILD: "manifest",
    ContentPart.CONFIG: "config",
    ContentPart.LAYER: "layer",
}


def outcomes(contents: Iterable[ComparedImage], remedies: RemediesOf, place: PlaceOf) -> Iterator[Outcome]:
    """Yield one outcome per image, or an error and a warning. `place` returns the name of the image where it is stored."""
    for one in contents:
        fatal = [mismatch for mismatch in one.mismatches if mismatch.is_fatal]
        odd = [mismatch for mismatch in one.mismatches if not mismatch.is_fatal]
        for severity, found in ((Severity.ERROR, fatal), (Severity.WARNING, odd)):
            if found:
                yield _finding(severity, one, found, remedies(one), place(one))
        if not fatal and one.trouble is not None:
            yield unknown(image_subject(one.image), one.trouble)
        if not one.mismatches and one.trouble is None:
            yield PASSED


def _finding(
    severity: Severity, one: ComparedImage, found: list[ContentMismatch], remedies: tuple[Remedy, ...], place: str
) -> Finding:
    first, pools = found[0], tuple(dict.fromkeys(placement.pool.name for placement in one.placements))
    more = f" This image has {many(len(found) - 1, 'more fault')}." if len(found) > 1 else ""
    effect = "Clients that use the other media type may reject it."
    if severity is Severity.ERROR:
        what = "A pull of this manifest by its digest" if first.aspect is Aspect.CONTENT_TYPE else "A pull of the image"
        effect = f"{what} fails on {', '.join(pools)}: `{_symptom(first)}`."
    return Finding(
        severity=severity,
        subject=image_subject(one.image),
        message=f"{place}: {_said(first)} {effect}{more}",
        case="media types" if severity is Severity.WARNING else "",
        facts={
            "place": place,
            "part": first.part.value,
            "digest": first.digest,
            "where": first.aspect.value,
            "expected": first.expected,
            "actual": first.actual,
            "pools": pools,
            "count": len(found),
            "all": tuple(_row(mismatch) for mismatch in found[:SHOWN]),
        },
        location=one.placements[0].need.why[0].location if one.placements[0].need.why else None,
        remedies=remedies,
    )


def _row(mismatch: ContentMismatch) -> str:
    return f"{mismatch.part} {mismatch.digest} {mismatch.aspect}: expected {mismatch.expected}, actual {mismatch.actual}"


def _said(one: ContentMismatch) -> str:
    what = f"{_NAMES[one.part]} {short_digest(one.digest)}"
    match one.aspect:
        case Aspect.SIZE:
            return f"{what} has {int(one.actual):,} bytes, but its descriptor states {_size(one.expected)}."
        case Aspect.DIGEST:
            return f"the bytes of {what} hash to {short_digest(one.actual)}."
        case Aspect.FORM | Aspect.CONTENT_TYPE | Aspect.MEDIA_TYPE:
            return f"{what} is declared as `{one.expected}`, but is `{one.actual}`."
        case Aspect.VALUE:
            return f"{what} contains a value that no client accepts ({one.actual})."


def _size(expected: str) -> str:
    size = int(expected)
    return f"{size:,}" if abs(size) < 2**63 else expected


def _symptom(one: ContentMismatch) -> str:
    match one.aspect:
        case Aspect.SIZE:
            return f"failed size validation: {one.actual} != {one.expected}: failed precondition"
        case Aspect.DIGEST:
            return f"unexpected commit digest {one.actual}, expected {one.expected}: failed precondition"
        case Aspect.FORM | Aspect.CONTENT_TYPE | Aspect.MEDIA_TYPE:
            stated = form_of(one.expected)
            return f"media-type: expected {stated} but found {one.actual} ({one.expected})"
        case Aspect.VALUE:
            return "json: cannot unmarshal number into Go struct field"


_COPIES = {
    "skopeo": ("skopeo", "copy", "--all", "--preserve-digests"),
    "regctl": ("regctl", "image", "copy", "--force-recursive"),
    "crane": ("crane", "copy", "--allow-nondistributable-artifacts"),
}
_USUAL = "skopeo"


def copied_again(tool: str, image: str, target: str) -> tuple[Remedy, ...]:
    """Return the remedy that replaces damaged content. No tool overwrites content that the registry claims to have."""
    name = tool if tool in _COPIES else _USUAL
    prefix = "docker://" if name == "skopeo" else ""
    command = shlex.join([*_COPIES[name], f"{prefix}{image}", f"{prefix}{target}"])
    return (
        Remedy(
            "copy",
            "Delete this image and the damaged content from the internal registry, and run its garbage collection: copy tools "
            "skip content that the registry claims to have. Then copy the image again.",
            (command,),
        ),
    )
