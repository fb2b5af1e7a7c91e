"""What each kind of policy demands, for which images, and what the audit states by name."""

from __future__ import annotations

import json

import pytest

from auditor.needs.resolve import resolve_needs
from auditor.needs.signature_demands import SignatureDemands, signature_demands
from auditor.plan.load import load_plan_files
from auditor.plan.model import Plan
from auditor.readers.signatures.model import SignatureForm, SignaturePolicies
from auditor.readers.signatures.reading import signature_policies

POD = """apiVersion: v1
kind: Pod
metadata: {{name: web, namespace: {namespace}}}
spec: {{containers: [{{name: web, image: "{image}"}}]}}
"""
KYVERNO = """apiVersion: kyverno.io/v1
kind: {kind}
metadata: {{name: signed, namespace: shop}}
spec:
  validationFailureAction: Enforce
  rules:
  - name: check
{selection}
    verifyImages:
    - imageReferences: ["{pattern}"]
      attestors: [{{entries: [{{keys: {{publicKeys: x}}}}]}}]
"""


def plan_of(*files: str, images: str = "", config: dict[str, bytes] | None = None, more: str = "") -> Plan:
    """Return a plan with these manifests, images and node configuration."""
    named = ", config: [nodes]" if config else ""
    listed = f"images: [{images}]\n" if images else ""
    manifests = {f"k8s/{number}.yaml": text.encode() for number, text in enumerate(files)}
    workloads = "workloads: [{manifests: k8s}]\n" if files else ""
    text = f"version: 1\npools: {{linux: {{platform: linux/amd64{named}}}}}\n{listed}{workloads}{more}"
    nodes = {f"nodes/{name}": data for name, data in (config or {}).items()}
    return load_plan_files("plan.yaml", {"plan.yaml": text.encode(), **manifests, **nodes})


def demands_of(plan: Plan) -> tuple[SignaturePolicies, SignatureDemands]:
    """Return the policies of a plan and their demands."""
    policies = signature_policies(plan)
    return policies, signature_demands(plan, resolve_needs(plan), policies)


def images_of(plan: Plan) -> list[str]:
    """Return the images for which a signature is demanded."""
    return [str(demand.seen) for demand in demands_of(plan)[1].demands]


def kyverno(pattern: str = "*", kind: str = "ClusterPolicy", selection: str = "") -> str:
    """Return a Kyverno policy."""
    indented = "\n".join(f"    {line}" for line in selection.splitlines())
    return KYVERNO.format(pattern=pattern, kind=kind, selection=indented)


@pytest.mark.parametrize(
    ("selection", "namespace", "is_demanded"),
    [
        ("match: {any: [{resources: {kinds: [Pod]}}]}", "shop", True),
        ("match: {any: [{resources: {kinds: [Pod], namespaces: [sh*]}}]}", "shop", True),
        ("match: {any: [{resources: {kinds: [Pod], namespaces: [prod]}}]}", "shop", False),
        ("match: {resources: {kinds: [Pod]}}\nexclude: {resources: {namespaces: [shop]}}", "shop", False),
        ("match: {any: [{resources: {kinds: [Pod], namespaces: [a]}}, {resources: {kinds: [Pod]}}]}", "shop", True),
        ("match: {any: [{resources: {kinds: [Pod]}}]}", "kube-system", False),
        ("match: {any: [{resources: {kinds: [Pod]}}]}", "kyverno", False),
    ],
)
def test_kyverno_namespaces(selection: str, namespace: str, is_demanded: bool) -> None:
    plan = plan_of(kyverno(selection=selection), POD.format(namespace=namespace, image="ghcr.io/org/web:1"))
    assert bool(images_of(plan)) is is_demanded


def test_policy_of_a_namespace_covers_only_its_own() -> None:
    pods = [POD.format(namespace=name, image=f"ghcr.io/org/{name}:1") for name in ("shop", "other")]
    assert images_of(plan_of(kyverno(kind="Policy"), *pods)) == ["ghcr.io/org/shop:1"]


@pytest.mark.parametrize("image", ["nginx", "nginx:latest", "docker.io/library/nginx", "index.docker.io/library/nginx:latest"])
@pytest.mark.parametrize("pattern", ["docker.io/nginx*", "docker.io/library/nginx:*", "*nginx*"])
def test_names_of_docker_hub_match_in_both_spellings(image: str, pattern: str) -> None:
    assert images_of(plan_of(kyverno(pattern), POD.format(namespace="shop", image=image))) == ["docker.io/library/nginx:latest"]


