"""The pools to which a pod can be scheduled: by its OS, node selector, required node affinity and HostProcess."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from auditor.located import Marked
from auditor.oci.platform import Platform
from auditor.plan.model import Pool

OS_LABELS = ("kubernetes.io/os", "beta.kubernetes.io/os")
ARCHITECTURE_LABELS = ("kubernetes.io/arch", "beta.kubernetes.io/arch")
BUILD_LABEL = "node.kubernetes.io/windows-build"


@dataclass(frozen=True, slots=True)
class Term:
    """One condition on a node label: `operator` as in Kubernetes (In, NotIn, Exists, …)."""

    key: str
    operator: str
    values: tuple[str, ...]


def _label(key: str, platform: Platform) -> str | None:
    """Return the kubelet's value of a label on nodes of a platform; None for labels that the plan does not determine."""
    if key in OS_LABELS:
        return platform.os
    if key in ARCHITECTURE_LABELS:
        return platform.architecture
    if key == BUILD_LABEL and platform.os == "windows" and platform.os_version:
        return ".".join(platform.os_version.split(".")[:3])
    return None


def _allows(term: Term, platform: Platform) -> bool:
    value = _label(term.key, platform)
    if value is None:
        # Only Windows nodes have a build label. The plan states nothing about other labels, so they may match.
        return term.key != BUILD_LABEL or platform.os == "windows" or term.operator in {"NotIn", "DoesNotExist"}
    match term.operator:
        case "In":
            return value in term.values
        case "NotIn":
            return value not in term.values
        case "DoesNotExist":
            return False
    return True


def _terms(expressions: Marked | None) -> tuple[Term, ...]:
    return tuple(
        Term(
            item.text_at("key"),
            item.text_at("operator"),
            tuple(value.text for value in (item.get("values") or Marked([], 0, 0)).list),
        )
        for item in (expressions.list if expressions is not None else [])
    )


def _selector(spec: Marked, *keys: str) -> Mapping[str, str]:
    found = spec.get(*keys)
    return {key: value.text for key, value in found.items()} if found is not None else {}


def is_host_process(*contexts: Marked) -> bool:
    """Return whether a pod's or container's security context requests a HostProcess container."""
    return any(
        (found := context.get("securityContext", "windowsOptions", "hostProcess")) is not None and found.value is True
        for context in contexts
    )


@dataclass(frozen=True, slots=True)
class Binding:
    """The node requirements of a pod. All of `required` must hold, and one of `alternatives` if there are any."""

    required: tuple[Term, ...]
    alternatives: tuple[tuple[Term, ...], ...]

    @property
    def os(self) -> str:
        """The OS of the pod, or an empty string if any."""
        possible = [name for name in ("linux", "windows") if self.fits(Platform(name, ""), only=OS_LABELS)]
        return possible[0] if len(possible) == 1 else ""

    def fits(self, platform: Platform, only: tuple[str, ...] = ()) -> bool:
        """Return whether nodes of a platform may be selected; with `only`, by these labels alone."""

        def all_hold(terms: tuple[Term, ...]) -> bool:
            return all(_allows(term, platform) for term in terms if not only or term.key in only)

        return all_hold(self.required) and (not self.alternatives or any(map(all_hold, self.alternatives)))

    def pools(self, pools: tuple[Pool, ...]) -> tuple[str, ...]:
        """Return the names of the matching pools."""
        return tuple(pool.name for pool in pools if self.fits(pool.platform))


def binding_of(spec: Marked, classes: Mapping[str, Mapping[str, str]]) -> Binding:
    """Return the requirements of a pod spec. `classes`: the node selectors of the known runtime classes, by name."""

    def equal() -> Iterator[Term]:
        selectors = [_selector(spec, "nodeSelector"), classes.get(spec.text_at("runtimeClassName"), {})]
        for selector in selectors:
            for key, value in selector.items():
                yield Term(key, "In", (value,))
        if os := spec.text_at("os", "name"):
            yield Term(OS_LABELS[0], "In", (os,))
        if is_host_process(spec):
            yield Term(OS_LABELS[0], "In", ("windows",))

    affinity = spec.get("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")
    alternatives = tuple(_terms(term.get("matchExpressions")) for term in (affinity.list if affinity is not None else []))
    return Binding(tuple(equal()), alternatives)
