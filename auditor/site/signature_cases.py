"""The view of signatures: which image needs one, and what was observed of it at the source, inside and in the archives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from auditor.evidence.model import Absent, Evidence, Failed, Kind, Observation, Seen, TagSeen
from auditor.evidence.signature_keys import referrers_key, signature_tag, tag_key
from auditor.needs.signature_demands import SignatureDemand, SignatureDemands, matches_name, signature_demands
from auditor.oci.document import Index, MalformedDocument, Manifest, parse_document, parse_subject
from auditor.oci.reference import Reference, spelt
from auditor.plan.rewrites import placed
from auditor.readers.signatures.model import ARTIFACT_TYPES, PAYLOAD, SignatureForm, SignaturePolicies, SignatureRule
from auditor.readers.signatures.reading import signature_policies
from auditor.site.images import Images, Trouble
from auditor.site.signature_names import SignedNames, names_of

if TYPE_CHECKING:
    from auditor.needs.model import Needs
    from auditor.oci.archive import ArchivedImage
    from auditor.plan.model import Plan
    from auditor.site.archives.finder import ArchivedRoot
    from auditor.site.archives.view import Archives

_BUNDLE = b"dev.sigstore.cosign/bundle"
_LAYERS = {
    PAYLOAD: SignatureForm.SIG,
    "application/vnd.dsse.envelope.v1+json": SignatureForm.ATT,
}
_KINDS = {"sigs": SignatureForm.SIG, "atts": SignatureForm.ATT}


@dataclass(frozen=True, slots=True)
class Held:
    """What one place has of an image's signature. `forms`: the accepted forms that it has for every digest.

    `is_absent`: every accepted form was requested and is missing. `trouble` says why it is unknown. `has_proof`: the signature
    carries the proof of a transparency log; None if unknown. `names`: those in the cosign signatures of each digest.
    `lacks_image`: the image was observed to be absent there.
    """

    forms: tuple[SignatureForm, ...] = ()
    is_absent: bool = False
    trouble: Trouble | None = None
    has_proof: bool | None = None
    source: str = ""
    names: tuple[SignedNames, ...] = ()
    lacks_image: bool = False


@dataclass(frozen=True, slots=True)
class SignatureCase:
    """One demand with the observations. None: the place was not requested, or no archive has the image.

    `at` is the image on the internal registry. `archive` is the path of the archive that has the image.
    """

    demand: SignatureDemand
    digests: tuple[str, ...]
    source: Held | None
    inside: Held | None
    archived: Held | None
    at: Reference | None
    archive: str = ""
    still_matches: bool = True

    @property
    def rule(self) -> SignatureRule:
        """Return the rule that demands the signature."""
        return self.demand.rule


@dataclass(frozen=True)
class Signatures:
    """All policies of a plan, and the cases of their demands."""

    plan: Plan
    needs: Needs
    evidence: Evidence
    source: Images | None
    target: Images | None
    archives: Archives | None
    policies: SignaturePolicies = field(default_factory=SignaturePolicies)

    @cached_property
    def demands(self) -> SignatureDemands:
        """Return which image needs a signature."""
        return signature_demands(self.plan, self.needs, self.policies)

    @cached_property
    def cases(self) -> tuple[SignatureCase, ...]:
        """Return every demand with what was observed, in the order of the policies."""
        return tuple(self._case(demand) for demand in self.demands.demands)

    def _case(self, demand: SignatureDemand) -> SignatureCase:
        rule, reference = demand.rule, demand.reference
        registry = self.plan.registry
        at = placed(registry, reference) if registry is not None else None
        own = self._digests(self.source, demand)
        there = self._digests(self.target, demand)
        source = self._registry(demand, reference.repository, own) if self.source is not None and at != reference else None
        inside = self._inside(demand, at, own, there)
        entries = self.archives.entries.get(reference, ()) if self.archives is not None else ()
        archived = self._archived(rule, entries, own or there) if entries else None
        return SignatureCase(
            demand,
            own or there,
            source,
            inside,
            archived,
            at,
            entries[0].archive.path if entries else "",
            at is None or at == demand.seen or matches_name(rule, at),
        )

    def _inside(
        self, demand: SignatureDemand, at: Reference | None, own: tuple[str, ...], there: tuple[str, ...]
    ) -> Held | None:
        """Return what the internal registry has. If it was not asked for the image, its signature may still be observed."""
        if self.target is None or at is None:
            return None
        if not there and own and (held := self._registry(demand, at.repository, own)).forms:
            return held
        image = self.target.images.get(demand.reference)
        return replace(self._registry(demand, at.repository, there), lacks_image=image is not None and bool(image.absent))

    def _digests(self, images: Images | None, demand: SignatureDemand) -> tuple[str, ...]:
        """Return the digests that the engine verifies: that of the image, or those of the manifests that nodes pull."""
        if images is None:
            return ()
        image = images.images.get(demand.reference)
        if not demand.rule.per_platform:
            return (image.digest,) if image is not None and image.digest else ()
        pools = frozenset(demand.rule.pools)
        found = (
            placement.resolution.payload.digest
            for placement in self._placements(images).get(demand.reference, ())
            if placement.pool.name in pools and placement.resolution.payload is not None
        )
        return tuple(dict.fromkeys(found))

    def _placements(self, images: Images) -> Mapping[Reference, list]:  # type: ignore[type-arg]
        cached = self._by_image.get(id(images))
        if cached is None:
            cached = {}
            for placement in images.placements:
                cached.setdefault(placement.image.reference, []).append(placement)
            self._by_image[id(images)] = cached
        return cached

    @cached_property
    def _by_image(self) -> dict[int, dict[Reference, list]]:  # type: ignore[type-arg]
        return {}

    def _registry(self, demand: SignatureDemand, repository: str, digests: tuple[str, ...]) -> Held:
        if not digests:
            return Held(trouble=Trouble(Kind.MISSING_EVIDENCE, f"the digest of {repository} is unknown"))
        held = [self._one(demand.rule.forms, repository, digest) for digest in digests]
        if (found := next((one for one in held if not one.forms), None)) is not None:
            return found
        return replace(held[0], names=tuple(names for one in held for names in one.names))

    def _one(self, forms: Iterable[SignatureForm], repository: str, digest: str) -> Held:
        """Return what a repository has for one digest."""
        present: list[SignatureForm] = []
        troubles: list[Trouble] = []
        proof, source = None, ""
        names: tuple[SignedNames, ...] = ()
        for form in forms:
            observed = self._observed(form, repository, digest)
            if observed is None:
                troubles.append(Trouble(Kind.MISSING_EVIDENCE, f"the signatures of {repository}@{digest} were not observed"))
            elif isinstance(observed, Failed):
                troubles.append(Trouble(observed.kind, f"{observed.source}: {observed.detail}", observed.faults))
            elif isinstance(observed, Seen):
                present.append(form)
                source, proof = observed.source, self._proof(repository, observed.value)
                if form is SignatureForm.SIG:
                    names = (names_of(self.evidence, repository, observed.value),)
            else:
                source = observed.source
        if present:
            return Held(tuple(present), has_proof=proof, source=source, names=names)
        return Held(trouble=troubles[0]) if troubles else Held(is_absent=True, source=source)

    def _observed(self, form: SignatureForm, repository: str, digest: str) -> Observation[TagSeen] | None:
        if form.is_tag:
            return self.evidence.tag(tag_key(repository, digest, form.value))
        listed = self.evidence.tag(referrers_key(repository, digest))
        if not isinstance(listed, Seen):
            return listed
        found = self.evidence.content(repository, listed.value.digest)
        if not isinstance(found, Seen):
            return Failed(Kind.MISSING_EVIDENCE, "the list of referrers is not in the evidence", listed.at, listed.source)
        if any(kind.startswith(ARTIFACT_TYPES[form]) for kind in _types(found.value.body)):
            return listed
        return Absent("no referrer has this artifact type", listed.at, listed.source)

    def _proof(self, repository: str, seen: TagSeen) -> bool | None:
        found = self.evidence.content(repository, seen.digest)
        return _BUNDLE in found.value.body if isinstance(found, Seen) else None

    # Archives.

    def _archived(self, rule: SignatureRule, entries: tuple[ArchivedRoot, ...], digests: tuple[str, ...]) -> Held:
        """Return what the archives that have the image have of its signature."""
        own = digests or tuple(dict.fromkeys(entry.root.digest for entry in entries))
        present: dict[SignatureForm, None] = {}
        for entry in entries:
            for digest in own:
                present.update(dict.fromkeys(self._in_archive(entry, digest)))
        forms = tuple(form for form in rule.forms if form in present)
        if not forms and any(entry.archive.inventory.format == "dir" for entry in entries):
            detail = f"{entries[0].archive.path} is a folder of skopeo, whose signature files are not read"
            return Held(trouble=Trouble(Kind.UNSUPPORTED, detail))
        return Held(forms) if forms else Held(is_absent=True, source=entries[0].archive.path)

    def _in_archive(self, entry: ArchivedRoot, digest: str) -> Iterator[SignatureForm]:
        roots = entry.archive.inventory.images
        alone = sum(not root.kind for root in roots) == 1
        for root in roots:
            yield from self._form_of(root, entry, digest, alone=alone)

    def _form_of(self, root: ArchivedImage, entry: ArchivedRoot, digest: str, *, alone: bool) -> Iterator[SignatureForm]:
        """Yield the form in which a root of an archive is a signature of the digest."""
        for form in (SignatureForm.SIG, SignatureForm.ATT):
            if any(name.endswith(signature_tag(digest, form.value)) for name in root.names):
                yield form
        if any(name.endswith(signature_tag(digest)) for name in root.names):
            listed = self.evidence.content(entry.archive.path, root.digest)
            kinds = tuple(_types(listed.value.body)) if isinstance(listed, Seen) else ()
            yield from (form for form, start in ARTIFACT_TYPES.items() if any(kind.startswith(start) for kind in kinds))
        if root.kind:
            is_own = spelt(root.beside) in {spelt(name) for name in entry.root.names} if root.beside else alone
            if is_own:
                yield from (form for part, form in _KINDS.items() if f"/{part}" in root.kind)
        found = self.evidence.content(entry.archive.path, root.digest)
        if not isinstance(found, Seen) or root.digest == entry.root.digest:
            return
        body = found.value.body
        if parse_subject(body) == digest:
            kind = next(iter(_types(body)), "")
            yield from (form for form, start in ARTIFACT_TYPES.items() if kind.startswith(start))


def _types(body: bytes) -> Iterator[str]:
    """Yield the artifact types of an index's entries, or the one of a manifest."""
    try:
        document = parse_document(body, "")
    except MalformedDocument:
        return
    if isinstance(document, Index):
        yield from (entry.artifact_type or "" for entry in document.manifests)
    elif isinstance(document, Manifest):
        yield document.artifact_type or document.config.media_type


def signatures_of(
    plan: Plan,
    needs: Needs,
    evidence: Evidence,
    source: Images | None,
    target: Images | None,
    archives: Archives | None,
) -> Signatures:
    """Return the view of signatures. Without a policy it reads nothing of the evidence."""
    return Signatures(plan, needs, evidence, source, target, archives, signature_policies(plan))
