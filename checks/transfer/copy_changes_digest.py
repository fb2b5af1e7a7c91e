"""## What it checks
Every image that a list or a workload pins to a digest keeps this digest on the planned copy: the plan's tool, in its version
and with its options, converts neither the manifest nor the index, and copies a pinned index whole.

## Why it matters
Nodes pull a pinned image by its digest. If the copy writes another digest, the tag and the layers are in the internal registry,
but the registry answers `MANIFEST_UNKNOWN` and the pod stays in `ImagePullBackOff`. Docker archives, conversions between
Docker's format and OCI, new compression of layers, and copies of a single platform change the digest. The copy exits with code
0.

## How to fix
Copy with a tool and options that keep digests, and copy whole indexes: crane without `--platform`, through an OCI layout if an
archive is needed; regctl; oras; skopeo `--all` without conversion. Or copy first, and pin the images to the digests that the
internal registry then has.

## When it is undetermined
The facts do not cover the tool, its version or these options. The format of the archive or of the manifest is unknown. Or a
registry gets an index without some of its manifests, and it is unknown whether it accepts that. If the internal registry was
requested for the image, the observation decides and nothing is predicted: see `image-missing-in-target`.

## References
facts/copy_digests.yaml and facts/copy_platforms.yaml, where each row states its source; OCI distribution-spec, "Pulling
manifests".
"""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby

from auditor.check import PASSED, Area, Fact, Finding, Outcome, Part, Remedy, RemedyKind, Role, Severity, define
from auditor.oci.document import Index
from auditor.oci.reference import Reference
from auditor.plan.rewrites import placed
from auditor.site import Requirement, Site
from auditor.site.archives.finder import ArchivedRoot
from auditor.site.images import Image, Placement, Standing
from auditor.site.transfers import Way
from auditor.text import short_digest
from auditor.transfer.copy_digests import CopyDigests, DigestFate, Ending, digest_over, formats_of
from auditor.transfer.copy_options import Options, options_for
from auditor.transfer.copy_platforms import keeping_all
from auditor.transfer.hops import Unpredicted
from auditor.transfer.registries import takes_sparse
from checks._shared.affected import of_placements
from checks._shared.bringing import target_of, without_sources
from checks._shared.copied import tool_of, unpredicted
from checks._shared.placed import image_subject, unknown


def _other_archive(entries: Iterable[ArchivedRoot], reference: Reference) -> ArchivedRoot | None:
    """Return an archived image with another digest than the pinned one; None if an archive has that digest.

    A docker-archive holds no manifest, so its digests do not count.
    """
    held = [entry for entry in entries if not entry.root.derived]
    return None if any(entry.root.digest == reference.digest for entry in held) else next(iter(held), None)


def _remedies(site: Site, image: Image, fate: DigestFate | None, ways: tuple[Way, ...]) -> tuple[Remedy, ...]:
    """Return the remedies: copy with the digest, or pin the digest that the copy has."""
    target = target_of(site, image.reference)
    name = f"`auditor inspect {target}` prints it." if target is not None else "`auditor inspect` prints it."
    pin = Remedy("edit", f"Or copy it first, and pin it to the digest in the internal registry. {name}")
    return (_copied(site, image, fate, ways), pin)


def _copied(site: Site, image: Image, fate: DigestFate | None, ways: tuple[Way, ...]) -> Remedy:
    if fate is not None and (text := _with_options(image, fate, ways)):
        return Remedy("copy", text)
    target = target_of(site, image.reference)
    if target is None:
        return Remedy("copy", "Write the archive with `crane pull --format oci --annotate-ref`, which keeps the digest.")
    if site.plan.copy is not None and site.plan.copy.archives:
        source = str(image.reference)
        return Remedy(
            "copy",
            "Carry it in an OCI layout, which keeps the digest, and push it from there.",
            (
                shlex.join(["crane", "pull", "--format", "oci", source, "layout"]),
                shlex.join(["crane", "push", "layout", str(target)]),
            ),
        )
    instead = without_sources(site, image.reference)
    command = shlex.join(["crane", "copy", "--allow-nondistributable-artifacts", str(image.reference), str(target)])
    return instead or Remedy("copy", "Copy it with crane, which keeps the digest.", (command,))


def _with_options(image: Image, fate: DigestFate, ways: tuple[Way, ...]) -> str:
    """Return how the plan's own tool keeps the digest on the same route, or an empty string if it cannot."""
    tool, row = fate.hop.tool, fate.row
    option = keeping_all(tool) if fate.ending in {Ending.LOST, Ending.SPARSE} else ""
    if option is None or not (option or row.given):
        return ""
    names = [part.partition(" ")[0] for condition in row.given for part in condition.split(" and ")]
    used = [name for name in dict.fromkeys(names) if fate.hop.options.values(name) or fate.hop.options.has(name)]
    given = tuple(pair for pair in fate.hop.options.given if pair[0] not in names)
    options = Options((*given, *(options_for(option).given if option else ())))
    changed = [tuple(replace(hop, options=options) for hop in way) for way in ways]
    kept = digest_over(changed, formats_of(image.document, image.media_type), is_index=isinstance(image.document, Index))
    if not isinstance(kept, DigestFate) or kept.ending is not Ending.KEPT:
        return ""
    text = f"Run {tool} with {option}" if option else f"Run {tool} without {' and '.join(used)}"
    return (
        f"{text}: it then copies the whole index."
        if fate.ending is not Ending.CHANGED
        else f"{text}: it then keeps the digest."
    )


