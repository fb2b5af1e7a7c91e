"""Images that no pod names: each is found by a rule, or the input is undetermined. None of these inputs may pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.check import Finding, Fine, Outcome, Severity, Undetermined
from auditor.needs.resolve import resolve_needs
from auditor.needs.workload_gaps import open_gaps
from auditor.plan.load import load_plan
from auditor.testing import site_of
from tests.checks.hidden import BY_ID, OPERATOR, PLAN, TODAY, pod_of, said, unknowns

STRIMZI = pod_of(
    "Deployment",
    OPERATOR,
    "          env:\n"
    "            - {name: STRIMZI_DEFAULT_KAFKA_EXPORTER_IMAGE, value: quay.io/strimzi/kafka:0.45.0-kafka-3.9.0}\n"
    "            - name: STRIMZI_KAFKA_IMAGES\n              value: |\n"
    "                3.8.0=quay.io/strimzi/kafka:0.45.0-kafka-3.8.0\n"
    "                3.9.0=quay.io/strimzi/kafka:0.45.0-kafka-3.9.0\n",
)
ROOK = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: rook-ceph-operator-config, namespace: rook-ceph}\n"
    'data:\n  ROOK_LOG_LEVEL: INFO\n  ROOK_CSI_CEPH_IMAGE: "quay.io/cephcsi/cephcsi:v3.13.0"\n'
)
GPU_CHART = (
    "apiVersion: nvidia.com/v1\nkind: ClusterPolicy\nmetadata: {name: cluster-policy}\nspec:\n"
    '  driver: {repository: nvcr.io/nvidia, image: driver, version: "550.90.07"}\n'
)
GPU_CSV = (
    "apiVersion: operators.coreos.com/v1alpha1\nkind: ClusterServiceVersion\nmetadata:\n  name: gpu-operator\n"
    "  annotations: {containerImage: 'example.com/listed:1'}\nspec:\n  relatedImages:\n"
    "    - {name: dcgm, image: 'nvcr.io/nvidia/cloud-native/dcgm:4.0.0-1-ubi9'}\n"
)
PROMETHEUS = pod_of(
    "Deployment",
    OPERATOR,
    "          args:\n            - --prometheus-config-reloader=quay.io/prometheus-operator/reloader:v0.80.0\n",
) + (
    "---\napiVersion: monitoring.coreos.com/v1\nkind: Prometheus\nmetadata: {name: k8s, namespace: monitoring}\n"
    "spec: {replicas: 2, version: 3.1.0}\n"
)
ISTIOD = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio-sidecar-injector, namespace: istio-system}\ndata:\n  config: |-\n"
    "    templates:\n      sidecar: |\n"
    '        image: "{{ annotation .ObjectMeta `sidecar.istio.io/proxyImage` .Values.global.proxy.image }}"\n'
    '  values: |-\n    {"global": {"hub": "docker.io/istio", "tag": "1.24.2", "proxy": {"image": "proxyv2"}}}\n'
)
KNATIVE = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: config-deployment, namespace: knative-serving}\ndata:\n"
    "  _example: |\n    queue-sidecar-image: example.com/never:1\n"
    "  queue-sidecar-image: gcr.io/knative-releases/knative.dev/serving/cmd/queue@sha256:" + "a" * 64 + "\n"
)
PIRAEUS = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: piraeus-operator-image-config}\ndata:\n"
    "  0_datastore_images.yaml: |\n    # For example quay.io/piraeusdatastore/piraeus-server:v1.24.2\n"
    "    base: quay.io/piraeusdatastore\n    components:\n"
    "      linstor-csi: {tag: v1.6.3, image: piraeus-csi}\n"
    "      drbd:\n        tag: v9.2.11\n        match: [{osImage: noble, image: drbd9-noble}]\n"
)
MONGODB = pod_of(
    "Deployment",
    OPERATOR,
    "          env:\n"
    "            - {name: MONGODB_ENTERPRISE_DATABASE_IMAGE, value: quay.io/mongodb/database}\n"
    "            - {name: DATABASE_VERSION, value: 1.10.1}\n"
    "            - {name: INIT_DATABASE_IMAGE_REPOSITORY, value: quay.io/mongodb/init-database}\n"
    "            - {name: INIT_DATABASE_VERSION, value: 1.10.2}\n"
    "            - {name: AGENT_IMAGE, value: 'quay.io/mongodb/agent:108'}\n"
    "            - {name: AGENT_IMAGE_REPOSITORY, value: quay.io/mongodb/agent}\n",
)
CASSANDRA = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: image-config}\ndata:\n  image_config.yaml: |\n    images:\n"
    "      system-logger: {repository: k8ssandra, name: system-logger, tag: v1, registry: ghcr.io}\n"
    "      list: [{name: web, repository: nginx, tag: '2'}]\n"
)
NESTED = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: controller-config}\ndata:\n  controller-config.yaml: |\n"
    "    jetstream:\n      settings: |\n        max_store: -1\n"
    "      script: |\n        sidecarImage: team/reloader:0.7.0\n"
    "      versions:\n      - {version: 2.8.1, metricsExporterImage: team/exporter:0.9.1}\n"
)
FLUX = (
    "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: podinfo, namespace: apps}\nspec:\n"
    "  chart: {spec: {chart: podinfo, version: 6.5.x, sourceRef: {kind: HelmRepository, name: podinfo}}}\n"
)
KUSTOMIZE_TAG = {
    "kustomization.yaml": "resources: [app.yaml]\nimages: [{name: example.com/listed, newTag: '2'}]\n",
    "app.yaml": pod_of("Deployment", OPERATOR),
}
KUSTOMIZE_OVERLAY = {
    "base/app.yaml": pod_of("Deployment", OPERATOR),
    "base/kustomization.yml": "resources: [app.yaml]\n",
    "overlays/prod/Kustomization": "resources: [../../base]\npatches: [{path: image.yaml}]\n",
    "overlays/prod/image.yaml": pod_of("Deployment", "example.com/other:3"),
}
SHOP = "apiVersion: example.com/v1\nkind: Shop\nmetadata: {name: s}\n"
FLANNEL = {
    "kube-flannel.yml": pod_of("DaemonSet", OPERATOR),
    "kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\ncommonLabels: {k8s-app: flannel}\n"
    "resources:\n- kube-flannel.yml\nimages:\n- name: example.com/listed\n  newTag: v0.28.9\n",
}


HIDDEN = {
    "strimzi": ({"s.yaml": STRIMZI}, ["quay.io/strimzi/kafka:0.45.0-kafka-3.9.0"]),
    "rook": ({"r.yaml": ROOK}, ["quay.io/cephcsi/cephcsi:v3.13.0"]),
    "gpu-chart": ({"g.yaml": GPU_CHART}, ["nvcr.io/nvidia/driver:550.90.07"]),
    "gpu-csv": ({"c.yaml": GPU_CSV}, ["nvcr.io/nvidia/cloud-native/dcgm:4.0.0-1-ubi9"]),
    "prometheus": (
        {"p.yaml": PROMETHEUS},
        ["quay.io/prometheus-operator/reloader:v0.80.0", "quay.io/prometheus/prometheus:v3.1.0"],
    ),
    "prometheus-default": (
        {"p.yaml": PROMETHEUS.replace(OPERATOR, "example.com/prometheus-operator:v0.85.0").replace(", version: 3.1.0", "")},
        [
            "example.com/prometheus-operator:v0.85.0",
            "quay.io/prometheus-operator/reloader:v0.80.0",
            "quay.io/prometheus/prometheus:v3.5.0",
        ],
    ),
    "istiod": ({"i.yaml": ISTIOD}, ["docker.io/istio/proxyv2:1.24.2"]),
    "piraeus": (
        {"p.yaml": PIRAEUS},
        ["quay.io/piraeusdatastore/drbd9-noble:v9.2.11", "quay.io/piraeusdatastore/piraeus-csi:v1.6.3"],
    ),
    "mongodb": (
        {"m.yaml": MONGODB},
        ["quay.io/mongodb/agent:108", "quay.io/mongodb/database:1.10.1", "quay.io/mongodb/init-database:1.10.2"],
    ),
    "cassandra": ({"c.yaml": CASSANDRA}, ["docker.io/library/nginx:2", "ghcr.io/k8ssandra/system-logger:v1"]),
    "nested": ({"n.yaml": NESTED}, ["docker.io/team/exporter:0.9.1", "docker.io/team/reloader:0.7.0"]),
    "knative": ({"k.yaml": KNATIVE}, ["gcr.io/knative-releases/knative.dev/serving/cmd/queue@sha256:" + "a" * 64]),
}


@pytest.mark.parametrize(("files", "images"), HIDDEN.values(), ids=HIDDEN)
def test_hidden_images_are_errors_until_a_list_has_them(files: dict[str, str], images: list[str]) -> None:
    """Each finding names the image, where it is written, and how that is known."""
    found = {item.subject.id: item for item in said(files) if isinstance(item, Finding)}
    assert sorted(found) == sorted(images)
    assert {item.severity for item in found.values()} == {Severity.ERROR}
    hidden = [item for item in found.values() if "mechanism" in item.facts]
    assert all(item.facts["certainty"] in {"stated", "configured"} and item.facts["field"] for item in hidden)
    assert len(hidden) >= len(found) - 1
    assert not [item for item in said(files, *images) if isinstance(item, Finding)]


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (KUSTOMIZE_TAG, ["deploy/kustomization.yaml", "newTag=2", "kubectl kustomize deploy > rendered.yaml"]),
        (KUSTOMIZE_OVERLAY, ["deploy/overlays/prod/Kustomization", "patches: image.yaml"]),
        ({"p.yaml": PROMETHEUS}, ["Prometheus.monitoring.coreos.com"]),
        (
            {"f.yaml": FLUX},
            ["HelmRelease apps/podinfo installs the chart podinfo 6.5.x", "the plan has no copy of it"],
        ),
        (FLANNEL, ["deploy/kustomization.yaml", "newTag=v0.28.9"]),
    ],
    ids=["kustomize-tag", "kustomize-overlay", "prometheus", "flux", "flannel"],
)
def test_hidden_images_are_undetermined_by_file_and_object(files: dict[str, str], names: list[str]) -> None:
    """Neither a pass nor an error; and with them no listed image is called unused."""
    found = [item for item in said(files) if isinstance(item, Undetermined)]
    told = " ".join(f"{item.subject.id} {item.detail}" for item in found)
    assert found
    assert [name for name in names if name not in told] == []
    assert all(item.location and item.location.file.startswith("deploy/") for item in found)
    assert not unknowns_pass(files)


def unknowns_pass(files: dict[str, str]) -> list[Outcome]:
    """Findings of image-unused: with a gap there must be none."""
    return [item for item in said(files, "example.com/unused:1", check="image-unused") if isinstance(item, Finding)]


def test_zarf_import_is_undetermined() -> None:
    """The images of an imported component are in another package."""
    plan = PLAN.replace("images.txt", "zarf.yaml")
    text = "kind: ZarfPackageConfig\nmetadata: {name: p}\ncomponents:\n  - name: a\n    import: {path: ../other}\n"
    site = site_of({"plan": plan, "files": {"zarf.yaml": text, "deploy/a.yaml": ROOK}, "observed": {}})
    (found,) = [item for item in BY_ID["image-reference-invalid"].run(site, TODAY) if isinstance(item, Undetermined)]
    assert "the component is imported from '../other'" in found.detail


def test_a_zarf_import_is_known_if_the_plan_lists_the_imported_package() -> None:
    plan = PLAN.replace("{list: images.txt}", "{list: app/zarf.yaml}, {list: other/zarf.yaml}")
    head = "kind: ZarfPackageConfig\nmetadata: {name: p}\ncomponents:\n"
    files = {
        "app/zarf.yaml": f"{head}  - name: a\n    import: {{path: ../other}}\n",
        "other/zarf.yaml": f"{head}  - name: a\n    images: [example.com/a:1]\n",
        "deploy/a.yaml": ROOK,
    }
    lines = site_of({"plan": plan, "files": files, "observed": {}}).needs.lines
    assert [str(line.reference) for line in lines] == ["example.com/a:1"]


def test_one_of_several_versions_in_one_field_is_enough() -> None:
    """Strimzi's variable maps Kafka versions to images: a site needs the versions that it runs."""
    exporter = next(line for line in STRIMZI.splitlines(keepends=True) if "EXPORTER" in line)
    text = STRIMZI.replace(exporter, "")
    (found,) = [item for item in said({"s.yaml": text}) if isinstance(item, Finding)]
    assert found.subject.id.endswith(":0.45.0-kafka-3.8.0")
    assert found.facts["alternatives"] == ("quay.io/strimzi/kafka:0.45.0-kafka-3.9.0",)
    assert [type(item) for item in said({"s.yaml": text}, "quay.io/strimzi/kafka:0.45.0-kafka-3.9.0")] == [Fine]


