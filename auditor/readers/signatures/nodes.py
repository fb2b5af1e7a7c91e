"""What nodes verify when they pull: OpenShift's image policies, `policy.json` of containers/image, and containerd's verifiers.

Fields: openshift/api config/v1/types_image_policy.go; containers/image docs/containers-policy.json.5.md and
docs/containers-registries.d.5.md; containerd docs/image-verification.md.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

from auditor.errors import Location
from auditor.facts import table
from auditor.facts.versions import Answer, Versioned
from auditor.located import Marked
from auditor.plan.model import Plan, Pool
from auditor.plan.plan_paths import is_inside, normal, shown_path
from auditor.readers.node_config.marked_toml import load_toml
from auditor.readers.node_config.model import Unreadable
from auditor.readers.signatures.identity import SignedIdentity, of_openshift, of_policy_json
from auditor.readers.signatures.model import Attestor, SignatureForm, SignatureRule, UnreadPolicy
from auditor.readers.signatures.policy_fields import items, texts
from auditor.readers.workloads.manifests import Manifests

OPENSHIFT, NODES = "openshift", "containers-image"
_VERIFIER = "io.containerd.image-verifier.v1.bindir"
_MAX_POLICY = 4 * 1024 * 1024
_REQUIREMENTS = frozenset({"insecureAcceptAnything", "reject", "signedBy", "sigstoreSigned"})
# What a `sigstoreSigned` verifies with, and its flag in facts/signature_contacts.yaml.
_SOURCES = {
    "keyPath": "key",
    "keyPaths": "key",
    "keyData": "key",
    "keyDatas": "key",
    "fulcio": "keyless",
    "pki": "certificate",
}
Found = SignatureRule | UnreadPolicy


def image_policy(source: Manifests, item: Marked, owner: str, pools: tuple[str, ...]) -> Iterator[Found]:
    """Yield the demand of OpenShift's ClusterImagePolicy or ImagePolicy."""
    place, scopes = source.place(item), texts(item.get("spec", "scopes"))
    root = item.text_at("spec", "policy", "rootOfTrust", "policyType")
    if not scopes:
        yield UnreadPolicy(owner, place, "it names no scopes")
        return
    known = {"PublicKey": "key", "FulcioCAWithRekor": "keyless", "PKI": "certificate"}
    if root not in known:
        yield UnreadPolicy(owner, place, f"its root of trust {root[:40] or 'is missing'} is unknown")
        return
    stated = ("spec", "policy", "signedIdentity")
    remap = ("remapIdentity", "prefix"), ("remapIdentity", "signedPrefix")
    fields = (("matchPolicy",), ("exactRepository", "repository"), *remap)
    identity = of_openshift(*(item.text_at(*stated, *field) for field in fields))
    if identity.invalid:
        yield UnreadPolicy(owner, place, f"{identity.invalid}: the API server rejects it", is_unsupported=False)
    namespace = item.text_at("metadata", "namespace") or source.namespace
    yield SignatureRule(
        OPENSHIFT,
        owner,
        place,
        scopes,
        (SignatureForm.SIG,),
        namespaces=(namespace or "default",) if item.text_at("kind") == "ImagePolicy" else (),
        attestors=(Attestor(root, frozenset({known[root]}), {}, place),),
        per_platform=True,
        pools=pools,
        identities=() if identity.invalid else (identity,),
    )


def node_policies(plan: Plan) -> Iterator[Found]:
    """Yield the demands of `policy.json` and of containerd's verifiers among the configuration files of each pool."""
    for pool in plan.pools:
        names = [normal(name) for name in pool.config]
        paths = [path for path in plan.files if any(is_inside(path, name) for name in names)]
        for path in paths:
            data = plan.files[path]
            if is_policy(data):
                yield from _policy_json(plan, pool, path, data)
            elif _VERIFIER.encode() in data:
                yield from _verifier(plan, pool, path, data)


class BuiltInPolicy(Versioned, frozen=True, kw_only=True):
    """A policy that a distribution deploys itself, for the images in these scopes."""

    distribution: str
    name: str
    scopes: tuple[str, ...]


def built_in(plan: Plan) -> Iterator[Found]:
    """Yield the demands of the policies that the plan's distribution deploys itself."""
    cluster = plan.cluster
    if cluster is None:
        return
    rows: tuple[BuiltInPolicy, ...] = table("built_in_policies", BuiltInPolicy)
    for row in rows:
        answer = row.covers(cluster.version) if row.distribution == cluster.distribution else Answer.NO
        if answer is Answer.NO:
            continue
        linux = tuple(pool.name for pool in plan.pools if not pool.is_windows)
        doubt = "" if answer is Answer.YES else f"the facts cover {row.distribution} up to {row.verified_through}"
        attestor = Attestor(row.name, frozenset({"key"}), {}, cluster.location)
        yield SignatureRule(
            OPENSHIFT,
            f"{row.name} of {cluster.distribution} {cluster.version}",
            cluster.location,
            row.scopes,
            (SignatureForm.SIG,),
            attestors=(attestor,),
            doubt=doubt,
            per_platform=True,
            pools=linux,
            identities=(SignedIdentity(),),
        )