def test_listed_image_is_seen_under_its_internal_name() -> None:
    more = 'registry: {host: "r.local:5000", rewrites: {ghcr.io: "r.local:5000/ghcr"}}\n'
    plan = plan_of(kyverno("r.local:5000/ghcr/*"), images='{ref: "ghcr.io/org/web:1"}', more=more)
    (demand,) = demands_of(plan)[1].demands
    assert (str(demand.reference), str(demand.seen)) == ("ghcr.io/org/web:1", "r.local:5000/ghcr/org/web:1")


def test_pod_with_the_internal_name_is_the_listed_image() -> None:
    more = 'registry: {host: "r.local:5000", rewrites: {ghcr.io: "r.local:5000/ghcr"}}\n'
    pod = POD.format(namespace="shop", image="r.local:5000/ghcr/org/web:1")
    plan = plan_of(kyverno("r.local:5000/*"), pod, images='{ref: "ghcr.io/org/web:1"}', more=more)
    (demand,) = demands_of(plan)[1].demands
    assert str(demand.reference) == "ghcr.io/org/web:1"


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ("attestors: [{entries: [{keys: {publicKeys: x}}, {keys: {publicKeys: y}}]}]", "several attestors"),
        ("attestors: [{entries: [{keys: {publicKeys: x}}]}, {entries: [{keys: {publicKeys: y}}]}]", "several attestors"),
        ("attestors: [{count: 2, entries: [{keys: {publicKeys: x}}, {keys: {publicKeys: y}}]}]", "several attestors"),
        ("attestors: [{count: 1, entries: [{keys: {publicKeys: x}}, {keys: {publicKeys: y}}]}]", ""),
        ("attestors: [{entries: [{keys: {publicKeys: x}}]}]\n      mutateDigest: false", "without a digest"),
        ("attestors: [{entries: [{keys: {publicKeys: x}}]}]\n      mutateDigest: false\n      verifyDigest: false", ""),
    ],
)
def test_demands_beyond_one_signature_are_named(more: str, named: str) -> None:
    text = kyverno().replace("attestors: [{entries: [{keys: {publicKeys: x}}]}]", more)
    policies, _ = demands_of(plan_of(text, POD.format(namespace="shop", image="a.b/c:1")))
    assert len(policies.rules) == 1
    assert [named in one.why for one in policies.unread] == ([True] if named else [])


def test_conditions_make_a_rule_doubtful() -> None:
    selection = "match: {any: [{resources: {kinds: [Pod], selector: {matchLabels: {a: b}}}}]}"
    policies, _ = demands_of(plan_of(kyverno(selection=selection), POD.format(namespace="shop", image="a.b/c:1")))
    assert [rule.doubt for rule in policies.rules] == ["the rule selects objects by selector"]


NODE = {
    "default": [{"type": "insecureAcceptAnything"}],
    "transports": {
        "docker": {
            "ghcr.io/org": [{"type": "sigstoreSigned", "keyPath": "/k"}],
            "ghcr.io/org/open": [{"type": "insecureAcceptAnything"}],
            "*.example.com": [{"type": "reject"}],
            "quay.io": [{"type": "signedBy", "keyType": "GPGKeys", "keyPath": "/k"}],
        }
    },
}


@pytest.mark.parametrize(
    ("image", "forms", "denies"),
    [
        ("ghcr.io/org/web:1", (SignatureForm.SIG,), False),
        ("ghcr.io/org/open:1", None, False),
        ("docker.io/library/nginx:1", None, False),
        ("r.example.com/a:1", (), True),
        ("ghcr.io/organisation/web:1", None, False),
    ],
)
def test_most_specific_scope_of_a_node_decides(image: str, forms: tuple[SignatureForm, ...] | None, denies: bool) -> None:
    plan = plan_of(images=f'{{ref: "{image}"}}', config={"policy.json": json.dumps(NODE).encode()})
    policies, found = demands_of(plan)
    assert [demand.rule.forms for demand in found.demands] == ([] if forms is None else [forms])
    assert [demand.rule.denies for demand in found.demands] == ([] if forms is None else [denies])
    assert any("signedBy" in one.why for one in policies.unread)


