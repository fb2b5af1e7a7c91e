"""Images that operators build: from versions and from defaults in their binary. Without these, they stay unknown."""

from __future__ import annotations

import dataclasses

import pytest
import yaml

from auditor.readers.demands import Certainty
from auditor.readers.workloads import read_workloads
from auditor.testing import plan_of
from tests.readers.workloads.operator_images import (
    ELASTIC,
    MONITORING,
    PLAN,
    PROMETHEUS,
    built,
    configured,
    custom,
    demands,
    operator,
    unknown,
)


def test_version_field_alone_determines_the_image() -> None:
    """Elastic builds the image from the version of the object; the operator's own version does not matter."""
    found = built(custom(ELASTIC, "Elasticsearch", {"version": "8.19.2"}))
    assert list(found) == ["docker.elastic.co/elasticsearch/elasticsearch:8.19.2"]
    (one,) = found.values()
    assert (one.certainty, one.field, one.location.line) == (Certainty.STATED, "spec.version", 6)
    assert not unknown(custom(ELASTIC, "Elasticsearch", {"version": "8.19.2"}))


def test_image_of_the_object_replaces_the_template() -> None:
    """`spec.image` is read as a field, and nothing else is built."""
    text = custom(ELASTIC, "Elasticsearch", {"version": "8.19.2", "image": "r.example/es:8"})
    assert not built(text)
    assert not unknown(text)
    assert [str(one.reference) for one in demands(text)] == ["r.example/es:8"]


def test_image_of_a_container_replaces_the_template() -> None:
    """A pod template of the object may set the image of the container."""
    pod = {"spec": {"containers": [{"name": "kibana", "image": "r.example/kibana:8"}]}}
    assert not built(custom("kibana.k8s.elastic.co/v1", "Kibana", {"version": "8.19.2", "podTemplate": pod}))


@pytest.mark.parametrize(
    ("api", "kind", "spec", "images"),
    [
        ("agent.k8s.elastic.co/v1alpha1", "Agent", {"version": "9.1.0"}, ["elastic-agent/elastic-agent:9.1.0"]),
        ("agent.k8s.elastic.co/v1alpha1", "Agent", {"version": "8.9.1"}, ["beats/elastic-agent:8.9.1"]),
        ("beat.k8s.elastic.co/v1beta1", "Beat", {"type": "heartbeat", "version": "9.0.0"}, ["beats/heartbeat:9.0.0"]),
        (
            "maps.k8s.elastic.co/v1alpha1",
            "ElasticMapsServer",
            {"version": "8.12.0"},
            ["elastic-maps-service/elastic-maps-server-ubi:8.12.0"],
        ),
        (
            "packageregistry.k8s.elastic.co/v1alpha1",
            "PackageRegistry",
            {"version": "8.10.0"},
            ["package-registry/distribution:lite-8.15.1"],
        ),
        (
            "kibana.k8s.elastic.co/v1",
            "Kibana",
            {"version": "9.0.0", "monitoring": {"logs": {"elasticsearchRefs": [{"name": "m"}]}}},
            ["kibana/kibana:9.0.0", "beats/filebeat:9.0.0"],
        ),
    ],
)
def test_conditions_choose_the_template(api: str, kind: str, spec: object, images: list[str]) -> None:
    """By version, by another field, and by enabled features."""
    text = custom(api, kind, spec)
    assert list(built(text)) == [f"docker.elastic.co/{image}" for image in images]
    assert not unknown(text)


def test_beat_of_an_unknown_type_is_undetermined() -> None:
    """The operator has no image for it."""
    text = custom("beat.k8s.elastic.co/v1beta1", "Beat", {"type": "journal", "version": "9.0.0"})
    assert not built(text)
    assert "spec.image is not set" in unknown(text)[0]


