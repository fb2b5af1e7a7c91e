"""Sigstore's policy-controller: ClusterImagePolicy of the group policy.sigstore.dev.

Fields: policy-controller pkg/apis/policy/v1beta1/clusterimagepolicy_types.go and pkg/webhook/validator.go at v0.15.1.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.located import Marked
from auditor.readers.signatures.model import Attestor, SignatureForm, SignatureRule, UnreadPolicy
from auditor.readers.signatures.policy_fields import host_in, is_true, items, kms_flags, texts
from auditor.readers.workloads.manifests import Manifests

POLICY_CONTROLLER = "policy-controller"
LABEL = "policy.sigstore.dev/include"


def cluster_image_policy(
    source: Manifests, item: Marked, owner: str, labelled: frozenset[str]
) -> Iterator[SignatureRule | UnreadPolicy]:
    """Yield the demands of a ClusterImagePolicy. `labelled` are the plan's namespaces with the label that opts in."""
    spec, place = item.get("spec"), source.place(item)
    patterns = tuple(
        one.text_at("glob") for one in items(spec.get("images") if spec is not None else None) if one.text_at("glob")
    )
    authorities = items(spec.get("authorities")) if spec is not None else []
    if not patterns:
        yield UnreadPolicy(owner, place, "it names no images")
        return
    if any(one.get("static") is not None for one in authorities):
        if all(one.text_at("static", "action") == "pass" for one in authorities if one.get("static") is not None):
            return  # one authority that always passes is enough
        yield UnreadPolicy(owner, place, "it rejects images without looking at signatures")
        return
    # One valid authority is enough, so that the forms of all of them count.
    signing = [one for one in authorities if not items(one.get("attestations"))]
    attesting = [one for one in authorities if items(one.get("attestations"))]
    for chosen, is_attestation in ((signing, False), (attesting, True)):
        if not chosen or (is_attestation and signing):
            continue
        names = tuple(one.text_at("name") or f"authority-{authorities.index(one)}" for one in chosen)
        forms = tuple(dict.fromkeys(_form(one, is_attestation=is_attestation) for one in chosen))
        yield SignatureRule(
            POLICY_CONTROLLER,
            owner,
            place,
            patterns,
            forms,
            namespaces=tuple(sorted(labelled)),
            is_enforced=item.text_at("spec", "mode") != "warn",
            is_attestation=is_attestation,
            attestors=tuple(_attestor(source, one, name) for one, name in zip(chosen, names, strict=True)),
            repository=next((found for one in chosen for found in _repositories(one)), ""),
            doubt=_doubt(spec, labelled),
            names=names,
            any_attestor=len(chosen) > 1,
        )


def _doubt(spec: Marked | None, labelled: frozenset[str]) -> str:
    if spec is not None and items(spec.get("match")):
        return "the policy selects objects by their kind or labels"
    return "" if labelled else f"policy-controller only checks namespaces with the label {LABEL}=true, and no manifest sets it"


def _form(authority: Marked, *, is_attestation: bool) -> SignatureForm:
    if authority.text_at("signatureFormat") == "bundle":
        return SignatureForm.BUNDLE
    return SignatureForm.ATT if is_attestation else SignatureForm.SIG


def _repositories(authority: Marked) -> Iterator[str]:
    for one in items(authority.get("source")):
        if one.text_at("oci"):
            yield one.text_at("oci")


def _attestor(source: Manifests, authority: Marked, name: str) -> Attestor:
    flags: set[str] = set()
    hosts: dict[str, str] = {}
    flags.update(key for key in ("key", "keyless") if authority.get(key) is not None)
    flags.update(kms_flags(authority.text_at("key", "kms")))
    if authority.text_at("signatureFormat") == "bundle":
        flags.add("bundle")
    if authority.get("ctlog") is not None:
        flags.add("tlog")
    if authority.text_at("keyless", "trustRootRef"):
        flags.add("trust-root")
    if authority.text_at("ctlog", "trustRootRef"):
        flags.add("tlog-trust-root")
    if authority.get("rfc3161timestamp") is not None:
        flags.add("timestamp")
    if is_true(authority.get("keyless", "insecureIgnoreSCT")):
        flags.add("ignore-sct")
    if authority.get("keyless", "ca-cert") is not None:
        flags.add("roots")
    if host := host_in(authority.text_at("ctlog", "url")):
        hosts["rekor"] = host
    if host := host_in(authority.text_at("keyless", "url")):
        hosts["fulcio"] = host
    return Attestor(name, frozenset(flags), hosts, source.place(authority))


def labelled_namespace(item: Marked) -> str:
    """Return the name of a Namespace that opts in to policy-controller; else an empty string."""
    labels = item.get("metadata", "labels")
    chosen = labels.get(LABEL) if labels is not None else None
    return item.text_at("metadata", "name") if "true" in texts(chosen) else ""
