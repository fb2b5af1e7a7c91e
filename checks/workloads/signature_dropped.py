"""## What it checks
Every image for which a policy demands a signature has this signature where the policy looks for it offline: on the internal
registry, in the form that the policy accepts. If the internal registry was not requested, the check predicts what the planned
copy carries: cosign's tags `sha256-<hex>.sig` and `.att`, and OCI referrers.

## Why it matters
Most copy tools copy the image and leave its signature behind, without an error. Inside, the admission controller rejects every
pod with the image: `no signatures found`. If the nodes verify signatures, they refuse the pull: `A signature was required, but
no signature exists`.

## How to fix
Copy the signature as well, with the commands of the finding: cosign's tags are ordinary tags, and `oras cp --recursive` and
`regctl image copy --referrers` copy referrers. If no signature exists at all, sign the image inside with your own key, and add
that key to the policy.

## When it is undetermined
The signature was not observed, the facts do not cover the copy tool, a policy cannot be read, or it reads signatures from
another repository. `auditor collect --signatures` collects the signatures of all images.

## References
facts/copy_signatures.yaml and facts/signature_engines.yaml, where each row states its source; OCI distribution-spec v1.1.1,
"Listing Referrers"; Azure/ARO-RP#4779; google/go-containerregistry#1767.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import PASSED, Area, Fact, Finding, Outcome, Part, Role, Severity, Undetermined, define
from auditor.evidence.model import Kind
from auditor.outcomes import Subject
from auditor.site import Requirement, Site
from auditor.site.signature_cases import Held, SignatureCase
from auditor.text import short_digest
from auditor.transfer.copy_signatures import Part as CopyPart
from auditor.transfer.copy_signatures import SignatureFate, fate_over
from auditor.transfer.hops import Unpredicted
from checks._shared.affected import of_pairs
from checks._shared.copied import tool_of, unpredicted
from checks._shared.placed import unknown
from checks._shared.signature_identities import signed_name
from checks._shared.signatures import copying, error_text, looked_at, pools_of, severity_of, what_of


def _subject(case: SignatureCase) -> Subject:
    return Subject("image", str(case.demand.reference))


def _is_inner(site: Site, case: SignatureCase) -> bool:
    """Return whether the node verifies a manifest inside an index."""
    image = site.images.images.get(case.demand.reference)
    return case.rule.per_platform and bool(case.digests) and image is not None and image.digest not in case.digests


def _part(form: str) -> CopyPart:
    return "sig" if form == "sig" else "att" if form == "att" else "referrer"


def _finding(site: Site, case: SignatureCase, cause: str, kind: str, fate: SignatureFate | None = None) -> Finding:
    rule, pools = case.rule, pools_of(site, case)
    what = what_of(rule)
    error = error_text(case, "attestation" if rule.is_attestation else "signature")
    facts: dict[str, Fact] = {"policy": rule.title, "engine": rule.engine, "forms": tuple(form.value for form in rule.forms)}
    if case.digests:
        facts["digest"] = case.digests[0]
    if fate is not None:
        facts |= {"tool": tool_of(site), "row": fate.row.name, "source": fate.row.source, "confidence": fate.row.confidence}
    is_sure = fate is None or (fate.row.is_proven and not fate.row.unless)
    effect = (
        f"Nodes of {', '.join(rule.pools)} verify it when they pull, and refuse the image."
        if rule.is_of_nodes
        else f"{looked_at(rule.engine)} then rejects every pod with this image."
    )
    if not rule.is_enforced:
        effect = f"{looked_at(rule.engine)} only reports this: the policy does not block pods."
    doubt = (f"It is unknown whether the policy applies: {rule.doubt}.",) if rule.doubt and rule.is_enforced else ()
    unless = (f"This holds unless {fate.row.unless}.",) if fate is not None and fate.row.unless else ()
    lead = f"{rule.title} demands {what} of {case.demand.seen}."
    if _is_inner(site, case):
        lead += f" Nodes verify the manifest of their platform, {short_digest(case.digests[0])}."
    texts = (lead, cause, *unless, effect, *doubt)
    return Finding(
        severity=severity_of(case, is_sure=is_sure),
        subject=_subject(case),
        parts=(
            Part(" ".join(texts[: 2 + len(unless)]), key=f"{rule.title} {kind}: {cause}"),
            Part(" ".join(texts[2 + len(unless) :]), Role.EFFECT, names_who=rule.is_of_nodes),
            *((Part(error, Role.SYMPTOM, f"{rule.title} {kind} error"),) if error else ()),
        ),
        case=f"{rule.owner} {rule.rule} {what}",
        facts=facts,
        location=rule.location,
        remedies=copying(site, case, is_unsigned=kind == "unsigned", name=signed_name(case)),
        affects=of_pairs((str(case.demand.reference), pool) for pool in pools) if rule.is_enforced else (),
    )


def _tags(case: SignatureCase, held: Held) -> str:
    digest = short_digest(case.digests[0]) if case.digests else "its digest"
    names = [f"tag `.{form.value}`" if form.is_tag else f"a referrer ({form.value})" for form in held.forms]
    return f"{' and '.join(names)} of {digest}"


def _observed(site: Site, case: SignatureCase, place: str) -> Finding:
    """Return the finding for a place that was observed to have no signature."""
    source = case.source
    if source is not None and source.forms:
        return _finding(site, case, f"Its source has it ({_tags(case, source)}), but {place} does not.", "not copied")
    if source is not None and source.is_absent:
        return _finding(site, case, f"Neither its source nor {place} has one.", "unsigned")
    return _finding(site, case, f"{place} has none.", "missing")


def _predicted(site: Site, case: SignatureCase, held: Held, origin: str) -> Outcome | Unpredicted:
    """Return what the planned copy does to a signature that was observed at its source or in an archive."""
    if site.transfer is None or site.plan.registry is None:
        lacks = "copy tool" if site.transfer is None else "internal registry"
        why = f"{origin} has the signature of {case.demand.reference}, but the plan names no {lacks}"
        return Undetermined(_subject(case), Kind.MISSING_EVIDENCE, f"{why}: state it, or use --via target")
    fate = fate_over(site.transfer.ways(case.demand.reference), [_part(form.value) for form in held.forms])
    if isinstance(fate, Unpredicted):
        return fate
    if fate.is_carried:
        return PASSED
    tool = tool_of(site)
    noun = "attestation" if case.rule.is_attestation else "signature"
    verb = f"{tool} copies the image and leaves the {noun} behind."
    return _finding(site, case, f"{origin} has it ({_tags(case, held)}). {verb}", "predicted", fate)


def _outcome(site: Site, case: SignatureCase) -> Outcome | Unpredicted:
    inside = case.inside
    if case.rule.repository:
        why = f"{case.rule.title} reads signatures from {case.rule.repository}, which the audit does not collect"
        return Undetermined(_subject(case), Kind.UNSUPPORTED, why)
    if inside is not None and inside.forms:
        return PASSED
    if inside is not None and inside.is_absent:
        return _observed(site, case, str(case.at) if case.at is not None else "the internal registry")
    if inside is not None and inside.trouble is not None and (inside.trouble.faults or not inside.lacks_image):
        return unknown(_subject(case), inside.trouble)
    return _on_the_way(site, case) or _unknown(case)


def _on_the_way(site: Site, case: SignatureCase) -> Outcome | Unpredicted | None:
    """Return the outcome for a signature that is yet to be copied: from the archive with the image, else from its source."""
    held, origin = (case.archived, case.archive) if case.archived is not None else (case.source, "Its source")
    if held is None:
        return None
    if held.forms:
        return _predicted(site, case, held, origin)
    if not held.is_absent:
        return None
    return (
        _observed(site, case, origin) if case.archived is not None else _finding(site, case, "Its source has none.", "unsigned")
    )


def _unknown(case: SignatureCase) -> Undetermined:
    places = (case.archived, case.inside, case.source)
    trouble = next((held.trouble for held in places if held is not None and held.trouble is not None), None)
    if trouble is not None:
        return unknown(_subject(case), trouble)
    why = f"no place was requested that may have the signature of {case.demand.reference}: use --via source or --via target"
    return Undetermined(_subject(case), Kind.MISSING_EVIDENCE, why)


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per policy and image."""
    reasons: list[tuple[str, Unpredicted]] = []
    for case in site.signatures.cases:
        if not case.rule.forms:
            continue
        said = _outcome(site, case)
        if isinstance(said, Unpredicted):
            reasons.append((str(case.demand.reference), said))
        else:
            yield said
    yield from unpredicted(site, reasons)


CHECK = define(
    run,
    title="Required signature is not copied",
    holds="Required signatures are copied",
    area=Area.WORKLOADS,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES, Requirement.SIGNATURES),
)
