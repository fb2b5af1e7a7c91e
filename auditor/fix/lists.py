"""Corrected image lists: every needed image once, for the pools that need it, by tag and pinned to digests.

The lists together replace the plan's `images`. There is one list for each set of pools, so no image is required on a platform
that it was not listed for. A list is written only if the next audit then has fewer findings.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from auditor.check import RemedyKind
from auditor.fix.after import confirmed
from auditor.fix.fix_files import Joins, Written, file_name, once, remark, resolved_lines
from auditor.fix.possible import has_digests
from auditor.fix.reported import Reported
from auditor.fix.steps import Errand, Rewrite, WriteIndex
from auditor.needs.listed import Coverage
from auditor.needs.resolve import concerns
from auditor.oci.document import Index
from auditor.oci.reference import InvalidReference, Reference, parse_reference
from auditor.oci.select import entries
from auditor.plan.rewrites import placed
from auditor.site import Site


@dataclass(frozen=True, slots=True)
class _Section:
    """The pools of one list."""

    pools: tuple[str, ...]
    host_process: bool


_Sections = Mapping[_Section, list[Reference]]


def list_files(
    site: Site, findings: tuple[Reported, ...], errands: tuple[Errand, ...], day: datetime.date
) -> Iterator[Written]:
    """Return the lists by tag and by digest that resolve a finding, or contain an image that a script renames."""
    renamed = {one.reference: one for one in errands if any(isinstance(step, Rewrite) for step in one.steps)}
    moved = any(one.new_name for one in renamed.values())
    by_tag = tuple(f for f in findings if f.kind is RemedyKind.ADD_TO_LIST)
    if not (by_tag or moved or (has_digests(site) and any(f.kind is RemedyKind.PIN_IN_LIST for f in findings))):
        return  # no list can resolve a finding, so do not build up to 100,000 lines
    sections = _sections(site)
    pins = pins_of(site, (one for group in sections.values() for one in group), {one.reference: one for one in errands})
    unpinned = tuple(f for f in findings if f.kind is RemedyKind.PIN_IN_LIST and _parsed(f.subject.id) in pins)
    tags = _files(site, sections, None, renamed)
    digests = _files(site, sections, pins, renamed)
    sure = confirmed(site, tags, by_tag, day) if by_tag and tags else frozenset()
    solved = once(f for f in by_tag if f.fingerprint in sure)
    if solved or moved:
        yield from _with_head(tags, solved)
    sure = confirmed(site, digests, (*solved, *unpinned), day) if solved or unpinned else frozenset()
    pinned = once(f for f in (*solved, *unpinned) if f.fingerprint in sure)
    if pinned or solved or moved:
        yield from _with_head(digests, pinned)


def _with_head(files: list[Written], resolves: tuple[Reported, ...]) -> Iterator[Written]:
    head = "".join(f"{line}\n" for line in resolved_lines(resolves))
    yield from (replace(file, text=f"{head}{file.text}", resolves=resolves) for file in files)


def _files(
    site: Site, sections: _Sections, pins: Mapping[Reference, str] | None, renamed: Mapping[Reference, Errand]
) -> list[Written]:
    """Return one list for each section. With `pins` None, the lists are by tag."""
    files: list[Written] = []
    left = list(_left_out(site))
    ending = "-pinned" if pins is not None else ""
    for section, references in sections.items():
        name = "images" if not files else f"images-{file_name('-'.join(section.pools))}"
        name = f"{name}-host-process" if section.host_process and files else name
        path = f"lists/{name}{ending}.txt"
        lines = [*left, *(line for one in references for line in _lines(one, pins, renamed)), ""]
        head = f"# For the pools {', '.join(map(remark, section.pools))}."
        what = (
            f"{'pinned to observed digests' if pins is not None else 'every needed image once'}, for {', '.join(section.pools)}"
        )
        files.append(Written(path, "\n".join([head, *lines]), what, place=path, joins=Joins.LIST, pools=section.pools))
        left = []
    return files


def _lines(reference: Reference, pins: Mapping[Reference, str] | None, renamed: Mapping[Reference, Errand]) -> Iterator[str]:
    errand = renamed.get(reference)
    if errand is not None and reference.digest:
        name = errand.new_name or str(errand.target)
        yield f"# {reference}: the copy has no layer urls and therefore another digest: {name}"
        yield str(replace(reference, digest="")) if reference.tag else str(reference)
        return
    if pins is not None and reference in pins:
        yield str(replace(reference, digest=pins[reference]))
    elif pins is not None and not reference.digest:
        yield f"{reference}  # not pinned: the digest of the copy was not observed at the source"
    else:
        yield str(reference)


def _sections(site: Site) -> _Sections:
    """Return every needed image once, sorted, by the pools that run it, without images that their source does not have."""
    pools: dict[Reference, dict[str, None]] = {}
    ordinary: set[Reference] = set()
    order = [pool.name for pool in site.plan.pools]
    platforms = {pool.name: pool.platform for pool in site.plan.pools}
    for line in site.needs.lines:
        if line.reference is None:
            continue
        used = [name for name in line.pools if concerns(line.platforms, platforms[name])]
        pools.setdefault(line.reference, {}).update(dict.fromkeys(used))
        ordinary.update(() if line.host_process else (line.reference,))
    listed = Coverage(pools)
    for reference, names in _unlisted(site):
        if reference not in pools and listed.has(reference):
            continue
        pools.setdefault(reference, {}).update(dict.fromkeys(names))
        ordinary.add(reference)
    made: dict[_Section, list[Reference]] = {}
    for reference in sorted(pools, key=str):
        if pools[reference] and not _is_absent(site, reference):
            names = tuple(name for name in order if name in pools[reference])
            made.setdefault(_Section(names, reference not in ordinary), []).append(reference)
    return dict(sorted(made.items(), key=lambda item: (-len(item[1]), item[0].pools)))


def _unlisted(site: Site) -> Iterator[tuple[Reference, tuple[str, ...]]]:
    """Return the images that workloads run and those that the distribution certainly pulls."""
    for demand in site.needs.demands:
        if demand.reference is not None and not demand.is_possible:
            yield demand.reference, demand.pools
    for image in site.needs.defaults.images:
        if image.reference is not None and image.certain:
            yield image.reference, image.pools


def _is_absent(site: Site, reference: Reference) -> bool:
    image = site.source.images.get(reference) if site.source is not None else None
    return image is not None and bool(image.absent)


def _left_out(site: Site) -> Iterator[str]:
    """Yield comments for invalid lines and missing images, so that no line of the old lists is lost."""
    for line in site.needs.lines:
        if line.error or line.unbounded:
            yield f"# left out: {remark(line.text)} ({remark(line.location)}: {remark(line.error or line.unbounded)})"
    for image in site.source.images.values() if site.source is not None else ():
        if image.absent:
            yield f"# left out: {image.reference} (its source does not have it: {remark(image.absent)})"


def _parsed(text: str) -> Reference | None:
    try:
        return parse_reference(text)
    except InvalidReference:
        return None


def pins_of(site: Site, references: Iterable[Reference], errands: Mapping[Reference, Errand]) -> dict[Reference, str]:
    """The digests of sources that the internal registry has, or gets with any copy script.

    A script that copies the pools' platforms only writes an index of its own, and one that strips `urls` another manifest.
    """
    whole = site.transfer is not None and site.transfer.keeps_indexes
    run: dict[Reference, set[str]] = {}
    for one in site.images.placements:
        if one.resolution.payload is not None:
            run.setdefault(one.image.reference, set()).add(one.resolution.payload.digest)
    found = ((one, _digest(site, one, run.get(one, set()), errands.get(one), whole=whole)) for one in references)
    return {reference: digest for reference, digest in found if digest}


def _digest(site: Site, reference: Reference, run: set[str], errand: Errand | None, *, whole: bool) -> str:
    """Return the digest of one image, or an empty string if it changes or was not observed.

    The current content of the internal registry does not count, because a later copy may lose platforms and change the digest.
    """
    image = site.source.images.get(reference) if site.source is not None else None
    if reference.digest or image is None or not image.digest:
        return ""
    registry = site.plan.registry
    if registry is None or placed(registry, reference) == reference:
        return image.digest
    listed = {one.digest for one, _ in entries(image.document)} if isinstance(image.document, Index) else set()
    if not whole and not listed <= run:
        return ""
    if errand is not None:
        changes = any(isinstance(step, WriteIndex | Rewrite) for step in errand.steps)
        return "" if changes or errand.root != image.digest else image.digest
    inside = site.target.images.get(reference) if site.target is not None else None
    return image.digest if inside is not None and inside.digest == image.digest else ""
