"""Containers whose image an admission webhook sets: the proxy of Istio, which its injector takes from a ConfigMap.

Source: istio.io/latest/docs/setup/additional-setup/gateway (`image: auto`), istio/istio
manifests/charts/istio-control/istio-discovery/templates/istiod-injector-configmap.yaml.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from auditor.readers.demands import Demand, Mechanism

AUTO = "auto"
_INJECTOR = "istio-sidecar-injector"
_PROXY = ".proxy.image"


def with_injected(demands: Iterable[Demand]) -> Iterator[Demand]:
    """Give each container with `image: auto` the proxy image of the injectors among the workloads, if there is one."""
    known = list(demands)
    proxies = {
        demand.reference: demand
        for demand in known
        if demand.reference is not None and _INJECTOR in demand.who and demand.field.endswith(_PROXY)
    }
    for demand in known:
        if demand.text == AUTO and demand.unbounded and proxies:
            for reference in proxies:
                yield replace(demand, reference=reference, unbounded="", hidden=None, mechanism=Mechanism.INJECTED)
        else:
            yield demand
