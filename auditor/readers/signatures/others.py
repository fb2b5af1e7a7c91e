"""Connaisseur's configuration and Ratify's verifiers.

Fields: connaisseur charts/connaisseur/values.yaml and internal/policy/rule.go at v3.10.0; ratify config/samples at v1.4.0.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.located import Marked, NotStructured, load_marked
from auditor.readers.signatures.model import Attestor, SignatureForm, SignatureRule, UnreadPolicy
from auditor.readers.signatures.policy_fields import host_in, is_false, is_true, items, kms_flags, texts
from auditor.readers.workloads.manifests import Manifests

CONNAISSEUR, RATIFY = "connaisseur", "ratify"
Found = SignatureRule | UnreadPolicy
_TYPES = {"cosign": SignatureForm.SIG, "notation": SignatureForm.NOTATION}
_DENIES, _ACCEPTS = "deny", "approve"


def is_connaisseur(text: str) -> bool:
    """Return whether the value of a ConfigMap is Connaisseur's configuration."""
    return "validators:" in text and ("policy:" in text or "rules:" in text)


def connaisseur(source: Manifests, at: Marked, owner: str) -> Iterator[Found]:
    """Yield one rule for each policy entry of Connaisseur's configuration, the value `config.yaml` of a ConfigMap."""
    place = source.place(at)
    try:
        document = next(iter(load_marked(at.text.encode())), None)
    except NotStructured as error:
        yield UnreadPolicy(owner, place, f"its configuration cannot be read: {error}")
        return
    if document is None:
        return
    validators = {one.text_at("name"): one for one in items(document.get("validators"))}
    detects = is_true(document.get("features", "detectionMode"))
    for entry in items(document.get("policy")) or items(document.get("rules")):
        pattern, name = entry.text_at("pattern"), entry.text_at("validator") or "default"
        validator = validators.get(name)
        title = f"{owner}, pattern {pattern}"
        if validator is None:
            yield UnreadPolicy(title, place, f"its validator {name[:40]} is not defined")
            continue
        kind = validator.text_at("type")
        if kind == "static":
            approves = not is_false(validator.get(_ACCEPTS))
            yield SignatureRule(CONNAISSEUR, owner, place, (pattern,), (), rule=f"pattern {pattern}", denies=not approves)
            continue
        if kind not in {*_TYPES, "notaryv1"}:
            yield UnreadPolicy(title, place, f"the type {kind[:40]} of its validator {name[:40]} is unknown")
            continue
        yield SignatureRule(
            CONNAISSEUR,
            owner,
            place,
            (pattern,),
            (_TYPES[kind],) if kind in _TYPES else (),
            rule=f"pattern {pattern}",
            is_enforced=not detects,
            attestors=(_validator(validator, entry, kind),),
            names=(name,),
        )


def _validator(validator: Marked, entry: Marked, kind: str) -> Attestor:
    flags, hosts = {kind}, {}
    roots = items(validator.get("trustRoots"))
    flags.update("keyless" if one.get("keyless") is not None else "key" for one in roots)
    flags.update(flag for one in roots for flag in kms_flags(one.text_at("key")))
    if is_false(entry.get("with", "verifyInTransparencyLog")):
        flags.add("ignore-tlog")
    if is_false(entry.get("with", "verifySCT")):
        flags.add("ignore-sct")
    for flag, key in (("rekor-key", "rekorPubkey"), ("ct-key", "ctLogPubkey"), ("roots", "fulcioCert")):
        if validator.text_at("host", key):
            flags.add(flag)
    if host := host_in(validator.text_at("host", "rekor")) or validator.text_at("host", "rekor"):
        hosts["rekor"] = host
    if kind == "notaryv1":
        host = validator.text_at("host") or "notary.docker.io"
        hosts["notary"] = host_in(host) or host
    return Attestor(validator.text_at("name"), frozenset(flags), hosts)


def ratify_verifier(source: Manifests, item: Marked, owner: str, constraints: tuple[Marked, ...]) -> Iterator[Found]:
    """Yield the demand of a Ratify Verifier or NamespacedVerifier, for the namespaces of the Gatekeeper constraints."""
    place, kind = source.place(item), item.text_at("spec", "name") or item.text_at("spec", "type")
    kind = item.text_at("spec", "type") or kind
    forms = {"notation": (SignatureForm.NOTATION,), "cosign": (SignatureForm.SIG, SignatureForm.COSIGN)}.get(kind)
    if forms is None:
        yield UnreadPolicy(owner, place, f"what its verifier {kind[:40] or 'without a type'} needs is unknown")
        return
    flags = {kind, "key"}
    for one in items(item.get("spec", "parameters", "trustPolicies")):
        if one.get("keyless") is not None:
            flags.add("keyless")
        if is_false(one.get("tLogVerify")):
            flags.add("ignore-tlog")
        if is_false(one.get("keyless", "ctLogVerify")):
            flags.add("ignore-sct")
    namespaces = [name for one in constraints for name in texts(one.get("spec", "match", "namespaces"))]
    is_open = any(not texts(one.get("spec", "match", "namespaces")) for one in constraints)
    actions = {one.text_at("spec", "enforcementAction") or _DENIES for one in constraints}
    yield SignatureRule(
        RATIFY,
        owner,
        place,
        ("**",),
        forms,
        namespaces=() if is_open else tuple(dict.fromkeys(namespaces)),
        excluded_namespaces=tuple(
            name for one in constraints for name in texts(one.get("spec", "match", "excludedNamespaces"))
        ),
        is_enforced=_DENIES in actions or not constraints,
        attestors=(Attestor(item.text_at("metadata", "name"), frozenset(flags), {}, place),),
        doubt="" if constraints else "no manifest has a Gatekeeper constraint RatifyVerification, which makes Ratify decide",
        names=(item.text_at("metadata", "name"),),
    )