def test_registry_comes_from_the_configuration_of_the_operator() -> None:
    """From the ConfigMap that its pods name; other ConfigMaps do not count."""
    eck = operator("docker.elastic.co/eck/eck-operator:3.3.0", "manager", "--config=/conf/eck.yaml", names="elastic")
    kibana = custom("kibana.k8s.elastic.co/v1", "Kibana", {"version": "9.0.0"})
    found = built(eck, kibana, configured("elastic"))
    assert list(found) == ["r.example/kibana/kibana:9.0.0"]
    assert next(iter(found.values())).certainty is Certainty.CONFIGURED
    assert list(built(eck, kibana, configured("other"))) == ["docker.elastic.co/kibana/kibana:9.0.0"]


def test_flag_comes_before_the_configuration_file() -> None:
    """As in the operator itself."""
    eck = operator("mirror.example/eck/eck-operator:3.3.0", "--container-registry", "flag.example", names="c")
    kibana = custom("kibana.k8s.elastic.co/v1", "Kibana", {"version": "9.0.0"})
    assert list(built(eck, kibana, configured("c"))) == ["flag.example/kibana/kibana:9.0.0"]


def test_setting_that_no_fact_covers_makes_the_object_undetermined() -> None:
    """No image is listed that the operator would not pull."""
    eck = operator("docker.elastic.co/eck/eck-operator:3.3.0", "--ubi-only")
    kibana = custom("kibana.k8s.elastic.co/v1", "Kibana", {"version": "8.19.0"})
    assert not built(eck, kibana)
    assert "ubi-only" in unknown(eck, kibana)[0]


def test_defaults_come_from_the_version_of_the_operator() -> None:
    """In any file, and from any registry."""
    for image in (PROMETHEUS, f"mirror.example/a/b/prometheus-operator:v0.85.0@sha256:{'0' * 64}"):
        found = built(custom(MONITORING, "Prometheus", {"thanos": {}}), operator(image))
        assert list(found) == [
            "quay.io/prometheus/prometheus:v3.5.0",
            "quay.io/prometheus-operator/prometheus-config-reloader:v0.85.0",
            "quay.io/thanos/thanos:v0.39.2",
        ]
        assert {one.certainty for one in found.values()} == {Certainty.CONFIGURED}
        assert not unknown(custom(MONITORING, "Prometheus", {"thanos": {}}), operator(image))


def test_flags_of_the_operator_come_before_its_defaults() -> None:
    """A base image with a tag is used unchanged."""
    args = ("--prometheus-default-base-image=r.example/prometheus", "--prometheus-config-reloader=r.example/reloader:1")
    found = built(custom(MONITORING, "Prometheus", {"version": "3.1.0"}), operator(PROMETHEUS, *args))
    assert list(found) == ["r.example/prometheus:v3.1.0", "r.example/reloader:1"]
    tagged = operator(PROMETHEUS, "--prometheus-default-base-image=r.example/prometheus:own")
    assert "r.example/prometheus:own" in built(custom(MONITORING, "Prometheus", {"version": "3.1.0"}), tagged)


@pytest.mark.parametrize(
    ("images", "why"),
    [
        ([], "prometheus-operator selects an image, but it is not in the workloads"),
        (
            ["quay.io/prometheus-operator/prometheus-operator:v9.0.0"],
            "has the version 'v9.0.0', but the facts cover v0.45.0 to ",
        ),
        (
            ["quay.io/prometheus-operator/prometheus-operator:v0.85.0-rc.1"],
            "has the version 'v0.85.0-rc.1', but the facts cover v0.45.0 to ",
        ),
        (["quay.io/prometheus-operator/prometheus-operator:main"], "has the version 'main', but the facts cover v0.45.0 to "),
        (["quay.io/prometheus-operator/prometheus-operator"], "does not state the version of prometheus-operator"),
        (
            [f"quay.io/prometheus-operator/prometheus-operator@sha256:{'0' * 64}"],
            "does not state the version of prometheus-operator",
        ),
        ([PROMETHEUS, PROMETHEUS.replace("85", "84")], "is in the workloads more than once"),
    ],
)
def test_object_without_a_known_version_stays_undetermined(images: list[str], why: str) -> None:
    """The message names the missing fact; nothing is guessed."""
    objects = (custom(MONITORING, "Alertmanager", {"replicas": 2}), *(operator(image) for image in images))
    assert not built(*objects)
    (message,) = unknown(*objects)
    assert why in message
    assert message.startswith("some images that an operator runs for Alertmanager x are unknown: ")


