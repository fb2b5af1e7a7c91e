"""The image list as it should be: every image that is needed, once, in full spelling; and the same with today's digests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from auditor.fix.reported import Reported
from auditor.fix.steps import Errand
from auditor.fix.written import Written, mended, remark
from auditor.oci.reference import InvalidReference, Reference, parse_reference
from auditor.site import Site


def list_files(site: Site, findings: tuple[Reported, ...], errands: tuple[Errand, ...]) -> Iterator[Written]:
    """The list by tags and the list by digests; none where the plan needs no image."""
    wanted = _references(site)
    if not wanted:
        return
    by_tag = tuple(finding for finding in findings if _is_mended(finding, {str(one) for one in wanted}))
    unpinned = tuple(finding for finding in findings if finding.check == "image-unpinned" and _is_seen(site, finding))
    left = list(_left_out(site))
    renamed = {errand.reference: errand.new_name for errand in errands if errand.new_name}
    lines = [*mended(by_tag), *left]
    for reference in wanted:
        if reference in renamed:
            lines.append(
                f"# {reference} loses the urls of its layers, and with them its digest: inside it is {renamed[reference]}"
            )
        lines.append(str(reference))
    yield Written("lists/images.txt", "\n".join([*lines, ""]), "every image that is needed, once", by_tag)
    pinned = [*mended(unpinned), *left, *(_pinned(site, reference) for reference in wanted), ""]
    yield Written("lists/images-pinned.txt", "\n".join(pinned), "the same, pinned to what was seen", unpinned)


def _is_mended(finding: Reported, wanted: set[str]) -> bool:
    """Whether the list has it once, or has it at all."""
    if finding.check in {"image-not-listed", "default-image-missing"}:
        return finding.subject.id in wanted
    return finding.check == "image-duplicate"


def _is_seen(site: Site, finding: Reported) -> bool:
    """Whether the digest was seen of the image that a line means."""
    try:
        image = site.source.images.get(parse_reference(finding.subject.id)) if site.source is not None else None
    except InvalidReference:
        return False
    return image is not None and bool(image.digest)


def _references(site: Site) -> list[Reference]:
    """What lists and workloads need, and what the distribution pulls for certain; not what its source denies."""
    needed = dict.fromkeys(need.reference for need in site.needs.needs)
    needed.update(dict.fromkeys(demand.reference for demand in site.needs.demands if demand.reference and not demand.surmised))
    needed.update(dict.fromkeys(image.reference for image in site.needs.defaults.images if image.reference and image.certain))
    return sorted((one for one in needed if not _is_absent(site, one)), key=str)


def _is_absent(site: Site, reference: Reference) -> bool:
    image = site.source.images.get(reference) if site.source is not None else None
    return image is not None and bool(image.absent)


def _left_out(site: Site) -> Iterator[str]:
    """Comments on what is no image, or is none any more: nothing of the old lists is lost."""
    for line in site.needs.lines:
        if line.error or line.unbounded:
            yield f"# left out: {remark(line.text)} ({remark(line.location)}: {remark(line.error or line.unbounded)})"
    for image in site.source.images.values() if site.source is not None else ():
        if image.absent:
            yield f"# left out: {image.reference} (its source does not have it: {remark(image.absent)})"


def _pinned(site: Site, reference: Reference) -> str:
    image = site.source.images.get(reference) if site.source is not None else None
    if reference.digest or image is None or not image.digest:
        return str(reference) if reference.digest else f"{reference}  # its digest was not seen"
    return str(replace(reference, digest=image.digest))
