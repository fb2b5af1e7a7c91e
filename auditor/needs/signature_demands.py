"""Which images of the plan need a signature, by which policy, and under which name the policy sees them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile, zip_longest

from auditor.needs.model import Needs
from auditor.oci.reference import DEFAULT_DOMAIN, Reference
from auditor.plan.model import Plan
from auditor.plan.rewrites import placed
from auditor.readers.signatures.globs import BadPattern, gobwas, scope_of, sigstore, wildcard
from auditor.readers.signatures.model import NamedImage, SignatureForm, SignaturePolicies, SignatureRule

# Kyverno's own default `resourceFilters` leave these out, whatever a policy selects (charts/kyverno/values.yaml).
_SYSTEM = ("kube-system", "kube-public", "kube-node-lease", "kyverno")
_KYVERNO = frozenset({"kyverno", "kyverno-ivpol"})
_LIBRARY = "library/"


@dataclass(frozen=True, slots=True)
class SignatureDemand:
    """One image that one rule of a policy demands a signature for.

    `seen` is the name that the engine sees: the image's own, or that on the internal registry if no pod names the image.
    `is_broad`: only a pattern for every image matches, and no pod names the image, so that its namespace is unknown.
    """

    rule: SignatureRule
    reference: Reference
    seen: Reference
    is_broad: bool = False


@dataclass(frozen=True, slots=True)
class SignatureDemands:
    """All demands, the patterns that the reader cannot evaluate, and the rules that match no image."""

    demands: tuple[SignatureDemand, ...] = ()
    bad: tuple[tuple[SignatureRule, str], ...] = ()
    idle: tuple[SignatureRule, ...] = ()

    def forms_by_image(self) -> Mapping[Reference, frozenset[SignatureForm]]:
        """Return the accepted forms of all demands, by image."""
        found: defaultdict[Reference, set[SignatureForm]] = defaultdict(set)
        for demand in self.demands:
            found[demand.reference].update(demand.rule.forms)
        return {reference: frozenset(forms) for reference, forms in found.items()}


def signature_demands(plan: Plan, needs: Needs, policies: SignaturePolicies) -> SignatureDemands:
    """Return every image for which a policy demands a signature."""
    pools: dict[Reference, set[str]] = {}
    for need in needs.needs:
        pools.setdefault(need.reference, set()).add(need.pool)
    pods: defaultdict[Reference, list[NamedImage]] = defaultdict(list)
    for pod in policies.pods:
        pods[pod.reference].append(pod)
    demands: list[SignatureDemand] = []
    bad: list[tuple[SignatureRule, str]] = []
    idle: list[SignatureRule] = []
    grouped = _scopes(policies.rules)
    origins = _origins(plan, pools)
    for rule in policies.rules:
        try:
            found = [
                one
                for reference in pools
                if reference not in origins
                for one in _of_rule(plan, rule, reference, pools[reference], pods, grouped)
            ]
        except BadPattern as error:
            bad.append((rule, str(error)))
            continue
        demands += found
        if not found:
            idle.append(rule)
    return SignatureDemands(tuple(_decisive(demands)), tuple(bad), tuple(idle))


def _decisive(demands: list[SignatureDemand]) -> Iterator[SignatureDemand]:
    """Yield the demands that count: of Connaisseur's rules for one image, only the most specific one does."""
    best: dict[tuple[str, Reference], SignatureDemand] = {}
    for demand in demands:
        if demand.rule.engine == "connaisseur":
            key = (demand.rule.owner, demand.seen)
            if key not in best or _weight(demand) > _weight(best[key]):
                best[key] = demand
    for demand in demands:
        rule = demand.rule
        if rule.engine != "connaisseur" or (best[rule.owner, demand.seen] is demand and _is_demanding(rule)):
            yield demand


def _is_demanding(rule: SignatureRule) -> bool:
    """Return whether a rule demands anything. One that does not may still hide less specific ones."""
    return bool(rule.forms or rule.denies or rule.attestors)


def _weight(demand: SignatureDemand) -> tuple[int, list[int], list[int]]:
    """Return how specific a pattern is for an image, as Connaisseur compares (internal/policy/match.go at v3.10.0)."""
    parts, name = demand.rule.patterns[0].split("/"), str(demand.seen).split("/")
    common = [_common(part, other) for part, other in zip_longest(parts, name[: len(parts)], fillvalue="")]
    return len(parts), common, [len(part) for part in parts]


def _origins(plan: Plan, pools: Mapping[Reference, set[str]]) -> Mapping[Reference, Reference]:
    """Return the images on the internal registry that the plan also names by their source. They are one image for a policy."""
    if plan.registry is None:
        return {}
    inside = ((placed(plan.registry, reference), reference) for reference in pools)
    return {at: reference for at, reference in inside if at != reference and at in pools}