def test_reference_in_an_unlisted_field_is_a_warning() -> None:
    """It is whole, but no field says that it is an image."""
    text = pod_of("Deployment", OPERATOR, "          args: ['serve', 'quay.io/team/plugin:2']\n")
    (found,) = [item for item in said({"a.yaml": text}) if isinstance(item, Finding)]
    assert (found.severity, found.facts["certainty"]) == (Severity.WARNING, "possible")


def test_images_in_an_object_of_an_unknown_kind_do_not_prove_that_they_are_all() -> None:
    """The GPU operator appends the operating system of each node to the tag of the driver."""
    outcomes = said({"g.yaml": GPU_CHART}, "nvcr.io/nvidia/driver:550.90.07")
    (found,) = [item for item in outcomes if isinstance(item, Undetermined)]
    assert found.subject.id == "ClusterPolicy.nvidia.com in deploy/g.yaml"
    assert "may run other images than those that it names" in found.detail


def test_list_of_an_operator_resolves_the_gap_of_its_kind() -> None:
    """`operator_images` names the list; it is an image list like any other."""
    plan = PLAN.replace(
        "{manifests: deploy}", "{manifests: deploy, operator_images: {HelmRelease.helm.toolkit.fluxcd.io: flux.txt}}"
    )
    site = site_of({"plan": plan, "files": {"images.txt": "a:1\n", "flux.txt": "b:1\n", "deploy/f.yaml": FLUX}, "observed": {}})
    assert not list(BY_ID["image-not-listed"].run(site, TODAY))
    assert [str(line.reference) for line in site.needs.lines] == ["docker.io/library/a:1", "docker.io/library/b:1"]