def test_images_of_calico_follow_the_installation() -> None:
    """Registry and path are in one object, which other objects of the group use. Windows images are for Windows nodes only."""
    installation = {"registry": "r.example", "imagePath": "mirror", "calicoNetwork": {"windowsDataplane": "HNS"}}
    objects = (
        operator("quay.io/tigera/operator:v1.38.3"),
        custom("operator.tigera.io/v1", "Installation", installation, "default"),
        custom("operator.tigera.io/v1", "Whisker", {}),
    )
    found = built(*objects)
    assert {
        "r.example/mirror/node:v3.30.2",
        "r.example/mirror/cni:v3.30.2",
        "r.example/mirror/csi:v3.30.2",
        "r.example/mirror/whisker-backend:v3.30.2",
    } <= set(found)
    assert found["r.example/mirror/node-windows:v3.30.2"].pools == ("win",)
    assert found["r.example/mirror/node:v3.30.2"].pools == ("lin",)
    assert not unknown(*objects)
    no_csi = custom("operator.tigera.io/v1", "Installation", {"kubeletVolumePluginPath": "None"}, "default")
    assert not any("/csi:" in image or "windows" in image for image in built(objects[0], no_csi))


def test_registry_of_calico_changed_between_two_patch_releases() -> None:
    """A range of whole minor versions would name images that are not pulled."""
    installation = custom("operator.tigera.io/v1", "Installation", {}, "default")
    registries = {
        version: {image.partition("/")[0] for image in built(operator(f"quay.io/tigera/operator:{version}"), installation)}
        for version in ("v1.38.3", "v1.42.4")
    }
    assert registries == {"v1.38.3": {"docker.io"}, "v1.42.4": {"quay.io"}}


def test_enterprise_variant_is_not_covered() -> None:
    """Its images have other names."""
    enterprise = custom("operator.tigera.io/v1", "Installation", {"variant": "TigeraSecureEnterprise"}, "default")
    objects = (operator("quay.io/tigera/operator:v1.38.3"), enterprise)
    assert not built(*objects)
    assert "Calico Enterprise" in unknown(*objects)[0]


def test_feature_gates_add_images() -> None:
    """The object may name a gate, or the version may enable it by default."""
    kubevirt = custom("kubevirt.io/v1", "KubeVirt", {})
    gates = {"configuration": {"developerConfiguration": {"featureGates": ["Snapshot", "VMExport"]}}}
    old = operator("quay.io/kubevirt/virt-operator:v1.6.0")
    assert "quay.io/kubevirt/virt-launcher:v1.6.0" in built(old, kubevirt)
    assert "quay.io/kubevirt/virt-exportproxy:v1.6.0" not in built(old, kubevirt)
    assert "quay.io/kubevirt/virt-exportproxy:v1.6.0" in built(old, custom("kubevirt.io/v1", "KubeVirt", gates))
    new = operator("quay.io/kubevirt/virt-operator:v1.9.0")
    assert "quay.io/kubevirt/virt-exportproxy:v1.9.0" in built(new, kubevirt)
    own = operator("quay.io/kubevirt/virt-operator:v1.9.0", env={"VIRT_API_IMAGE": "r.example/api:1"})
    assert "quay.io/kubevirt/virt-api:v1.9.0" not in built(own, kubevirt)


