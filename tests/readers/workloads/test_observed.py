"""Observed workloads of a connected cluster: images that no rule finds, and gaps that they close."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.needs.resolve import resolve_needs
from auditor.readers.demands import Demand, Mechanism
from auditor.readers.workloads import read_workloads
from auditor.readers.workloads.blanked import blanked
from auditor.readers.workloads.observed import Node, Observed, ObservedFile
from auditor.testing import plan_of

PLAN = """version: 1
pools: {linux: {platform: linux/amd64}, w22: {platform: "windows/amd64:ltsc2022"}}
workloads: [{manifests: deploy}, {observed: cluster.json}]
"""
INDEX = "application/vnd.oci.image.index.v1+json"
TOKEN = [{"name": "TOKEN", "value": "hunter2-secret"}]
DIGEST = "sha256:" + "a" * 64


def pod(name: str, image: str, **more: Any) -> dict[str, Any]:
    status = {"name": "c", "image": image, "imageID": f"docker-pullable://r.example/by-id@{DIGEST}"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "n", **more.pop("metadata", {})},
        "spec": {
            "containers": [{"name": "c", "image": "short:1", "env": [{"name": "TOKEN", "value": "hunter2-secret"}]}],
            **more,
        },
        "status": {"containerStatuses": [status]},
    }


def node(name: str, os: str, version: str) -> dict[str, Any]:
    info = {
        "operatingSystem": os,
        "architecture": "amd64",
        "osImage": "An OS",
        "kernelVersion": version,
        "containerRuntimeVersion": "containerd://2.1.6",
        "kubeletVersion": "v1.34.1",
    }
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": {"nodeInfo": info}}


def dump(*items: dict[str, Any]) -> bytes:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=1).encode()


def observed(data: bytes, deploy: str = "") -> tuple[Demand, ...]:
    return read_workloads(plan_of(PLAN, {"deploy/a.yaml": deploy.encode(), "cluster.json": data})).demands


def test_images_of_running_pods_are_certain_and_bound_to_their_node() -> None:
    """The status names the pulled image; the runtime's name replaces a bare digest."""
    data = dump(
        pod("a", "r.example/a:1", nodeName="n1"),
        pod("b", DIGEST),
        node("n1", "windows", "10.0.20348.3207"),
        pod("c", "r.example/c:2"),
    )
    found = observed(data)
    assert [(str(one.reference), one.pools, one.mechanism) for one in found] == [
        ("r.example/a:1", ("w22",), Mechanism.OBSERVED),
        (f"r.example/by-id@{DIGEST}", ("linux", "w22"), Mechanism.OBSERVED),
        ("r.example/c:2", ("linux", "w22"), Mechanism.OBSERVED),
    ]
    assert found[0].location.line > 1
    assert found[0].who == "Pod n/a"


@pytest.mark.parametrize(
    "data",
    [
        b'{"images": [{"id": "sha256:1", "repoTags": ["r.example/a:1", "<none>:<none>"], "repoDigests": []}]}',
        f'{{"images": [{{"repoTags": [], "repoDigests": ["r.example/a@{DIGEST}"]}}]}}'.encode(),
        f"REF TYPE DIGEST SIZE PLATFORMS LABELS\nr.example/a:1 {INDEX} {DIGEST} 1.0 MiB linux/amd64 -\n".encode(),
    ],
    ids=["crictl", "crictl-digest", "ctr"],
)
def test_the_images_of_a_runtime_are_read(data: bytes) -> None:
    (found,) = observed(data)
    assert str(found.reference).startswith("r.example/a")


KAFKA = "apiVersion: kafka.strimzi.io/v1beta2\nkind: Kafka\nmetadata: {name: k}\nspec: {version: 3.9.0}\n"
RELEASE = (
    "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: podinfo, namespace: apps}\n"
    "spec: {chart: {spec: {chart: podinfo}}}\n"
)
OWNED = {"ownerReferences": [{"apiVersion": "kafka.strimzi.io/v1beta2", "kind": "Kafka", "name": "k"}]}
LABELLED = {"labels": {"helm.toolkit.fluxcd.io/name": "podinfo", "helm.toolkit.fluxcd.io/namespace": "apps"}}