def test_objects_of_one_kind_are_one_gap() -> None:
    """With their count and the first place."""
    text = "---\n".join(f"apiVersion: example.com/v1\nkind: Shop\nmetadata: {{name: s{number}}}\n" for number in range(200))
    (found,) = unknowns(said({"shops.yaml": text}))
    assert "(200 such objects in this file)" in found.detail
    assert found.facts["count"] == 200
    assert (found.location.file, found.location.line) == ("deploy/shops.yaml", 1) if found.location else False
    assert "operator_images: {Shop.example.com: lists/images.txt}" in found.detail


def item(kind: str, rest: str, group: str = "v1") -> str:
    return f"apiVersion: {group}\nkind: {kind}\nmetadata: {{name: x, labels: {{app.kubernetes.io/version: 1.2.3}}}}\n{rest}\n"


QUIET = [
    item("Service", "spec: {selector: {image: a/b:1}}"),
    item("Certificate", "spec: {secretName: tls, dnsNames: [registry.example.com]}", "cert-manager.io/v1"),
    item("ServiceMonitor", "spec: {endpoints: [{port: http, path: /metrics}]}", "monitoring.coreos.com/v1"),
    item("HTTPRoute", "spec: {hostnames: [shop.example.com]}", "gateway.networking.k8s.io/v1"),
    item("ConfigMap", "data: {url: 'https://example.com/a:1', v: 1.2.3, p: /usr/bin:/bin, m: image/png}"),
    item("ConfigMap", "data: {mime.types: 'image/svg+xml  svg;', selector: app.kubernetes.io/name=a}"),
    item("Secret", "data: {password: Y29ycmVjdC1ob3JzZQ==}"),
    item("CustomResourceDefinition", "spec: {image: {default: 'example.com/a:1'}}", "apiextensions.k8s.io/v1"),
    pod_of(
        "Deployment",
        OPERATOR,
        "          args: ['--image-pull-policy=Always', '--listen=0.0.0.0:8080', '--config=/etc/a.yaml']\n"
        "          env:\n            - {name: IMAGE_PULL_POLICY, value: Always}\n"
        "            - {name: HOST, value: 'db.example.com:5432'}\n"
        "            - {name: ENDPOINT, value: 'https://registry.example.com/v2/a:1'}\n"
        "            - {name: IMAGE, value: $(OTHER)}\n",
    ),
]


