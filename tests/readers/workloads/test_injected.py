"""Proxies that service meshes add to pods, and programs that install workloads from their own image."""

from __future__ import annotations

import pytest

from auditor.readers.demands import Demand, DemandGap
from auditor.readers.workloads import read_workloads
from auditor.testing import plan_of

PLAN = "version: 1\npools:\n  lin: {platform: linux/amd64}\nworkloads: [{manifests: deploy}]\n"
ISTIOD = """apiVersion: v1
kind: ConfigMap
metadata: {name: istio-sidecar-injector}
data:
  values: |
    {"global": {"hub": "r.example/istio", "tag": "1.27.0", "proxy": {"image": "proxyv2"}}}
"""
LINKERD = """apiVersion: apps/v1
kind: Deployment
metadata: {name: linkerd-proxy-injector}
spec:
  template:
    spec:
      containers:
      - {name: linkerd-proxy, image: "r.example/proxy:1"}
      - {name: proxy-injector, image: "r.example/controller:1"}
"""


def demands(*objects: str, plan: str = PLAN) -> tuple[Demand, ...]:
    files = {f"deploy/{number}.yaml": text.encode() for number, text in enumerate(objects)}
    return read_workloads(plan_of(plan, {**files, "l.txt": b""})).demands


def namespace(metadata: str) -> str:
    return f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: shop, {metadata}}}\n"


def pod(metadata: str, image: str = "r.example/a:1") -> str:
    spec = f"{{metadata: {{{metadata}}}, spec: {{containers: [{{name: c, image: {image}}}]}}}}"
    return f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: d}}\nspec: {{template: {spec}}}\n"


@pytest.mark.parametrize(
    ("text", "mesh", "injector"),
    [
        (namespace("labels: {istio-injection: enabled}"), "Istio", ISTIOD),
        (namespace("labels: {istio.io/rev: stable}"), "Istio", ISTIOD),
        (namespace("annotations: {linkerd.io/inject: ingress}"), "Linkerd", LINKERD),
        (pod('labels: {sidecar.istio.io/inject: "true"}'), "Istio", ISTIOD),
        (pod("annotations: {linkerd.io/inject: enabled}"), "Linkerd", LINKERD),
    ],
)
def test_proxy_of_an_absent_injector_is_a_gap(text: str, mesh: str, injector: str) -> None:
    """With the injector in the workloads, its image is known. The injector of another mesh changes nothing."""
    (gap,) = (one for one in demands(text) if one.hidden is not None)
    assert gap.hidden is not None
    assert gap.hidden.gap is DemandGap.INJECTED
    assert gap.unbounded.startswith(f"{mesh} adds a proxy to pods of ")
    assert not [one for one in demands(text, injector) if one.hidden is not None]
    other = LINKERD if injector is ISTIOD else ISTIOD
    assert [one for one in demands(text, other) if one.hidden is not None]


@pytest.mark.parametrize(
    "text",
    [
        namespace("labels: {istio-injection: disabled, istio.io/rev: stable}"),
        namespace("labels: {istio.io/dataplane-mode: ambient}"),
        namespace("annotations: {linkerd.io/inject: disabled}"),
        pod('labels: {sidecar.istio.io/inject: "false"}'),
        pod("labels: {istio.io/rev: stable}"),
    ],
)
def test_labels_without_injection_are_no_gap(text: str) -> None:
    """Injection is off, in another mode, or set by a label that counts for namespaces only."""
    assert not [one for one in demands(text) if one.hidden is not None]


def test_container_with_image_auto_is_one_gap() -> None:
    """The related label does not add another gap."""
    found = [one for one in demands(pod('labels: {sidecar.istio.io/inject: "true"}', "auto")) if one.hidden is not None]
    assert [one.text for one in found] == ["auto"]


def test_list_of_the_plan_closes_the_gap_of_a_proxy() -> None:
    """The list is named for the kind of the object with the label."""
    plan = PLAN.replace("deploy}", "deploy, operator_images: {Namespace: l.txt}}")
    assert not demands(namespace("labels: {istio-injection: enabled}"), plan=plan)


def test_rancher_is_a_gap_for_the_workloads_that_it_installs() -> None:
    """From any registry. Other images with the same last name are not Rancher. A list of the plan closes the gap."""
    rancher = pod("labels: {}", "mirror.example/x/rancher/rancher:v2.12.1")
    (gap,) = (one for one in demands(rancher) if one.hidden is not None)
    assert "rancher-images.txt" in gap.unbounded
    assert [str(one.reference) for one in demands(rancher) if one.reference] == ["mirror.example/x/rancher/rancher:v2.12.1"]
    assert len(demands(pod("labels: {}", "r.example/other/rancher:1"))) == 1
    plan = PLAN.replace("deploy}", "deploy, operator_images: {rancher/rancher: l.txt}}")
    assert len(demands(rancher, plan=plan)) == 1