@pytest.mark.parametrize(
    ("deploy", "metadata", "is_settled"),
    [
        (KAFKA, OWNED, True),
        (KAFKA, {}, False),
        (KAFKA, LABELLED, False),
        (RELEASE, LABELLED, False),
        (RELEASE.replace("podinfo, n", "other, n"), LABELLED, False),
        (RELEASE, OWNED, False),
    ],
)
def test_observed_pods_close_the_gap_of_their_kind(deploy: str, metadata: dict[str, Any], is_settled: bool) -> None:
    gaps = [one for one in observed(dump(pod("k-0", "r.example/kafka:3.9.0", metadata=metadata)), deploy) if one.hidden]
    assert (not gaps) is is_settled


def test_deployments_close_the_gap_of_a_release_and_one_pod_does_not() -> None:
    """A pod does not show what else the release has: a job that ended, a Deployment without replicas."""
    spec = {"template": {"spec": {"containers": [{"name": "c", "image": "r.example/podinfo:6"}]}}}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", **LABELLED}, "spec": spec}
    assert not [one for one in observed(dump(deployment), RELEASE) if one.hidden]
    assert [one for one in observed(dump(deployment), RELEASE.replace("podinfo, n", "other, n")) if one.hidden]


def test_another_object_of_the_kind_stays_a_gap() -> None:
    """Its version, and so its images, may differ from those of the observed one."""
    two = f"{KAFKA}---\n{KAFKA.replace('name: k', 'name: never-observed')}"
    gaps = [one for one in observed(dump(pod("k-0", "r.example/kafka:3.9.0", metadata=OWNED)), two) if one.hidden]
    assert ["never-observed" in one.unbounded for one in gaps] == [True]


def test_image_of_a_container_without_a_status_is_needed() -> None:
    """A pod that waits for its init container has no status for the others."""
    waiting = pod("a", "r.example/a:1")
    waiting["spec"]["containers"] = [{"name": "c", "image": "short:1"}, {"name": "late", "image": "r.example/late:2"}]
    assert [str(one.reference) for one in observed(dump(waiting))] == ["r.example/a:1", "r.example/late:2"]


def test_service_of_a_controller_closes_no_gap() -> None:
    """It shows that the controller ran, but not its images."""
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "k", **OWNED}, "spec": {"ports": []}}
    assert [one for one in observed(dump(service, pod("a", "r.example/a:1")), KAFKA) if one.hidden]


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[1]", b"nothing\n", b'{"items": [}', b'{"kind": "List", "apiVersion": "v1", "items": []}']
)
def test_a_file_without_pods_nodes_and_images_is_an_error(data: bytes) -> None:
    (found,) = observed(data)
    assert found.error
    assert found.location.file.endswith("cluster.json")


def test_observed_nodes_have_build_and_runtime() -> None:
    data = dump(node("w", "windows", "10.0.20348.3207"), node("l", "linux", "6.1"))
    into = Observed()
    ObservedFile("cluster.json", "cluster.json", ()).read(data, into)
    assert list(into.nodes.values()) == [
        Node("w", "windows", "amd64", "10.0.20348.3207", "containerd://2.1.6", "v1.34.1"),
        Node("l", "linux", "amd64", "An OS", "containerd://2.1.6", "v1.34.1"),
    ]


def test_observed_images_become_needs() -> None:
    needs = resolve_needs(plan_of(PLAN, {"deploy/a.yaml": b"", "cluster.json": dump(pod("a", "r.example/a:1"))})).needs
    assert {(str(need.reference), need.why[0].kind) for need in needs} == {("r.example/a:1", "observed")}


def test_dump_in_evidence_has_no_values_and_the_same_images() -> None:
    """Variables of containers are blanked; the images of the file stay."""
    data = dump(pod("a", "r.example/a:1", nodeName="n1", metadata=OWNED), node("n1", "windows", "10.0.20348.3207"))
    clean, _ = blanked(data)
    assert b"hunter2" not in clean
    before, after = Observed(), Observed()
    ObservedFile("c", "c", ()).read(data, before)
    ObservedFile("c", "c", ()).read(clean, after)
    assert before == after


INJECTED = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {istio-injection: enabled}}\n"
GATEWAY = "apiVersion: v1\nkind: Pod\nmetadata: {name: gateway}\nspec: {containers: [{name: istio-proxy, image: auto}]}\n"


@pytest.mark.parametrize("deploy", [INJECTED, GATEWAY])
@pytest.mark.parametrize(("container", "is_settled"), [("istio-proxy", True), ("linkerd-proxy", False), ("app", False)])
def test_running_proxy_closes_the_gap_of_a_mesh(deploy: str, container: str, is_settled: bool) -> None:
    running = pod("a", "r.example/proxy:1")
    running["status"]["containerStatuses"][0]["name"] = container
    assert (not [one for one in observed(dump(running), deploy) if one.hidden]) is is_settled
