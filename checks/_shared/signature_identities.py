"""Judge whether nodes accept the names in copied signatures: the `signedIdentity` of policies that nodes enforce."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

from auditor.check import Fact, Finding, Outcome, Part, Remedy, Role, Severity, Undetermined
from auditor.evidence.model import Kind
from auditor.outcomes import Subject
from auditor.readers.signatures.identity import SignedIdentity
from auditor.readers.signatures.model import SignatureForm, SignatureRule
from auditor.site import Site
from auditor.site.signature_cases import Held, SignatureCase
from auditor.site.signature_names import SignedNames
from auditor.text import listed
from checks._shared.affected import of_pairs
from checks._shared.signatures import identity_error, pools_of, severity_of

_SHOWN = 3
_OPENSHIFT = {
    "matchExact": "MatchExact",
    "matchRepoDigestOrExact": "MatchRepoDigestOrExact",
    "matchRepository": "MatchRepository",
    "exactRepository": "ExactRepository",
    "remapIdentity": "RemapIdentity",
}


@dataclass(frozen=True, slots=True)
class _Rejected:
    """One image whose signature has a name that the nodes do not accept. `is_assumed`: the name is that of its source."""

    case: SignatureCase
    identity: SignedIdentity
    name: str
    is_assumed: bool

    @property
    def prefixes(self) -> tuple[str, str]:
        """Return the differing beginnings of both repositories, to remap the one to the other."""
        mine, signed = self.case.demand.seen.repository.split("/"), _repository(self.name).split("/")
        longest = min(len(mine), len(signed)) - 1
        pairs = zip(reversed(mine), reversed(signed), strict=False)
        common = min(longest, sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs)))
        return "/".join(mine[: len(mine) - common]), "/".join(signed[: len(signed) - common])


def judged_identities(site: Site, rule: SignatureRule, cases: list[SignatureCase]) -> Iterator[Outcome]:
    """Yield a finding per cause, and what is undetermined. Images that have no signature are left to another check."""
    rejected: dict[tuple[object, ...], list[_Rejected]] = {}
    unknown: dict[SignatureCase, None] = {}
    for case in cases:
        if SignatureForm.SIG not in rule.forms:
            continue
        held = _held(case)
        if held is None:
            if rule.identities and not _is_absent(case):
                unknown[case] = None
            continue
        for identity in rule.identities:
            for names in held.names or (SignedNames(),):
                said = _judged(case, held, identity, names)
                if isinstance(said, _Rejected):
                    key = (identity, said.is_assumed, *said.prefixes, _is_bare(said.name))
                    rejected.setdefault(key, []).append(said)
                    break
                if not said:
                    unknown[case] = None
    for own in rejected.values():
        yield _finding(site, rule, own)
    bad = {one.case for own in rejected.values() for one in own}
    open_cases = [case for case in unknown if case not in bad]
    if open_cases:
        images = listed([str(case.demand.seen) for case in open_cases], _SHOWN)
        why = (
            f"{rule.title}: nodes compare the name in the signature of {images} with the name that they pull. "
            "That name is not in the evidence: run `auditor collect` again, or use --via target"
        )
        yield Undetermined(Subject("policy", rule.title), Kind.MISSING_EVIDENCE, why, location=rule.location)


def _held(case: SignatureCase) -> Held | None:
    """Return the place whose signature the nodes will read: the internal registry, else what is copied to it."""
    places = (case.inside, case.source, case.archived)
    return next((held for held in places if held is not None and SignatureForm.SIG in held.forms), None)


def _is_absent(case: SignatureCase) -> bool:
    """Whether some place was asked for the signature, and each that was asked lacks it."""
    asked = [held for held in (case.inside, case.source, case.archived) if held is not None]
    return bool(asked) and all(held.trouble is None for held in asked)


def _judged(case: SignatureCase, held: Held, identity: SignedIdentity, names: SignedNames) -> _Rejected | bool:
    """Return what nodes reject, True if they accept a name, or False if it is unknown."""
    seen, reference = case.demand.seen, case.demand.reference
    if any(identity.accepts(seen, name) for name in names.names):
        return True
    if names.is_complete:
        return _Rejected(case, identity, names.names[0], is_assumed=False)
    is_unread = case.inside is not None and not case.inside.lacks_image  # the internal registry has it, and decides
    is_copied = case.at is not None and case.at != reference and held is not case.inside and not is_unread
    if is_copied and not identity.accepts_repository(seen, reference.repository):
        return _Rejected(case, identity, str(reference), is_assumed=True)
    return False


def _finding(site: Site, rule: SignatureRule, own: list[_Rejected]) -> Finding:
    first = own[0]
    case, name = first.case, first.name
    images = listed(list(dict.fromkeys(str(one.case.demand.seen) for one in own)), _SHOWN)
    noun = "signature has" if len(own) == 1 else "signatures have"
    lead = f"Nodes of {', '.join(rule.pools)} pull {images}."
    if first.is_assumed:
        cause = f"The audit assumes that the {noun} the name of the source, {_repository(name)}, because it could not read it."
    else:
        cause = f"The {noun} {'the name' if len(own) == 1 else 'names such as'} {name}."
    effect = f"{rule.title} compares both names ({_shown(rule, first.identity)}), and the nodes reject the image."
    if _is_bare(name) and not first.is_assumed and not first.identity.ignores_tags:
        effect += " A name without a tag or digest never matches this way; `cosign sign` writes such names."
    facts: dict[str, Fact] = {
        "engine": rule.engine,
        "image": str(case.demand.seen),
        "signed": name,
        "match": first.identity.kind,
        "assumed": first.is_assumed,
    }
    return Finding(
        severity=max((severity_of(one.case) for one in own), key=(Severity.INFO, Severity.WARNING, Severity.ERROR).index),
        subject=Subject("policy", rule.title),
        parts=(
            Part(f"{lead} {cause}"),
            Part(effect, Role.EFFECT),
            Part(identity_error(rule, _repository(name) if first.is_assumed else name), Role.SYMPTOM),
        ),
        case=f"identity {first.identity.kind} {' '.join(first.prefixes)}",
        facts=facts,
        location=rule.location,
        remedies=tuple(_remedies(rule, first)),
        affects=of_pairs((str(one.case.demand.reference), pool) for one in own for pool in pools_of(site, one.case)),
    )


def _remedies(rule: SignatureRule, one: _Rejected) -> Iterator[Remedy]:
    """Yield the remedies that the rules of the node accept, the narrowest first."""
    seen, reference, name = one.case.demand.seen, one.case.demand.reference, one.name
    repository = _repository(name)
    remap = SignedIdentity("remapIdentity", one.prefixes)
    if repository == seen.repository:
        better = SignedIdentity("matchRepository")
    elif not one.is_assumed and remap.accepts(seen, name):
        better = remap
    else:
        better = SignedIdentity("exactRepository", (repository,))
    where = rule.title if better.kind != "exactRepository" else f"{rule.owner}, in an entry for {seen.repository} alone,"
    yield Remedy("edit", f"Set `{_written(rule, better)}` for {where.rstrip(',')}.")
    if seen != reference and (one.is_assumed or one.identity.accepts(reference, name)):
        text = f"Or name the image {reference} in the manifests, and let the nodes pull it by a mirror."
        yield Remedy("edit", text)
    yield Remedy("command", "Or sign the image again, with the name that nodes pull.", (_signing(one.case),))


def signed_name(case: SignatureCase) -> str:
    """Return the name that a signature needs so that the nodes accept it; empty if the engine compares no names."""
    if not case.rule.identities:
        return ""
    seen = case.demand.seen
    name = f"{seen.repository}@{seen.digest}" if seen.digest else str(seen)
    identity = case.rule.identities[0]
    if identity.kind == "exactReference":
        return identity.values[0]
    if identity.kind == "exactRepository":
        return f"{identity.values[0]}{name[len(seen.repository) :]}"
    if identity.kind == "remapIdentity":
        prefix, signed = identity.values
        is_below = seen.repository == prefix or seen.repository.startswith(f"{prefix}/")
        return signed + name[len(prefix) :] if is_below else name
    return name


def _signing(case: SignatureCase) -> str:
    """Return the command that signs an image on the internal registry with the name that nodes compare."""
    words = ["cosign", "sign", "--key", "cosign.key", "--tlog-upload=false", "--recursive"]
    return shlex.join([*words, "--sign-container-identity", signed_name(case), str(case.at or case.demand.reference)])


def _repository(name: str) -> str:
    """Return a name without its tag and digest."""
    name = name.partition("@")[0]
    head, colon, _ = name.rpartition(":")
    return head if colon and name.rfind(":") > name.rfind("/") else name


def _is_bare(name: str) -> bool:
    return _repository(name) == name


def _shown(rule: SignatureRule, identity: SignedIdentity) -> str:
    kind = _OPENSHIFT.get(identity.kind, identity.kind) if rule.engine == "openshift" else identity.kind
    return f"`{kind}`{''.join(f' {value}' for value in identity.values)}"


def _written(rule: SignatureRule, identity: SignedIdentity) -> str:
    """Return the setting as the policy spells it."""
    values = identity.values
    if rule.engine == "openshift":
        more = ""
        if identity.kind == "exactRepository":
            more = f", exactRepository: {{repository: {values[0]}}}"
        elif identity.kind == "remapIdentity":
            more = f", remapIdentity: {{prefix: {values[0]}, signedPrefix: {values[1]}}}"
        return f"signedIdentity: {{matchPolicy: {_OPENSHIFT[identity.kind]}{more}}}"
    fields = {"exactRepository": ("dockerRepository",), "remapIdentity": ("prefix", "signedPrefix")}.get(identity.kind, ())
    return f'"signedIdentity": {json.dumps({"type": identity.kind, **dict(zip(fields, values, strict=True))})}'
