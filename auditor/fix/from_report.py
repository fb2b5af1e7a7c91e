"""Copy steps from a JSON report alone, without plan and evidence.

A report states the images that the internal registry lacks, their names there and their digests at the source. It does not
state which manifests the pools run, so the scripts copy the whole image.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from auditor.check import RemedyKind
from auditor.fix.errands import Stayed
from auditor.fix.reported import Reported
from auditor.fix.steps import CopyBlob, CopyManifest, Errand, Rewrite, Step
from auditor.oci.reference import InvalidReference, Reference, is_digest, parse_reference
from auditor.report.report_reader import dicts, text

_OF_LAYERS = frozenset({RemedyKind.COPY_LAYER, RemedyKind.STRIP_URLS})


def errands_in(document: Mapping[str, Any], findings: tuple[Reported, ...]) -> tuple[tuple[Errand, ...], tuple[Stayed, ...]]:
    """Return the images that can be copied from the report alone, and those for which the report lacks data."""
    roots = {text(row, "reference"): text(row, "digest") for row in dicts(document.get("images"))}
    grouped: dict[str, list[Reported]] = {}
    for finding in findings:
        for image in _images(finding):
            grouped.setdefault(image, []).append(finding)
    carried: list[Errand] = []
    stayed: list[Stayed] = []
    for image, about in grouped.items():
        made = _errand(image, roots.get(image, ""), about)
        if isinstance(made, Errand):
            carried.append(made)
        elif made is not None:
            stayed.append(made)
    return tuple(carried), tuple(stayed)


def _images(finding: Reported) -> Iterator[str]:
    match finding.kind:
        case RemedyKind.COPY_IMAGE:
            yield finding.subject.id
        case RemedyKind.COPY_LAYER:
            yield text(finding.facts, "image")
        case RemedyKind.STRIP_URLS:
            images = finding.facts.get("images")
            yield from (image for image in (images if isinstance(images, list) else []) if isinstance(image, str))
        case _:
            pass


def _errand(image: str, root: str, about: list[Reported]) -> Errand | Stayed | None:
    reference = _parsed(image)
    if reference is None:
        return None  # not written by an audit; must not reach a script
    target = _target(reference, about)
    if target is None:
        return Stayed(reference, "the report does not state its name in the internal registry: use the plan instead")
    if not is_digest(root):
        return Stayed(reference, "the report does not state its digest at the source: use the plan instead")
    layers = frozenset(f.subject.id for f in about if f.kind in _OF_LAYERS)
    if layers:
        target = replace(target, tag=target.tag or "without-urls", digest="")
        return Errand(reference, target, (Rewrite(reference, target, (root,), whole=True),), root, layers)
    return Errand(reference, target, tuple(_steps(reference, target, root, about)), root)


def _target(reference: Reference, about: list[Reported]) -> Reference | None:
    """Return the name of the image in the internal registry from a finding, which may state only the repository."""
    for finding in about:
        place = _parsed(text(finding.facts, "place"))
        if place is not None and finding.kind in {RemedyKind.COPY_IMAGE, RemedyKind.COPY_LAYER}:
            digest = "" if reference.tag else reference.digest
            return Reference(place.domain, place.path, reference.tag, digest)
    return None


def _steps(reference: Reference, target: Reference, root: str, about: list[Reported]) -> Iterator[Step]:
    of_image = [finding.facts for finding in about if finding.kind is RemedyKind.COPY_IMAGE]
    torn = [facts.get("blobs") for facts in of_image]
    for facts in of_image:
        part = _parsed(text(facts, "at_source"))
        if part is not None and part.digest:
            yield CopyManifest(reference.at(part.digest), target.at(part.digest), part.digest, foreign=True)
    yield CopyManifest(reference.at(root), target, root, foreign=True)
    for blobs in torn:
        for digest in blobs if isinstance(blobs, list) else []:
            if isinstance(digest, str) and is_digest(digest):
                yield CopyBlob(reference.at(root), target.at(root), digest)


def _parsed(given: str) -> Reference | None:
    try:
        return parse_reference(given)
    except InvalidReference:
        return None