def _cause(site: Site, image: Image, fate: DigestFate) -> str:
    """Return what the copy does, as sentences without the effect."""
    tool, pin = tool_of(site), short_digest(image.reference.digest)
    match fate.ending:
        case Ending.LOST:
            return f"{image.name} is pinned to an index. {tool} copies one manifest of it, and not the index."
        case Ending.SPARSE:
            rejected = f"{tool} pushes it without all of its manifests, and the registry rejects that"
            return f"{image.name} is pinned to an index. {rejected}."
        case _:
            why = fate.row.why if isinstance(fate.row, CopyDigests) else ""
            return f"{tool} does not keep the digest {pin} of {image.name}: {why}."


def _finding(
    site: Site, image: Image, placements: list[Placement], cause: str, fate: DigestFate | None, ways: tuple[Way, ...]
) -> Finding:
    registry, pools = site.plan.registry, dict.fromkeys(one.pool.name for one in placements)
    place = registry.host if registry is not None else "The archive"
    row = fate.row if fate is not None else None
    is_sure = row is None or row.confidence != "low"
    proof: dict[str, Fact] = {"tool": tool_of(site), "digest": image.reference.digest}
    if row is not None:
        proof |= {"row": row.name, "source": row.source, "confidence": row.confidence, "confirmed": row.confirmed}
    effect = f"{place} will not have this digest, so nodes of {', '.join(pools)} cannot pull the image."
    return Finding(
        severity=Severity.ERROR if is_sure else Severity.WARNING,
        subject=image_subject(image),
        parts=(
            Part(cause, key=cause.replace(image.name, "")),
            Part(effect, Role.EFFECT, names_who=True),
            Part(
                f'Error on the node: `failed to resolve reference "{image.name}": {image.name}: not found`.',
                Role.SYMPTOM,
                "Error on the node: `failed to resolve reference`",
            ),
        ),
        case=tool_of(site),
        facts=proof,
        location=site.plan.where("copy", "options" if row is not None and row.given else "tool"),
        remedy_kind=RemedyKind.COPY_AGAIN,
        remedies=_remedies(site, image, fate, ways),
        affects=of_placements(placements),
    )


def _outcome(site: Site, image: Image, placements: list[Placement]) -> Outcome | Unpredicted | None:
    """Return the outcome for one pinned image. None: the copy does not concern it, or other checks report its absence."""
    found = _judged(site, image, placements)
    # An archive that was not read may hold the image with another digest.
    unread = next(iter(site.archives.unread.values()), None) if site.archives is not None else None
    if unread is None or image.absent or _entries(site, image.reference) or not (found is None or found is PASSED):
        return found
    return unknown(image_subject(image), unread)


def _judged(site: Site, image: Image, placements: list[Placement]) -> Outcome | Unpredicted | None:
    assert site.transfer is not None  # noqa: S101 - the check requires a copy tool
    ways = site.transfer.ways(image.reference)
    entries = _entries(site, image.reference)
    if image.absent or not (ways or entries):
        return None
    if image.trouble is not None:
        return unknown(image_subject(image), image.trouble)
    if entries and (other := _other_archive(entries, image.reference)) is not None:
        cause = f"{other.archive.path} holds {image.name} with another digest: {short_digest(other.root.digest)}."
        return _finding(site, image, placements, cause, None, ways)
    if not ways:
        return PASSED
    fate = digest_over(ways, formats_of(image.document, image.media_type), is_index=isinstance(image.document, Index))
    if isinstance(fate, Unpredicted):
        return fate
    if fate.ending is Ending.SPARSE and (takes := _takes_sparse(site)) is not False:
        why = f"{fate.hop} pushes an index without all of its manifests, and it is unknown whether the registry accepts it"
        return PASSED if takes else Unpredicted(why, missing=True)
    if fate.ending is Ending.KEPT:
        return PASSED
    return _finding(site, image, placements, _cause(site, image, fate), fate, ways)


def _takes_sparse(site: Site) -> bool | None:
    registry = site.plan.registry
    return takes_sparse(registry.kind.name) if registry is not None and registry.kind is not None else None


def _entries(site: Site, reference: Reference) -> tuple[ArchivedRoot, ...]:
    return site.archives.entries.get(reference, ()) if site.archives is not None else ()


def _pinned(site: Site) -> Iterator[tuple[Image, list[Placement]]]:
    """Yield every pinned image that is still to be copied, with its placements."""
    registry = site.plan.registry
    placements: Iterable[Placement] = site.to_copy.placements if site.to_copy is not None else ()
    inside = site.target.placements if site.target is not None else ()
    settled = {one.need for one in inside if one.standing is not Standing.UNDETERMINED or one.image.digest}
    for reference, group in groupby(placements, lambda placement: placement.image.reference):
        if not reference.digest or (registry is not None and placed(registry, reference) == reference):
            continue
        waiting = [placement for placement in group if placement.need not in settled]
        if waiting:
            yield waiting[0].image, waiting


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per pinned image."""
    reasons: list[tuple[str, Unpredicted]] = []
    for image, placements in _pinned(site):
        said = _outcome(site, image, placements)
        if isinstance(said, Unpredicted):
            reasons.append((image.name, said))
        elif said is not None:
            yield said
    yield from unpredicted(site, reasons)


CHECK = define(
    run,
    title="Copy changes the digest of a pinned image",
    holds="Copies keep the digests of pinned images",
    area=Area.COPIES,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES, Requirement.COPY_TOOL, Requirement.TO_COPY),
)
