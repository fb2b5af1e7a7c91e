"""## What it checks
Whatever verifies signatures offline needs no external host for it: no TUF repository, transparency log, certificate authority,
key service or Notary server outside, and no external registry. The check reads each policy with its settings, and the version
and arguments of the policy engine among the workloads.

Nodes also compare the name in a signature with the name that they pull (`signedIdentity` of `policy.json`, OpenShift's
`matchPolicy`). The check reads the name from the signature, and applies the rule of the policy.

## Why it matters
An image can be present with its signature, and still its pod is rejected: the engine first updates its keys from
`tuf-repo-cdn.sigstore.dev`, or asks `rekor.sigstore.dev` for the log entry. Some engines do so even for signatures with a key.

A copied signature keeps the name of its source. A node that pulls by the internal name then refuses it: `Signature for
identity … is not accepted`.

## How to fix
Set what the finding names: verification with keys or own certificates in the policy, without the log (`rekor.ignoreTlog`,
`ctlog.ignoreSCT`), or a TUF repository on an internal host. Name images by the internal registry in manifests and policies,
because admission controllers use no mirrors of the nodes.

For nodes: map the names with `remapIdentity`, or keep the original names in manifests and pull by mirrors, or sign again with
`--sign-container-identity`.

## When it is undetermined
The policy is of a kind that is not evaluated, it cannot be read, or the facts do not cover the version of the engine. Nodes
compare the name in a signature, and that name was not collected. Image verifiers of containerd are programs of the site: the
audit cannot know what they contact.

## References
facts/signature_contacts.yaml, where each row states its source; containers/image docs/containers-policy.json.5.md;
kyverno/kyverno#15690; sigstore/policy-controller#354; kyverno/policies#1273.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import PASSED, Area, Fact, Finding, Outcome, Part, Remedy, Role, Severity, Undetermined, define
from auditor.evidence.model import Kind
from auditor.net import Scope
from auditor.oci.reference import Reference
from auditor.outcomes import Subject
from auditor.plan.rewrites import placed
from auditor.readers.signatures.model import SignatureRule, UnreadPolicy
from auditor.site import Requirement, Site
from auditor.site.signature_cases import SignatureCase
from auditor.site.signature_contacts import Contact, UnknownContacts, contacts_of
from auditor.text import listed
from checks._shared.affected import of_pairs
from checks._shared.signature_identities import judged_identities
from checks._shared.signatures import asks_registry, error_text, looked_at, pools_of

_SHOWN = 3
_SERVICES = {
    "tuf": "the TUF repository with the keys of Sigstore",
    "rekor": "the transparency log Rekor",
    "kms": "a key service",
    "notary": "a Notary server",
    "revocation": "the OCSP or CRL server of the signing certificate",
}


def _subject(rule: SignatureRule | UnreadPolicy) -> Subject:
    return Subject("policy", rule.title if isinstance(rule, SignatureRule) else rule.owner)


def _affects(site: Site, cases: list[SignatureCase]) -> tuple[tuple[str, str], ...]:
    return tuple((str(case.demand.reference), pool) for case in cases for pool in pools_of(site, case))


def _images(cases: list[SignatureCase]) -> str:
    return listed(list(dict.fromkeys(str(case.demand.seen) for case in cases)), _SHOWN)


def _severity(rule: SignatureRule, cases: list[SignatureCase], *, is_sure: bool = True) -> Severity:
    if not rule.is_enforced:
        return Severity.INFO
    is_certain = is_sure and not rule.doubt and any(not case.demand.is_broad for case in cases)
    return Severity.ERROR if is_certain else Severity.WARNING


def _contact(site: Site, contact: Contact, cases: list[SignatureCase]) -> Finding:
    rule, row = contact.rule, contact.row
    engine, what = looked_at(rule.engine), _SERVICES.get(row.service, row.service)
    if not contact.host:
        cause = f"{engine} contacts {what}, to verify {_images(cases)} for {rule.title}."
        effect = f"If that server is external, the verification fails offline, and {engine} rejects the pods."
    elif row.at == "start":
        cause = f"{engine} contacts {contact.host}, {what}, when it starts. The host is external."
        effect = f"Offline, {engine} does not start, and its webhook rejects the pods of {rule.title}."
    else:
        cause = f"{engine} contacts {contact.host}, {what}, to verify {_images(cases)} for {rule.title}. The host is external."
        effect = f"Offline, the verification fails, and {engine} rejects the pods."
    if not rule.is_enforced:
        effect = f"Offline, {engine} reports a failure. The policy does not block pods."
    doubt = f" {contact.doubt}" if contact.doubt else ""
    facts: dict[str, Fact] = {
        "host": contact.host,
        "service": row.service,
        "engine": rule.engine,
        "version": contact.version,
        "source": row.source,
        "confidence": row.confidence,
    }
    return Finding(
        severity=_severity(rule, cases, is_sure=not contact.doubt and row.confidence == "high"),
        subject=_subject(rule),
        parts=(
            Part(f"{cause}{doubt}"),
            Part(effect, Role.EFFECT),
            Part(f"Error from {engine}: `{contact.error}`.", Role.SYMPTOM),
        ),
        case=f"{row.service} {contact.host} {' '.join(row.when)}",
        facts=facts,
        location=contact.attestor.location or rule.location,
        remedies=tuple(Remedy("edit", fix) for fix in contact.fixes),
        affects=of_pairs(_affects(site, cases)) if rule.is_enforced else (),
    )


def _external(site: Site, rule: SignatureRule, cases: list[SignatureCase]) -> Iterator[Outcome]:
    """Yield the finding for images whose registry the engine asks itself, and that is external."""
    if not asks_registry(rule.engine):
        return
    outside: dict[str, list[SignatureCase]] = {}
    for case in cases:
        host = case.demand.seen.domain
        if site.reach.of(host.partition(":")[0]) is not Scope.INTERNAL:
            outside.setdefault(host, []).append(case)
    engine = looked_at(rule.engine)
    for host, own in outside.items():
        cause = (
            f"{engine} looks up the signatures of {_images(own)} at {host}, an external host, for {rule.title}. "
            f"{engine} does not use the mirrors of the nodes."
        )
        yield Finding(
            severity=_severity(rule, own),
            subject=_subject(rule),
            parts=(
                Part(cause),
                Part(f"Offline, {engine} cannot reach it, and rejects the pods.", Role.EFFECT),
                Part(
                    f'Error from {engine}: `Get "https://{_asked(host)}/v2/": dial tcp: lookup {_asked(host)}`.', Role.SYMPTOM
                ),
            ),
            case=f"registry {host}",
            facts={"host": host, "service": "registry", "engine": rule.engine, "images": tuple(map(_name, own[:_SHOWN]))},
            location=rule.location,
            remedies=_renaming(site, rule, own[0]),
            affects=of_pairs(_affects(site, own)) if rule.is_enforced else (),
        )


def _asked(host: str) -> str:
    return "index.docker.io" if host == "docker.io" else host


def _name(case: SignatureCase) -> str:
    return str(case.demand.seen)


def _renaming(site: Site, rule: SignatureRule, case: SignatureCase) -> tuple[Remedy, ...]:
    """Return how to let pods and policy name the internal registry."""
    if site.plan.registry is None:
        return (Remedy("edit", "Set the internal registry in the plan (`registry.host`), and name it in the manifests."),)
    inside: Reference = placed(site.plan.registry, case.demand.reference)
    text = f"Name the image in the manifests as on the internal registry: {inside}."
    also = "" if case.still_matches else f" Add a pattern for {inside.domain} to {rule.owner}, which does not match that name."
    return (Remedy("edit", f"{text}{also}"),)


def _unmatched(rule: SignatureRule, cases: list[SignatureCase]) -> Iterator[Finding]:
    """Yield that a policy no longer matches its images under their names on the internal registry."""
    lost = [case for case in cases if not case.still_matches]
    if not lost or rule.is_of_nodes:
        return
    case = lost[0]
    yield Finding(
        severity=Severity.INFO,
        subject=_subject(rule),
        message=f"On the internal registry, {case.demand.seen} is {case.at}. {rule.title} does not match this name. "
        "Pods that use it run without verification.",
        case="internal name",
        facts={"image": str(case.demand.seen), "inside": str(case.at), "patterns": rule.patterns},
        location=rule.location,
        remedies=(
            Remedy("edit", f"Add a pattern for {case.at.domain if case.at else 'the internal registry'} to {rule.owner}."),
        ),
        affects=(),
    )


def _rejected(site: Site, rule: SignatureRule, cases: list[SignatureCase]) -> Finding:
    error = error_text(cases[0], "rejected")
    return Finding(
        severity=_severity(rule, cases),
        subject=_subject(rule),
        parts=(
            Part(f"{rule.title} rejects every image that it matches, also {_images(cases)}."),
            Part("The image does not start, whether it is signed or not.", Role.EFFECT),
            *((Part(error, Role.SYMPTOM),) if error else ()),
        ),
        case="rejected",
        facts={"engine": rule.engine, "patterns": rule.patterns},
        location=rule.location,
        remedies=(Remedy("edit", f"Add a more specific entry for {cases[0].demand.seen} that accepts it or verifies it."),),
        affects=of_pairs(_affects(site, cases)),
    )


def _of_rule(site: Site, rule: SignatureRule, cases: list[SignatureCase]) -> Iterator[Outcome]:
    if rule.denies:
        yield _rejected(site, rule, cases)
        return
    external = list(_external(site, rule, cases))
    found = [*external]
    for one in contacts_of(site.signatures, rule, cases, site.reach):
        if isinstance(one, UnknownContacts):
            found.append(Undetermined(_subject(rule), one.kind, one.why, location=rule.location))
        else:
            found.append(_contact(site, one, cases))
    found += judged_identities(site, rule, cases)
    yield from found
    yield from _unmatched(rule, cases) if not external else ()
    if not found:
        yield PASSED


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per policy and contact. A policy that matches no image of the plan passes."""
    signatures = site.signatures
    by_rule: dict[SignatureRule, list[SignatureCase]] = {}
    for case in signatures.cases:
        by_rule.setdefault(case.rule, []).append(case)
    for rule, cases in by_rule.items():
        yield from _of_rule(site, rule, cases)
    for unread in signatures.policies.unread:
        kind = Kind.UNSUPPORTED if unread.is_unsupported else Kind.MALFORMED
        yield Undetermined(_subject(unread), kind, f"{unread.owner}: {unread.why}", location=unread.location)
    for rule, why in signatures.demands.bad:
        detail = f"{rule.title} has a pattern that is not evaluated: {why}"
        yield Undetermined(_subject(rule), Kind.UNSUPPORTED, detail, location=rule.location)
    yield from (PASSED for _ in signatures.demands.idle)


CHECK = define(
    run,
    title="Signature cannot be verified offline",
    holds="Signatures can be verified offline",
    area=Area.WORKLOADS,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES, Requirement.SIGNATURES),
)
