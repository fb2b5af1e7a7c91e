"""Containers whose image an admission webhook sets: the proxies of service meshes, which an injector adds to pods.

Istio's injector reads the proxy from a ConfigMap; a container may also have `image: auto`. The control plane of Linkerd runs
the proxy that it injects, so its own pods name it. Sources: istio.io/latest/docs/setup/additional-setup/gateway (`image:
auto`), istio/istio manifests/charts/istio-control/istio-discovery/templates/istiod-injector-configmap.yaml,
mutatingwebhook.yaml; linkerd/linkerd2 pkg/k8s/labels.go, charts/linkerd-control-plane/templates/proxy-injector.yaml.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from auditor.located import Marked
from auditor.readers.demands import Demand, DemandGap, Mechanism

AUTO = "auto"
ISTIO, LINKERD = "Istio", "Linkerd"
_INJECTOR = "istio-sidecar-injector"
_PROXY = ".proxy.image"
_LINKERD_INJECTOR = " container proxy-injector"
_NAMESPACE = "Namespace"
_REVISION = "istio.io/rev"
_OF_NAMESPACES, _OF_PODS, _OF_LINKERD = "istio-injection", "sidecar.istio.io/inject", "linkerd.io/inject"
_TEMPLATES = (("metadata",), ("spec", "template", "metadata"), ("spec", "jobTemplate", "spec", "template", "metadata"))


@dataclass(frozen=True, slots=True)
class Injection:
    """A request for a proxy: the mesh, the label or annotation, and its location."""

    mesh: str
    field: str
    at: Marked


def injections(item: Marked) -> Iterator[Injection]:
    """Yield the labels and annotations of a namespace, or of an object's pods, that make an injector add a proxy."""
    is_namespace = item.text_at("kind") == _NAMESPACE
    for path in _TEMPLATES[:1] if is_namespace else _TEMPLATES:
        metadata = item.get(*path)
        if metadata is None:
            continue
        own = [(ISTIO, "labels", _OF_NAMESPACES, ("enabled",))] if is_namespace else [(ISTIO, "labels", _OF_PODS, ("true",))]
        for mesh, part, key, wanted in (*own, (LINKERD, "annotations", _OF_LINKERD, ("enabled", "ingress"))):
            found = metadata.get(part, key)
            if found is not None and found.text in wanted:
                yield Injection(mesh, ".".join((*path, part, key)), found)
        revision = metadata.get("labels", _REVISION)
        is_off = metadata.text_at("labels", _OF_NAMESPACES) == "disabled"
        if revision is not None and revision.text and not is_off and is_namespace:
            yield Injection(ISTIO, ".".join((*path, "labels", _REVISION)), revision)


def _has_injector(mesh: str, demands: Iterable[Demand]) -> bool:
    """Return whether the proxy that a mesh injects is among the demands."""
    if mesh == LINKERD:
        return any(demand.who.endswith(_LINKERD_INJECTOR) for demand in demands)
    return any(_is_proxy(demand) for demand in demands)


def _is_proxy(demand: Demand) -> bool:
    return demand.reference is not None and _INJECTOR in demand.who and demand.field.endswith(_PROXY)


def with_injected(demands: Iterable[Demand]) -> Iterator[Demand]:
    """Give each container with `image: auto` the proxy image of the injectors in the workloads, if there is one.

    A gap for a proxy is left out if its injector is in the workloads.
    """
    known = list(demands)
    proxies = {demand.reference: demand for demand in known if _is_proxy(demand)}
    present = {mesh for mesh in (ISTIO, LINKERD) if _has_injector(mesh, known)}
    for demand in known:
        if demand.hidden is not None and demand.hidden.gap is DemandGap.INJECTED and present.issuperset(demand.hidden.names):
            continue
        if demand.text == AUTO and demand.unbounded and proxies:
            for reference in proxies:
                yield replace(demand, reference=reference, unbounded="", hidden=None, mechanism=Mechanism.INJECTED)
        else:
            yield demand
