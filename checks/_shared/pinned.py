"""Shared by the checks of pinned images: how a copy can keep their digests."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import replace

from auditor.check import Remedy
from auditor.oci.document import Index
from auditor.oci.reference import Reference
from auditor.site import Site
from auditor.site.archives.finder import ArchivedRoot
from auditor.site.images import Image
from auditor.site.transfers import Way
from auditor.transfer.copy_digests import DigestFate, Ending, digest_over, formats_of
from auditor.transfer.copy_options import Options, options_for
from auditor.transfer.copy_platforms import keeping_all
from checks._shared.bringing import target_of, without_sources


def other_archive(entries: Iterable[ArchivedRoot], reference: Reference) -> ArchivedRoot | None:
    """Return an archived image with another digest than the pinned one; None if an archive has that digest.

    A docker-archive holds no manifest, so its digests do not count.
    """
    held = [entry for entry in entries if not entry.root.derived]
    return None if any(entry.root.digest == reference.digest for entry in held) else next(iter(held), None)


def remedies(site: Site, image: Image, fate: DigestFate | None, ways: tuple[Way, ...]) -> tuple[Remedy, ...]:
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
