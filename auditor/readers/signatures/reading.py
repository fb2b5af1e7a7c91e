"""Find every signature policy of a plan: in manifests, rendered charts and the configuration files of nodes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from auditor.errors import unexpected
from auditor.facts import Fact, table
from auditor.located import Marked
from auditor.oci.reference import InvalidReference, parse_reference
from auditor.plan.model import Plan
from auditor.readers.signatures import kyverno, nodes, others, policy_controller
from auditor.readers.signatures.model import Engine, NamedImage, SignaturePolicies, SignatureRule, UnreadPolicy
from auditor.readers.workloads.manifests import Manifests, is_object, items_of
from auditor.readers.workloads.plan_files import sources_of
from auditor.readers.workloads.plan_releases import plan_releases, release_sources
from auditor.readers.workloads.pod_kinds import group_of
from auditor.readers.workloads.pod_specs import containers_of, pod_specs

MAX_RULES = 5_000
MAX_PODS = 200_000
_CONNAISSEUR = b"validators:"
_CONSTRAINT = "RatifyVerification"
# The program in an image's path, by engine.
_PROGRAMS = {
    "kyverno/kyverno": "kyverno",
    "sigstore/policy-controller": "policy-controller",
    "policy-controller/policy-webhook": "policy-controller",
    "policy-controller/policy-controller": "policy-controller",
    "securesystemsengineering/connaisseur": "connaisseur",
    "ratify-project/ratify": "ratify",
    "deislabs/ratify": "ratify",
}
Found = SignatureRule | UnreadPolicy
Files = list[tuple[Manifests, bytes]]


class PolicyKind(Fact, frozen=True, kw_only=True):
    """Kinds of one API group that demand signatures, and the reader for them."""

    group: str
    kinds: tuple[str, ...]
    reader: str = ""
    mark: str = ""


@cache
def _kinds() -> dict[tuple[str, str], PolicyKind]:
    rows: tuple[PolicyKind, ...] = table("signature_policies", PolicyKind)
    return {(row.group, kind): row for row in rows for kind in row.kinds}


@dataclass
class _Objects:
    """The objects of the plan that concern signatures."""

    policies: list[tuple[PolicyKind, Manifests, Marked]] = field(default_factory=list)
    settings: list[tuple[Manifests, Marked, str]] = field(default_factory=list)  # values of ConfigMaps
    constraints: list[Marked] = field(default_factory=list)
    labelled: set[str] = field(default_factory=set)
    unreadable: list[UnreadPolicy] = field(default_factory=list)


def signature_policies(plan: Plan) -> SignaturePolicies:
    """Return every policy of the plan that demands signatures. Unreadable files are reported by the readers of images."""
    files = [pair for number, workload in enumerate(plan.workloads) for pair in sources_of(plan, number, workload)]
    if files:
        files += release_sources(plan, plan_releases(plan))
    found = _Objects()
    for source, data in files:
        if any(mark in data for mark in _marks()):
            for item in items_of(source, data):
                if isinstance(item, Marked):
                    _note(found, source, item)
                elif item.error:
                    why = f"it may have a policy about signatures, and cannot be read: {item.error}"
                    found.unreadable.append(UnreadPolicy(source.file, item.location, why, is_unsupported=False))
    rules: list[Found] = [*nodes.node_policies(plan), *nodes.built_in(plan), *found.unreadable]
    for kind, source, item in found.policies:
        rules.extend(_guarded(source, item, _read(plan, found, kind, source, item)))
    for source, at, owner in found.settings:
        rules.extend(others.connaisseur(source, at, owner))
    if not rules:
        return SignaturePolicies()
    if len(rules) > MAX_RULES:
        extra = UnreadPolicy("policies", plan.where("workloads"), f"there are more than {MAX_RULES:,} demands")
        rules = [*rules[:MAX_RULES], extra]
    pods, engines = _pods(files)
    return SignaturePolicies(
        tuple(one for one in rules if isinstance(one, SignatureRule)),
        tuple(one for one in rules if isinstance(one, UnreadPolicy)),
        pods,
        engines,
    )


@cache
def _marks() -> tuple[bytes, ...]:
    """Return texts. A file with policies has at least one of them."""
    groups = {group.encode() for group, _ in _kinds()}
    return (*sorted(groups), _CONNAISSEUR, _CONSTRAINT.encode(), policy_controller.LABEL.encode())


def _note(found: _Objects, source: Manifests, item: Marked) -> None:
    if not is_object(item):
        return
    kind, group = item.text_at("kind"), group_of(item)
    row = _kinds().get((group, kind)) or _kinds().get((group, "*"))
    if row is not None and row.reader != "none" and (not row.mark or _mentions(item, row.mark)):
        found.policies.append((row, source, item))
    elif kind == _CONSTRAINT:
        found.constraints.append(item)
    elif kind == "Namespace" and not group:
        found.labelled |= {name for name in (policy_controller.labelled_namespace(item),) if name}
    elif kind == "ConfigMap" and not group:
        data = item.get("data")
        for key, value in data.items() if data is not None else ():
            if key == "config.yaml" and others.is_connaisseur(value.text):
                found.settings.append((source, value, _owner(source, item)))


def _mentions(item: Marked, mark: str) -> bool:
    """Return whether a key or a text of an object contains the mark."""
    waiting = [item]
    while waiting:
        here = waiting.pop()
        if mark in here.text:
            return True
        for key, value in here.items():
            if mark in key:
                return True
            waiting.append(value)
        waiting.extend(here.list)
    return False


def _owner(source: Manifests, item: Marked) -> str:
    namespace = item.text_at("metadata", "namespace") or source.namespace
    return f"{item.text_at('kind')} {f'{namespace}/' if namespace else ''}{item.text_at('metadata', 'name')}"


def _read(plan: Plan, found: _Objects, kind: PolicyKind, source: Manifests, item: Marked) -> Iterator[Found]:
    owner = _owner(source, item)
    match kind.reader:
        case "kyverno":
            yield from kyverno.verify_images(source, item, owner)
        case "kyverno-ivpol":
            yield from kyverno.image_validating(source, item, owner)
        case "policy-controller":
            yield from policy_controller.cluster_image_policy(source, item, owner, frozenset(found.labelled))
        case "openshift":
            linux = tuple(pool.name for pool in plan.pools if not pool.is_windows)
            yield from nodes.image_policy(source, item, owner, linux)
        case "ratify":
            yield from others.ratify_verifier(source, item, owner, tuple(found.constraints))
        case _:
            qualified = f"{item.text_at('kind')}.{kind.group}"
            yield UnreadPolicy(owner, source.place(item), f"which signatures the kind {qualified} demands is not evaluated")


def _guarded(source: Manifests, item: Marked, rules: Iterator[Found]) -> Iterator[Found]:
    """Yield the demands of one policy. An unexpected exception concerns only this policy."""
    try:
        yield from rules
    except Exception as error:  # noqa: BLE001 - one policy must not end the audit
        why = unexpected(f"reading {_owner(source, item)}", error)
        yield UnreadPolicy(_owner(source, item), source.place(item), why)


def _pods(files: Files) -> tuple[tuple[NamedImage, ...], tuple[Engine, ...]]:
    """Return the images of all pods with their namespaces, and the policy engines among them."""
    pods: dict[NamedImage, None] = {}
    engines: dict[Engine, None] = {}
    for source, data in files:
        for item in items_of(source, data):
            if not isinstance(item, Marked) or not is_object(item):
                continue
            namespace = item.text_at("metadata", "namespace") or source.namespace or "default"
            for container in (one for spec in pod_specs(item) for one in containers_of(spec)):
                image = container.get("image")
                if image is None or not image.text or len(pods) >= MAX_PODS:
                    continue
                try:
                    reference = parse_reference(image.text)
                except InvalidReference:
                    continue  # reported by the checks of workloads
                pods[NamedImage(image.text, namespace, reference, source.place(image))] = None
                name = next((engine for path, engine in _PROGRAMS.items() if reference.path.endswith(path)), "")
                if name:
                    arguments = tuple(one.text for key in ("command", "args") for one in _listed(container, key))
                    engines[Engine(name, reference.tag if reference.explicit_tag else "", arguments)] = None
    return tuple(pods), tuple(engines)


def _listed(container: Marked, key: str) -> list[Marked]:
    found = container.get(key)
    return found.list if found is not None else []