def is_policy(data: bytes) -> bool:
    """Return whether a file is a `policy.json` of containers/image."""
    start = data.lstrip()[:1]
    named = ("transports", *_REQUIREMENTS)
    return start == b"{" and b'"default"' in data and any(f'"{name}"'.encode() in data for name in named)


def _policy_json(plan: Plan, pool: Pool, path: str, data: bytes) -> Iterator[Found]:
    place = Location(shown_path(plan.path, path), 1)
    owner = f"{place.file} of pool {pool.name}"
    try:
        document = json.loads(data) if len(data) <= _MAX_POLICY else None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        yield UnreadPolicy(
            owner, place, "it is not valid JSON: CRI-O, podman and skopeo then reject every pull", is_unsupported=False
        )
        return
    docker = document.get("transports", {}).get("docker", {}) if isinstance(document.get("transports"), dict) else {}
    scopes: dict[str, Any] = dict(docker) if isinstance(docker, dict) else {}
    scopes.setdefault("", document.get("default"))
    for scope, requirements in scopes.items():
        yield from _scope(pool, place, owner, scope, requirements)


def _scope(pool: Pool, place: Location, owner: str, scope: str, requirements: Any) -> Iterator[Found]:  # noqa: ANN401 - a JSON value
    listed = requirements if isinstance(requirements, list) else []
    kinds = [one.get("type") if isinstance(one, dict) else None for one in listed]
    title = f"{owner}, scope {scope or 'default'}"
    if not kinds or not all(isinstance(kind, str) for kind in kinds):
        yield UnreadPolicy(title, place, "it is not a list of requirements")
        return
    unknown = next((kind for kind in kinds if kind not in _REQUIREMENTS), None)
    if unknown is not None:
        yield UnreadPolicy(title, place, f"its requirement {unknown!s:.40} is unknown, so the node rejects the whole file")
        return
    denies = "reject" in kinds
    if "signedBy" in kinds and not denies:
        yield UnreadPolicy(title, place, "signedBy reads signatures from a lookaside server, which the audit does not contact")
    signed = [] if denies else [one for one in listed if one.get("type") == "sigstoreSigned"]
    identities = tuple(of_policy_json(one.get("signedIdentity")) for one in signed)
    for identity in identities:
        if identity.invalid:
            yield UnreadPolicy(title, place, f"{identity.invalid}, so the node rejects the whole file", is_unsupported=False)
    sources = [[name for name in _SOURCES if name in one] for one in signed]
    if any(len(own) != 1 for own in sources):
        why = f"sigstoreSigned needs exactly one of {', '.join(_SOURCES)}, so the node rejects the whole file"
        yield UnreadPolicy(title, place, why, is_unsupported=False)
    attestors = tuple(
        Attestor(scope or "default", frozenset({_SOURCES[name]}), {}, place)
        for name in dict.fromkeys(itertools.chain(*sources))
    )
    # A scope without a demand is kept: it hides the more general ones.
    yield SignatureRule(
        NODES,
        owner,
        place,
        (scope,),
        (SignatureForm.SIG,) if signed else (),
        attestors=attestors or (Attestor(scope or "default", frozenset({"key"}), {}, place),),
        per_platform=True,
        pools=(pool.name,),
        rule=f"scope {scope or 'default'}",
        denies=denies,
        identities=tuple(identity for identity in identities if not identity.invalid),
    )


def _verifier(plan: Plan, pool: Pool, path: str, data: bytes) -> Iterator[Found]:
    file = shown_path(plan.path, path)
    try:
        toml = load_toml(data)
    except Unreadable:
        return  # the reader of node configuration reports it
    found = toml.get("plugins", _VERIFIER)
    if not isinstance(found, dict):
        return
    folder = str(found.get("bin_dir") or "/opt/containerd/image-verifier/bin")
    place = Location(file, toml.line("plugins", _VERIFIER))
    owner = f"image verifiers of containerd on pool {pool.name}"
    why = f"containerd runs every program in {folder} before it pulls, and what those programs demand is unknown"
    yield UnreadPolicy(owner, place, why)


def attachments_read(plan: Plan, pool: Pool) -> bool | None:
    """Return whether the files of `registries.d` of a pool switch sigstore attachments on; None without such files."""
    names = [normal(name) for name in pool.config]
    stated: list[bool] = []
    for path, data in plan.files.items():
        if b"use-sigstore-attachments" in data and any(is_inside(path, name) for name in names):
            stated.append(any(b"true" in line for line in data.splitlines() if b"use-sigstore-attachments" in line))
    return any(stated) if stated else None


__all__ = ["NODES", "OPENSHIFT", "attachments_read", "built_in", "image_policy", "is_policy", "items", "node_policies"]