def _common(one: str, other: str) -> int:
    """Return the length of the common beginning of two texts."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _scopes(rules: Iterable[SignatureRule]) -> Mapping[tuple[str, tuple[str, ...]], frozenset[str]]:
    """Return all scopes of each set of node rules: the most specific one decides."""
    found: defaultdict[tuple[str, tuple[str, ...]], set[str]] = defaultdict(set)
    for rule in rules:
        if rule.is_of_nodes:
            found[rule.engine, rule.pools].update(rule.patterns)
    return {key: frozenset(scopes) for key, scopes in found.items()}


def _of_rule(
    plan: Plan,
    rule: SignatureRule,
    reference: Reference,
    pools: set[str],
    pods: Mapping[Reference, list[NamedImage]],
    grouped: Mapping[tuple[str, tuple[str, ...]], frozenset[str]],
) -> Iterator[SignatureDemand]:
    inside = placed(plan.registry, reference) if plan.registry is not None else reference
    named = [(pod, seen) for seen in dict.fromkeys((reference, inside)) for pod in pods.get(seen, ())]
    if rule.is_of_nodes:
        if pools.isdisjoint(rule.pools) or (rule.namespaces and not any(pod.namespace in rule.namespaces for pod, _ in named)):
            return
        scopes = grouped[rule.engine, rule.pools]
        for seen in dict.fromkeys(one for _, one in named) if named else (reference,):
            if _scope(scopes, seen) in rule.patterns and (rule.forms or rule.denies):
                yield SignatureDemand(rule, reference, seen)
        return
    if not (_is_demanding(rule) or rule.engine == "connaisseur"):
        return
    if named:
        covered = (seen for pod, seen in named if _covers(rule, pod.namespace) and _matches(rule, seen, pod.text))
        yield from (SignatureDemand(rule, reference, seen) for seen in dict.fromkeys(covered))
        return
    if rule.namespaces:
        return  # no pod of the plan runs the image in these namespaces
    for seen in dict.fromkeys((reference, inside)):
        if _matches(rule, seen, ""):
            yield SignatureDemand(rule, reference, seen, is_broad=all(not pattern.strip("*?:/@") for pattern in rule.patterns))
            return


def _scope(scopes: frozenset[str], reference: Reference) -> str:
    found = scope_of(reference, scopes)
    return found if found is not None else ""


def _covers(rule: SignatureRule, namespace: str) -> bool:
    if rule.engine in _KYVERNO and namespace in _SYSTEM:
        return False
    if rule.namespaces and not any(wildcard(pattern, namespace) for pattern in rule.namespaces):
        return False
    return not any(wildcard(pattern, namespace) for pattern in rule.excluded_namespaces)


def matches_name(rule: SignatureRule, seen: Reference) -> bool:
    """Return whether a rule matches an image under this name. Raises BadPattern."""
    if rule.is_of_nodes:
        return scope_of(seen, frozenset(rule.patterns)) is not None
    return _matches(rule, seen, "")


def _matches(rule: SignatureRule, reference: Reference, text: str) -> bool:
    names = tuple(dict.fromkeys((*_names(rule.engine, reference), *((text,) if text else ()))))
    match = _MATCHERS.get(rule.engine, gobwas)
    patterns = tuple(_widened(one) for one in rule.patterns) if rule.engine == "connaisseur" else rule.patterns
    if not any(match(pattern, name) for pattern in patterns for name in names):
        return False
    return not any(match(pattern, name) for pattern in rule.excluded for name in names)


def _widened(pattern: str) -> str:
    """Connaisseur adds `*` at both ends of a pattern."""
    return f"{'' if pattern.startswith('*') else '*'}{pattern}{'' if pattern.endswith('*') else '*'}"


_MATCHERS = {"kyverno": wildcard, "policy-controller": sigstore}


def _names(engine: str, reference: Reference) -> Iterator[str]:
    """Yield the spellings of an image that a policy may match: with tag or digest, and each name of Docker Hub."""
    repositories = [reference.repository]
    if reference.domain == DEFAULT_DOMAIN:
        short = reference.path.removeprefix(_LIBRARY)
        if engine == "policy-controller":
            repositories = [f"index.docker.io/{reference.path}", short]
        else:
            repositories += [f"{DEFAULT_DOMAIN}/{short}"] + ([short] if engine == "kyverno-ivpol" else [])
    for repository in repositories:
        if reference.digest:
            yield f"{repository}@{reference.digest}"
        if reference.tag:
            yield f"{repository}:{reference.tag}"
        if engine == "policy-controller" and not reference.digest:
            # Its mutating webhook replaces the tag with a digest before it verifies.
            yield f"{repository}@sha256:{'0' * 64}"