CONNAISSEUR = """apiVersion: v1
kind: ConfigMap
metadata: {name: connaisseur-app-config, namespace: connaisseur}
data:
  config.yaml: |
    validators:
    - {name: allow, type: static, approve: true}
    - {name: deny, type: static, approve: false}
    - {name: default, type: cosign, trustRoots: [{name: default, key: x}]}
    - {name: odd, type: quantum}
    policy:
    - {pattern: "*:*", validator: deny}
    - {pattern: "ghcr.io/org/*:*", validator: default}
    - {pattern: "ghcr.io/org/open:*", validator: allow}
    - {pattern: "quay.io/*:*", validator: odd}
    - {pattern: "gcr.io/*:*", validator: missing}
"""


def test_most_specific_pattern_of_connaisseur_decides() -> None:
    names = ("ghcr.io/org/web:1", "ghcr.io/org/open:1", "docker.io/library/nginx:1")
    plan = plan_of(CONNAISSEUR, *(POD.format(namespace="shop", image=name) for name in names))
    policies, found = demands_of(plan)
    assert {str(one.seen): (one.rule.forms, one.rule.denies) for one in found.demands} == {
        "ghcr.io/org/web:1": ((SignatureForm.SIG,), False),
        "docker.io/library/nginx:1": ((), True),
    }
    assert [one.why[:30] for one in policies.unread] == ["the type quantum of its valida", "its validator missing is not d"]


def custom(version: str, kind: str, name: str, spec: str = "{}") -> str:
    """Return a custom resource."""
    return f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {spec}\n"


@pytest.mark.parametrize(
    ("document", "named"),
    [
        (custom("portieris.cloud.ibm.com/v1", "ImagePolicy", "p"), "ImagePolicy p"),
        (custom("config.ratify.dev/v2alpha1", "Executor", "e"), "Executor e"),
        (custom("policy.sigstore.dev/v2", "New", "n"), "New n"),
        (custom("kyverno.io/v1", "ClusterPolicy", "c", "{rules: [{verifyImages: ["), "k8s/0.yaml"),
        (custom("kyverno.io/v1", "ClusterPolicy", "c", "{rules: [{name: r, verifyImages: 5}]}"), "ClusterPolicy c"),
        (
            custom("policies.kyverno.io/v1", "ImageValidatingPolicy", "i", "{matchImageReferences: [{expression: x}]}"),
            "Policy i",
        ),
        (
            custom("config.openshift.io/v1", "ImagePolicy", "o", "{scopes: [a.b], policy: {rootOfTrust: {policyType: X}}}"),
            "ImagePolicy o",
        ),
    ],
)
def test_unknown_policies_are_stated_by_name(document: str, named: str) -> None:
    (unread,) = signature_policies(plan_of(document)).unread
    assert named in unread.owner
    assert unread.location.line >= 1


@pytest.mark.parametrize(
    "document",
    [
        custom("kyverno.io/v1", "ClusterPolicy", "v", "{rules: [{name: a, validate: {message: m}}]}"),
        custom("policy.sigstore.dev/v1alpha1", "TrustRoot", "t"),
        custom("config.ratify.deislabs.io/v1beta1", "Store", "s", "{name: oras}"),
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {config.yaml: 'validators: 5'}\n",
        custom("config.openshift.io/v1", "Image", "cluster"),
    ],
)
def test_other_objects_demand_no_signature(document: str) -> None:
    assert signature_policies(plan_of(document)).is_empty


@pytest.mark.parametrize("value", ["5", "[]", "{}", "null", "[[[]]]", "'x'", "[{}]", "[{name: 3, attestors: 7}]"])
def test_odd_values_never_raise(value: str) -> None:
    for group, kind in (
        ("kyverno.io/v1", "ClusterPolicy"),
        ("policies.kyverno.io/v1", "ImageValidatingPolicy"),
        ("policy.sigstore.dev/v1beta1", "ClusterImagePolicy"),
        ("config.openshift.io/v1", "ImagePolicy"),
        ("config.ratify.deislabs.io/v1beta1", "Verifier"),
    ):
        for field in ("rules", "images", "authorities", "scopes", "policy", "attestors", "matchImageReferences", "parameters"):
            policies = signature_policies(plan_of(custom(group, kind, "verifyImages", f"{{name: cosign, {field}: {value}}}")))
            assert not any("bug" in one.why for one in policies.unread), policies.unread
