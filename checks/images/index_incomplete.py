"""## What it checks
Every index in the copy has all the manifests that it lists: on the internal registry or, if the registry was not part of the
audit, in the plan's archives.

## Why it matters
A copy of some platforms that keeps the digest of the index creates a *sparse* index. Pools of the missing platforms cannot
pull the image. Many registries reject the push of such an index with `manifest blob unknown`. The next copy of the index
fails.

## How to fix
Copy all platforms, or let the copy tool write an index with only the copied platforms (its digest changes).

## When it is undetermined
The internal registry was not requested for a manifest that the index lists, or it did not answer.

## References
facts/sparse_indexes.yaml; distribution configuration, validation.manifests.indexes.
"""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Iterator
from dataclasses import replace

from auditor.check import PASSED, Affected, Area, Finding, Outcome, Remedy, Severity, define
from auditor.evidence.documents import observed_index
from auditor.evidence.model import Absent, Failed, Kind
from auditor.oci.document import Descriptor, Index
from auditor.oci.select import flatten
from auditor.plan.model import Registry
from auditor.site import Requirement, Site
from auditor.site.copies import ComparedCopy
from auditor.site.images import Trouble
from auditor.text import many
from auditor.transfer.registries import sparse_refusal, takes_sparse
from checks._shared.affected import NOTHING
from checks._shared.bringing import without_sources
from checks._shared.placed import copies_by_image, image_subject, unknown

MAX_COMMANDS = 20
SHOWN = 12


def _kind_of(registry: Registry | None) -> str:
    return str(registry.kind) if registry is not None and registry.kind is not None else "the registry"


def _is_unknown(registry: Registry | None) -> bool:
    """Return whether the facts do not state what the kind of registry in the plan accepts."""
    return bool(_name_of(registry)) and takes_sparse(_name_of(registry)) is None


def _name_of(registry: Registry | None) -> str:
    return registry.kind.name if registry is not None and registry.kind is not None else ""


def _children(copy: ComparedCopy, index: Index) -> tuple[Descriptor, ...]:
    """Return everything that the index lists, including the content of available nested indexes."""

    def nested(digest: str) -> Index | None:
        return observed_index(copy.evidence, copy.image.reference.repository, digest)

    return flatten(index, nested).manifests


def _named(child: Descriptor) -> str:
    platform = child.platform
    return "an attestation" if child.is_attestation else str(platform) if platform is not None else child.digest


def _finding(site: Site, copies: list[ComparedCopy], copy: ComparedCopy, children: int, gone: list[Descriptor]) -> Finding:
    named = tuple(dict.fromkeys(_named(child) for child in gone))[:SHOWN]
    starved = tuple(dict.fromkeys(c.kept.pool.name for c in copies if c.kept.resolution.dropped))
    refusal = None if copy.is_inside else sparse_refusal(_name_of(site.plan.registry))
    effect = f"{', '.join(starved)} cannot pull it." if starved else "No pool of the plan needs the missing manifests."
    if refusal is None and not copy.is_inside and _is_unknown(site.plan.registry):
        effect += f" It is unknown whether {_kind_of(site.plan.registry)} accepts the push of such an index."
    if refusal is not None:
        effect += f" {refusal.registry} rejects the push of such an index: {refusal.symptom}."
    sure = refusal is not None and refusal.confidence == "high"
    held = copy.place if copy.is_inside else f"{copy.image.reference} in {copy.place}"
    return Finding(
        severity=Severity.ERROR if starved or sure else Severity.WARNING,
        subject=image_subject(copy.image),
        message=f"{held} is an index of {many(children, 'manifest')}, but lacks {len(gone)} of them "
        f"({', '.join(named)}). {effect}",
        case=copy.place if copy.is_inside else "archives",
        facts={"place": copy.place, "digest": copy.image.digest, "listed": children, "missing": len(gone), "platforms": named},
        location=copy.kept.need.why[0].location,
        remedies=(
            _copied(site, copy, gone),
            Remedy("rewrite", "Or write an index of only the copied platforms, and use its digest in the plan."),
        ),
        affects=(Affected((copy.image.name,), () if sure else starved),) if starved or sure else NOTHING,
    )


def _copied(site: Site, copy: ComparedCopy, gone: list[Descriptor]) -> Remedy:
    """Return the remedy that copies each manifest: crane skips a whole image if the index is already there."""
    if copy.at is None:
        return Remedy("copy", "Copy it with all platforms.")
    if (instead := without_sources(site, copy.image.reference)) is not None:
        return instead
    source, target = copy.image.reference.repository, copy.at.repository
    commands = (
        shlex.join(["crane", "copy", f"{source}@{child.digest}", f"{target}@{child.digest}"]) for child in gone[:MAX_COMMANDS]
    )
    more = f" The first {MAX_COMMANDS} are shown." if len(gone) > MAX_COMMANDS else ""
    return Remedy(
        "copy", f"Copy each missing manifest: crane copies nothing if the index is already there.{more}", tuple(commands)
    )


def _outcomes(site: Site, copies: list[ComparedCopy], copy: ComparedCopy, index: Index) -> Outcome | None:
    """Return the outcome for one index, or None if it is complete."""
    children = _children(copy, index)
    gone: list[Descriptor] = []
    unasked: Trouble | None = None
    for child in children:
        match copy.blob(child.digest):
            case Absent():
                gone.append(child)
            case Failed(kind, detail) as failed:
                unasked = Trouble(kind, f"{copy.place}, manifest {child.digest[:80]}: {detail}", failed.faults)
            case None:
                unasked = Trouble(Kind.MISSING_EVIDENCE, f"{copy.place}: the manifest {child.digest[:80]} was not observed")
    if gone:
        return _finding(site, copies, copy, len(children), gone)
    if unasked is None:
        return None
    refused = None if copy.is_inside else sparse_refusal(_name_of(site.plan.registry))
    # A manifest that no pool needs affects a pull only if the registry rejects the index without it.
    affects = None if refused is not None else NOTHING
    return replace(unknown(image_subject(copy.image), unasked), affects=affects)


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per image and index."""
    for image, copies in copies_by_image(site):
        seen: set[tuple[str, str]] = set()
        for copy in copies:
            index, key = copy.image.document, (copy.place, copy.image.digest)
            if key in seen or not isinstance(index, Index):
                continue
            seen.add(key)
            outcome = _outcomes(site, copies, copy, index)
            yield outcome or PASSED
        if not seen and image.trouble is not None:
            yield unknown(image_subject(image), image.trouble)


CHECK = define(
    run,
    title="Index was copied without all of its manifests",
    holds="Indexes were copied with all manifests",
    area=Area.COPIES,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES, Requirement.COPIES),
)
