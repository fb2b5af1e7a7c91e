"""What controllers request from registries themselves, and which settings count for them."""

from __future__ import annotations

import pytest

from auditor.site.registry_cases import ClientFault
from auditor.testing import site_of

PLAN = (
    "version: 1\npools: {linux: {platform: linux/amd64}}\nworkloads: [{manifests: w.yaml}]\n"
    "registry: {host: 'r.lan:5000', %s}\n"
)


def faults(text: str, registry: str = "ca: ca.pem") -> dict[str, str]:
    """Return the fault by host of the use."""
    site = site_of({"plan": PLAN % registry, "files": {"w.yaml": text, "ca.pem": ""}})
    return {case.host: case.fault.value for case in site.client_cases}


def deployment(image: str, more: str = "") -> str:
    return (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: c, namespace: system}\n"
        f"spec: {{template: {{spec: {{containers: [{{name: c, image: '{image}'{more}}}]}}}}}}\n"
    )


CHARTS = (
    "apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmRepository\nmetadata: {name: charts}\n"
    "spec: {type: oci, url: 'oci://r.lan:5000/charts', certSecretRef: {name: ca}}\n---\n"
)


@pytest.mark.parametrize(
    ("version", "fault"), [("v0.32.1", "ca"), ("v1.0.1", "ca"), ("v1.1.0", "passed"), ("v1.9.1", "passed")]
)
def test_ca_of_a_helm_repository_counts_from_the_version_that_reads_it(version: str, fault: str) -> None:
    assert faults(CHARTS + deployment(f"r.lan:5000/fluxcd/source-controller:{version}")) == {"r.lan:5000": fault}


@pytest.mark.parametrize(
    "more",
    [
        ", volumeMounts: [{name: ca, mountPath: /etc/ssl/certs/ca-certificates.crt}]",
        ", volumeMounts: [{name: ca, mountPath: /etc/pki/ca-trust/source/anchors}]",
        ", env: [{name: SSL_CERT_FILE, value: /ca/ca.pem}]",
        ", env: [{name: SSL_CERT_DIR, value: /ca}]",
    ],
)
def test_mounted_ca_counts_for_every_object(more: str) -> None:
    text = CHARTS.replace(", certSecretRef: {name: ca}", "")
    assert faults(text + deployment("fluxcd/source-controller:v1.7.0")) == {"r.lan:5000": "ca"}
    assert faults(text + deployment("fluxcd/source-controller:v1.7.0", more)) == {"r.lan:5000": "passed"}


TEKTON = (
    "apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: t}\nspec: {steps: [{name: s, image: 'r.lan:5000/bash:5'}]}\n---\n"
)


def test_default_variables_of_tekton_are_no_ca() -> None:
    controller = deployment(
        "tektoncd/pipeline/cmd/controller:v1.0", ", env: [{name: SSL_CERT_FILE, value: /etc/config-registry-cert/cert}]"
    )
    ca = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: config-registry-cert}\ndata: {cert: PEM}\n"
    assert faults(TEKTON + controller) == {"r.lan:5000": "ca"}
    assert faults(TEKTON + controller + ca) == {"r.lan:5000": "passed"}


@pytest.mark.parametrize("spec", ["command: [sh]", "script: 'true'"])
def test_step_with_a_command_needs_no_request(spec: str) -> None:
    assert faults(TEKTON.replace("bash:5'", f"bash:5', {spec}")) == {}
    assert faults(TEKTON.replace("spec: {", "spec: {stepTemplate: {command: [sh]}, ")) == {}


def test_login_that_the_workloads_do_not_show_is_unknown() -> None:
    controller = deployment("tektoncd/pipeline/cmd/controller:v1.0", ", volumeMounts: [{mountPath: /etc/ssl/certs}]")
    assert faults(TEKTON + controller, "ca: ca.pem, auth: required") == {"r.lan:5000": "unknown"}


def test_mirror_of_trivy_replaces_the_host() -> None:
    text = deployment("r.lan:5000/aquasecurity/trivy-operator:0.32.0")
    text += "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: trivy-operator-trivy-config}\n"
    text += "data: {trivy.registry.mirror.index.docker.io: r.lan:5000/hub, trivy.sslCertDir: /ca}\n---\n"
    text += "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{image: nginx}, {image: 'quay.io/a/b:1'}]}\n"
    assert faults(text) == {"r.lan:5000": "passed", "quay.io": "external"}


def test_webhook_of_zarf_makes_an_external_host_unknown() -> None:
    package = "apiVersion: pkg.crossplane.io/v1\nkind: Provider\nmetadata: {name: p}\nspec: {package: 'xpkg.io/a/b:v1'}\n---\n"
    assert faults(package) == {"xpkg.io": "external"}
    assert faults(package + deployment("ghcr.io/zarf-dev/zarf/agent:v0.60")) == {"xpkg.io": "unknown"}
    rewriting = "apiVersion: pkg.crossplane.io/v1beta1\nkind: ImageConfig\nmetadata: {name: all}\n"
    assert faults(package + rewriting) == {"xpkg.io": "unknown"}


@pytest.mark.parametrize(
    ("images", "hosts"),
    [
        ("web=ghcr.io/shop/web:~1.2", {"ghcr.io"}),
        ("ghcr.io/shop/web:^2", {"ghcr.io"}),
        ("web=shop/web, side=quay.io/shop/side:v1", {"docker.io", "quay.io"}),
        ("web=registry.corp:8443/shop/web:1.x", {"registry.corp:8443"}),
    ],
)
def test_image_list_of_the_image_updater(images: str, hosts: set[str]) -> None:
    text = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: a\n  annotations: "
    text += (
        f"{{argocd-image-updater.argoproj.io/image-list: '{images}'}}\nspec: {{source: {{repoURL: 'https://r.lan/x.git'}}}}\n"
    )
    assert set(faults(text)) == hosts


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {name: o}\nspec: {url: [a]}\n",
        "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: p}\nspec: {rules: {verifyImages: [1, null]}}\n",
        "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: p}\nspec: null\n",
        "apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: t}\nspec: {steps: {image: bash}}\n",
        "apiVersion: serving.knative.dev/v1\nkind: Service\nspec: {template: {spec: {containers: [{image: null}]}}}\n",
    ],
)
def test_malformed_objects_state_nothing(text: str) -> None:
    assert faults(text) == {}


def test_fault_has_a_value_for_each_kind() -> None:
    assert {fault.value for fault in ClientFault} == {"external", "reported", "ca", "login", "unknown", "passed"}


def test_sign_of_a_login_that_the_plan_does_not_declare_is_unknown() -> None:
    text = CHARTS + deployment("r.lan:5000/fluxcd/source-controller:v1.7.0")
    assert faults(text) == {"r.lan:5000": "passed"}
    assert faults(text, "ca: ca.pem, token_expires: 2027-03-31") == {"r.lan:5000": "unknown"}
    assert faults(text, "ca: ca.pem, auth: none, token_expires: 2027-03-31") == {"r.lan:5000": "passed"}