@pytest.mark.parametrize("text", QUIET)
def test_values_that_are_not_images_are_not_reported(text: str) -> None:
    assert not unknowns(said({"a.yaml": text}))


def test_proxy_that_istio_injects_is_undetermined() -> None:
    (found,) = unknowns(said({"gateway.yaml": pod_of("Deployment", "auto")}))
    assert "Istio" in found.detail


def test_subjects_of_outcomes_hold_no_absolute_path(tmp_path: Path) -> None:
    """Fingerprints are made of it, and a plan may be named by an absolute path."""
    (tmp_path / "deploy").mkdir()
    (tmp_path / "images.txt").write_text("example.com/listed:1\n")
    for name, text in {**FLANNEL, "s.yaml": STRIMZI}.items():
        (tmp_path / "deploy" / name).write_text(text)
    (tmp_path / "more").mkdir()
    for name, text in {"broken.yaml": "a: [\n", "s.yaml": SHOP, "f.yaml": FLUX}.items():
        (tmp_path / "more" / name).write_text(text)
    (tmp_path / "plan.yaml").write_text(
        f"{PLAN}".replace("{manifests: deploy}", "{manifests: deploy}, {manifests: more}, {chart: c}")
    )
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "Chart.yaml").write_text("name: c\n")
    demands = resolve_needs(load_plan(tmp_path / "plan.yaml")).demands
    names = [demand.who for demand in demands] + [gap.name for gap in open_gaps(demands, ())]
    assert {"more/broken.yaml", "deploy/kustomization.yaml", "Shop.example.com in more/s.yaml", "c"} <= set(names)
    assert not [name for name in names if str(tmp_path) in name]
    assert all(demand.location.file.startswith(str(tmp_path)) for demand in demands)