def test_image_is_found_by_the_version_in_a_variable() -> None:
    """Strimzi has one image for each version of Kafka in a variable of the operator."""
    env = {"STRIMZI_KAFKA_IMAGES": "4.0.0=r.example/kafka:4.0.0\n4.1.0=r.example/kafka:4.1.0\n"}
    strimzi = operator("quay.io/strimzi/operator:0.49.0", env=env)
    kafka = "kafka.strimzi.io/v1"
    assert "r.example/kafka:4.1.0" in built(strimzi, custom(kafka, "Kafka", {"kafka": {"version": "4.1.0"}}))
    (message,) = unknown(strimzi, custom(kafka, "Kafka", {"kafka": {"version": "3.9.0"}}))
    assert "kafka-images of strimzi has no image for '3.9.0'" in message


def test_catalog_must_be_in_the_workloads() -> None:
    """CloudNativePG reads the image from the catalog with the name that the cluster gives."""
    postgres = operator("ghcr.io/cloudnative-pg/cloudnative-pg:1.28.0")
    api = "postgresql.cnpg.io/v1"
    cluster = custom(api, "Cluster", {"imageCatalogRef": {"kind": "ImageCatalog", "name": "pg", "major": 17}})
    catalog = custom(api, "ImageCatalog", {"images": [{"major": 17, "image": "r.example/pg:17"}]}, "pg")
    assert "image catalog" in unknown(postgres, cluster)[0]
    assert not [why for why in unknown(postgres, cluster, catalog) if "runs for Cluster" in why]
    assert "image catalog" in unknown(postgres, cluster, catalog.replace("name: pg", "name: other"))[0]


def test_package_without_a_registry_is_undetermined() -> None:
    """Crossplane 1 adds a registry that its version chooses."""
    api, more = "pkg.crossplane.io/v1", {"skipDependencyResolution": True}
    assert list(built(custom(api, "Provider", {"package": "xpkg.example.org/a/b:v1", **more}))) == ["xpkg.example.org/a/b:v1"]
    assert "names no registry" in unknown(custom(api, "Provider", {"package": "a/b:v1", **more}))[0]
    assert "dependencies of the package" in unknown(custom(api, "Provider", {"package": "xpkg.example.org/a/b:v1"}))[0]


def test_list_in_the_plan_closes_an_unknown() -> None:
    """Known images are still required."""
    plan = PLAN.replace("deploy}", "deploy, operator_images: {Prometheus.monitoring.coreos.com: l.txt}}")
    files = {"deploy/a.yaml": custom(MONITORING, "Prometheus", {"version": "v3.0.0"}).encode(), "l.txt": b""}
    found = read_workloads(plan_of(plan, files)).demands
    assert [str(one.reference) for one in found] == ["quay.io/prometheus/prometheus:v3.0.0"]


def test_built_demand_has_location_and_mechanism() -> None:
    """It has a location, a mechanism that reports show, and no gap."""
    (one,) = built(custom(ELASTIC, "Elasticsearch", {"version": "9.0.0"})).values()
    assert one.proof == {"mechanism": "operator", "certainty": "stated", "field": "spec.version"}
    assert dataclasses.replace(one, hidden=None) == one


def test_volume_drivers_are_required_in_addition_to_the_cluster_image() -> None:
    """Rook has them in its binary, or in a ConfigMap that no pod names; a cluster names only the image of Ceph."""
    cluster = custom("ceph.rook.io/v1", "CephCluster", {"cephVersion": {"image": "quay.io/ceph/ceph:v19.2.0"}})
    rook = operator("docker.io/rook/ceph:v1.16.4")
    assert any(image.startswith("quay.io/cephcsi/cephcsi:v3.") for image in built(rook, cluster))
    data = {"ROOK_CSI_CEPH_IMAGE": "r.example/cephcsi:1", "ROOK_CSI_ENABLE_RBD": "false"}
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "rook-ceph-operator-config"}, "data": data}
    assert "r.example/cephcsi:1" in built(rook, cluster, yaml.safe_dump(config))
    config["data"] = {**data, "ROOK_CSI_ENABLE_CEPHFS": "false"}
    assert not built(rook, cluster, yaml.safe_dump(config))
    assert "rook-ceph has the version 'v1.20.0'" in unknown(operator("docker.io/rook/ceph:v1.20.0"), cluster)[0]
