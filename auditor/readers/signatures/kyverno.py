"""Kyverno policies: `verifyImages` rules of ClusterPolicy and Policy, and ImageValidatingPolicy.

Fields: kyverno api/kyverno/v1/image_verification_types.go and kyverno/api policies.kyverno.io, read at v1.19.0.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.located import Marked
from auditor.readers.signatures.model import Attestor, SignatureForm, SignatureRule, UnreadPolicy
from auditor.readers.signatures.policy_fields import host_in, is_false, is_true, items, kms_flags, texts
from auditor.readers.workloads.manifests import Manifests

Found = SignatureRule | UnreadPolicy
_MAX_NESTED = 4
_NOTARY = "it verifies referrers that have signatures of Notation themselves, which the audit does not collect"
KYVERNO, IVPOL = "kyverno", "kyverno-ivpol"


def verify_images(source: Manifests, item: Marked, owner: str) -> Iterator[Found]:
    """Yield the demands of each `verifyImages` rule of a ClusterPolicy or a Policy."""
    spec = item.get("spec")
    rules = spec.get("rules") if spec is not None else None
    namespace = item.text_at("metadata", "namespace") or source.namespace
    own = (namespace or "default",) if item.text_at("kind") == "Policy" else ()
    for rule in rules.list if rules is not None else ():
        verify = rule.get("verifyImages")
        if verify is not None and not isinstance(verify.value, list):
            yield UnreadPolicy(f"{owner}, rule {rule.text_at('name')}", source.place(verify), "its verifyImages is not a list")
        for entry in verify.list if verify is not None else ():
            yield from _entry(source, item, rule, entry, owner, own)


def _entry(source: Manifests, item: Marked, rule: Marked, entry: Marked, owner: str, own: tuple[str, ...]) -> Iterator[Found]:
    place = source.place(entry)
    patterns = texts(entry.get("imageReferences")) or texts(entry.get("image"))
    if any("{{" in pattern for pattern in patterns) or not patterns:
        why = "its image references are variables" if patterns else "it names no image references"
        yield UnreadPolicy(f"{owner}, rule {rule.text_at('name')}", place, why)
        return
    action = entry.text_at("failureAction") or item.text_at("spec", "validationFailureAction") or "Audit"
    kind = entry.text_at("type") or "Cosign"
    if kind not in {"Cosign", "Notary", "SigstoreBundle"}:
        yield UnreadPolicy(f"{owner}, rule {rule.text_at('name')}", place, f"its type {kind[:40]} is unknown")
        return
    for why in _uncounted(entry):
        yield UnreadPolicy(f"{owner}, rule {rule.text_at('name')}", place, why)
    included, excluded, doubt = _namespaces(rule)
    demands = [(tuple(_attestors(source, entry, kind)), False)] if _has_attestors(entry) else []
    attestations = entry.get("attestations")
    for number, one in enumerate(attestations.list if attestations is not None else ()):
        demands.append((tuple(_attestors(source, one, kind, f".attestations[{number}]")), True))
    for attestors, is_attestation in demands:
        if is_attestation and kind == "Notary":
            yield UnreadPolicy(f"{owner}, rule {rule.text_at('name')}", place, _NOTARY)
            continue
        yield SignatureRule(
            KYVERNO,
            owner,
            place,
            patterns,
            _forms(kind, entry, is_attestation=is_attestation),
            f"rule {rule.text_at('name')}",
            texts(entry.get("skipImageReferences")),
            own or included,
            excluded,
            action.lower() == "enforce",
            is_attestation,
            attestors,
            entry.text_at("repository"),
            doubt,
            names=(attestors[0].name if attestors else "",),
            any_attestor=_is_any(entry),
        )


def _is_any(entry: Marked) -> bool:
    """Return whether one attestor is enough: a single set with `count: 1`."""
    sets = items(entry.get("attestors"))
    return len(sets) == 1 and sets[0].text_at("count") == "1"


def _uncounted(entry: Marked) -> Iterator[str]:
    """Yield what an entry demands beyond one signature, which no evidence shows."""
    sets = items(entry.get("attestors"))
    if len(sets) > 1 or any(len(items(one.get("entries"))) > 1 and one.text_at("count") != "1" for one in sets):
        yield "it demands signatures of several attestors, and the audit does not compare signatures with keys"
    if is_false(entry.get("mutateDigest")) and not is_false(entry.get("verifyDigest")):
        yield "with mutateDigest: false, Kyverno rejects images without a digest, which the audit does not evaluate"


def _forms(kind: str, entry: Marked, *, is_attestation: bool) -> tuple[SignatureForm, ...]:
    if kind == "Notary":
        return (SignatureForm.NOTATION,)
    if kind == "SigstoreBundle":
        return (SignatureForm.BUNDLE,)
    if is_attestation:
        return (SignatureForm.ATT,)
    return (SignatureForm.SIG, SignatureForm.COSIGN) if is_true(entry.get("cosignOCI11")) else (SignatureForm.SIG,)


def _has_attestors(entry: Marked) -> bool:
    return any(entry.get(key) is not None for key in ("attestors", "key", "issuer", "subject", "roots"))


def _attestors(source: Manifests, entry: Marked, kind: str, base: str = "") -> Iterator[Attestor]:
    """Yield every attestor, nested ones too. The fields `key`, `roots`, `subject` and `issuer` of old policies are one each."""
    if entry.get("key") is not None:
        yield Attestor(
            ".attestors[0].entries[0].keys", frozenset({"key", *kms_flags(entry.text_at("key"))}), {}, source.place(entry)
        )
    elif any(entry.get(key) is not None for key in ("issuer", "subject", "roots")):
        flags = frozenset({"keyless", *(("roots",) if entry.get("roots") is not None else ())})
        yield Attestor(".attestors[0].entries[0].keyless", flags, {}, source.place(entry))
    sets = entry.get("attestors")
    waiting = [(f"{base}.attestors[{at}]", one, 0) for at, one in enumerate(sets.list if sets is not None else ())]
    while waiting:
        path, one, depth = waiting.pop(0)
        entries = one.get("entries")
        for number, inner in enumerate(entries.list if entries is not None else ()):
            here = f"{path}.entries[{number}]"
            if (nested := inner.get("attestor")) is not None and depth < _MAX_NESTED:
                waiting.append((f"{here}.attestor", nested, depth + 1))
                continue
            for name in ("keys", "certificates", "keyless"):
                if (stated := inner.get(name)) is not None:
                    yield _attestor(source, f"{here}.{name}", name, stated, kind)


def _attestor(source: Manifests, path: str, name: str, stated: Marked, kind: str) -> Attestor:
    flags = {"keys": "key", "certificates": "certificate"}.get(name, name)
    found, hosts = {flags}, {}
    if kind == "Notary":
        return Attestor(path, frozenset({"notary"}), {}, source.place(stated))
    if kind == "SigstoreBundle":
        found.add("bundle")
    found.update(kms_flags(stated.text_at("kms") or stated.text_at("publicKeys")))
    if is_true(stated.get("rekor", "ignoreTlog")):
        found.add("ignore-tlog")
    if stated.text_at("rekor", "pubkey").strip():
        found.add("rekor-key")
    if is_true(stated.get("ctlog", "ignoreSCT")):
        found.add("ignore-sct")
    if stated.text_at("ctlog", "pubkey").strip():
        found.add("ct-key")
    if stated.text_at("roots").strip() or stated.text_at("certChain").strip():
        found.add("roots")
    if host := host_in(stated.text_at("rekor", "url")):
        hosts["rekor"] = host
    return Attestor(path, frozenset(found), hosts, source.place(stated))


def _namespaces(rule: Marked) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """Return the patterns of included and excluded namespaces of a rule, and why its scope is unknown."""
    doubts: list[str] = []
    included = _blocks(rule.get("match"), doubts)
    excluded_doubts: list[str] = []
    excluded = _blocks(rule.get("exclude"), excluded_doubts)
    conditions = [key for key in ("preconditions", "celPreconditions") if rule.get(key) is not None]
    if conditions:
        doubts.append(f"the rule has {conditions[0]}")
    if excluded_doubts and rule.get("exclude") is not None:
        doubts.append("the rule excludes objects by other fields than their namespace")
        excluded = ()
    return included, excluded, doubts[0] if doubts else ""


def _blocks(block: Marked | None, doubts: list[str]) -> tuple[str, ...]:
    """Return the namespaces of a `match` or `exclude` block; empty if one of its filters names none."""
    if block is None:
        return ()
    filters = [one for key in ("any", "all") if (listed := block.get(key)) is not None for one in listed.list] or [block]
    found: list[str] = []
    is_open = False
    for one in filters:
        resources = one.get("resources")
        names = texts(resources.get("namespaces")) if resources is not None else ()
        is_open |= not names
        found += names
        other = [
            key for key in ("names", "name", "selector", "namespaceSelector", "annotations") if resources and resources.get(key)
        ]
        other += [key for key in ("subjects", "roles", "clusterRoles") if one.get(key) is not None]
        if other:
            doubts.append(f"the rule selects objects by {other[0]}")
    return () if is_open else tuple(dict.fromkeys(found))


def image_validating(source: Manifests, item: Marked, owner: str) -> Iterator[Found]:
    """Yield the demands of an ImageValidatingPolicy: one for signatures, one for attestations."""
    spec, place = item.get("spec"), source.place(item)
    if spec is None:
        yield UnreadPolicy(owner, place, "it has no spec")
        return
    matches = spec.get("matchImageReferences")
    listed = matches.list if matches is not None else []
    if any(one.get("expression") is not None for one in listed):
        yield UnreadPolicy(owner, place, "it selects images by CEL expressions")
        return
    patterns = tuple(one.text_at("glob") for one in listed if one.text_at("glob")) or ("**",)
    attestors = tuple(_ivpol_attestors(source, spec))
    actions = {action.lower() for action in texts(spec.get("validationActions"))}
    forms = tuple(
        form
        for form in (SignatureForm.SIG, SignatureForm.BUNDLE, SignatureForm.NOTATION)
        if ("notary" if form is SignatureForm.NOTATION else "cosign") in {flag for one in attestors for flag in one.flags}
    )
    text = " ".join(_expressions(spec))
    is_own = item.text_at("kind").startswith("Namespaced")
    own = (item.text_at("metadata", "namespace") or source.namespace or "default",) if is_own else ()
    doubt = _ivpol_doubt(spec)
    for function, is_attestation in (("verifyImageSignatures", False), ("verifyAttestationSignatures", True)):
        if function not in text:
            continue
        if is_attestation and forms == (SignatureForm.NOTATION,):
            yield UnreadPolicy(owner, place, _NOTARY)
            continue
        wanted = tuple(SignatureForm.ATT if form is SignatureForm.SIG and is_attestation else form for form in forms)
        yield SignatureRule(
            IVPOL,
            owner,
            place,
            patterns,
            wanted or (SignatureForm.SIG, SignatureForm.BUNDLE),
            namespaces=own,
            is_enforced=not actions or "deny" in actions,
            is_attestation=is_attestation,
            attestors=attestors,
            repository=next((one for one in _repositories(spec) if one), ""),
            doubt=doubt,
            names=(attestors[0].name if attestors else "",),
        )


def _expressions(spec: Marked) -> Iterator[str]:
    for key in ("validations", "variables"):
        listed = spec.get(key)
        for one in listed.list if listed is not None else ():
            yield one.text_at("expression")


def _ivpol_doubt(spec: Marked) -> str:
    for path in (("matchConditions",), ("matchConstraints", "namespaceSelector"), ("matchConstraints", "objectSelector")):
        found = spec.get(*path)
        if found is not None and (found.list or found.mapping):
            return f"the policy selects objects by {path[-1]}"
    return ""


def _repositories(spec: Marked) -> Iterator[str]:
    attestors = spec.get("attestors")
    for one in attestors.list if attestors is not None else ():
        yield one.text_at("cosign", "source", "repository")


def _ivpol_attestors(source: Manifests, spec: Marked) -> Iterator[Attestor]:
    attestors = spec.get("attestors")
    for one in attestors.list if attestors is not None else ():
        name = one.text_at("name")
        if one.get("notary") is not None:
            yield Attestor(name, frozenset({"notary"}), {}, source.place(one))
        if (cosign := one.get("cosign")) is None:
            continue
        flags, hosts = {"cosign"}, {}
        flags.update(key for key in ("key", "keyless", "certificate") if cosign.get(key) is not None)
        flags.update(kms_flags(cosign.text_at("key", "kms")))
        settings = {
            "ignore-tlog": ("ctlog", "insecureIgnoreTlog"),
            "ignore-sct": ("ctlog", "insecureIgnoreSCT"),
        }
        flags.update(flag for flag, path in settings.items() if is_true(cosign.get(*path)))
        if host := host_in(cosign.text_at("tuf", "mirror")):
            hosts["tuf"] = host
        if host := host_in(cosign.text_at("ctlog", "url")):
            hosts["rekor"] = host
        yield Attestor(name, frozenset(flags), hosts, source.place(one))
