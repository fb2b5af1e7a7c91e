"""Kubernetes manifests: each image, its pools, and the object that runs it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.needs.resolve import resolve_needs
from auditor.readers.demands import Demand, DemandGap
from auditor.readers.workloads import read_workloads
from auditor.testing import plan_of

PLAN = """version: 1
pools:
  lin: {platform: linux/amd64}
  arm: {platform: linux/arm64}
  w22: {platform: "windows/amd64:ltsc2022"}
  w25: {platform: "windows/amd64:ltsc2025"}
workloads: [{manifests: deploy}]
"""
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers: [{name: c, image: r.example/a:1}]\n"
ALL = ("lin", "arm", "w22", "w25")


def demands(text: str, **more: str) -> tuple[Demand, ...]:
    files = {"deploy/a.yaml": text, **more}
    return read_workloads(plan_of(PLAN, {name: content.encode() for name, content in files.items()})).demands


def pools_of(spec: str, **more: str) -> tuple[str, ...]:
    """Return the pools of a pod with further lines in its spec."""
    (demand,) = demands(POD + spec, **more)
    return demand.pools


@pytest.mark.parametrize(
    ("spec", "pools"),
    [
        ("", ALL),
        ("  os: {name: windows}\n", ("w22", "w25")),
        ("  nodeSelector: {kubernetes.io/os: linux}\n", ("lin", "arm")),
        ("  nodeSelector: {beta.kubernetes.io/os: linux, kubernetes.io/arch: arm64}\n", ("arm",)),
        ("  nodeSelector: {node.kubernetes.io/windows-build: 10.0.20348}\n", ("w22",)),
        ("  nodeSelector: {disk: fast}\n", ALL),
        ("  nodeSelector: {kubernetes.io/os: plan9}\n", ()),
        ("  securityContext: {windowsOptions: {hostProcess: true}}\n", ("w22", "w25")),
    ],
)
def test_pod_fields_determine_its_pools(spec: str, pools: tuple[str, ...]) -> None:
    """Any node may have a label that the plan does not determine."""
    assert pools_of(spec) == pools


@pytest.mark.parametrize(
    ("terms", "pools"),
    [
        ("[{matchExpressions: [{key: kubernetes.io/os, operator: NotIn, values: [windows]}]}]", ("lin", "arm")),
        ("[{matchExpressions: [{key: kubernetes.io/os, operator: In, values: [windows]}]}]", ("w22", "w25")),
        (
            (
                "[{matchExpressions: [{key: kubernetes.io/arch, operator: In, values: [arm64]}]},"
                " {matchExpressions: [{key: node.kubernetes.io/windows-build, operator: In, values: [10.0.26100]}]}]"
            ),
            ("arm", "w25"),
        ),
        ("[{matchExpressions: [{key: kubernetes.io/os, operator: DoesNotExist}]}]", ()),
        ("[{matchExpressions: [{key: kubernetes.io/os, operator: Exists}]}]", ALL),
    ],
)
def test_required_affinity_determines_the_pools(terms: str, pools: tuple[str, ...]) -> None:
    """All expressions of a term, and at least one term, must match."""
    how = f"requiredDuringSchedulingIgnoredDuringExecution: {{nodeSelectorTerms: {terms}}}"
    assert pools_of(f"  affinity:\n    nodeAffinity:\n      {how}\n") == pools


def test_runtime_class_restricts_the_pools() -> None:
    """Its definition may be in any manifest."""
    defined = (
        "apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: {name: w25}\nhandler: runhcs\n"
        "scheduling: {nodeSelector: {node.kubernetes.io/windows-build: 10.0.26100}}\n"
    )
    assert pools_of("  runtimeClassName: w25\n", **{"deploy/z.yaml": defined}) == ("w25",)


def test_images_are_read_from_every_field() -> None:
    """Init and ephemeral containers, image volumes, variables, arguments in both forms; each with its line."""
    found = demands(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, namespace: n}\nspec:\n  template:\n    spec:\n"
        "      hostNetwork: true\n"
        "      initContainers: [{name: i, image: r.example/init:1}]\n"
        "      ephemeralContainers: [{name: e, image: r.example/debug:1}]\n"
        "      volumes: [{name: v, image: {reference: r.example/volume:1}}, {name: w, emptyDir: {}}]\n"
        "      containers:\n        - name: c\n          image: r.example/main:1\n"
        "          env: [{name: RELATED_IMAGE_X, value: r.example/related:1}, {name: OTHER, value: r.example/no:1}]\n"
        "          args: [--sidecar-image=r.example/arg:1, --proxy-image, r.example/next:1, --image-pull-policy=Always]\n"
        "          command: [run, --image]\n"
    )
    assert [(demand.text, demand.location.line, demand.is_possible) for demand in found] == [
        ("r.example/init:1", 8, False),
        ("r.example/main:1", 13, False),
        ("r.example/related:1", 14, False),
        ("r.example/debug:1", 9, False),
        ("r.example/volume:1", 10, False),
        ("r.example/no:1", 14, False),
        ("r.example/arg:1", 15, False),
        ("r.example/next:1", 15, False),
    ]
    assert found[0].who == "Deployment n/d container i"
    assert found[0].host_network


def test_pods_in_lists_custom_resources_and_cron_jobs_are_read() -> None:
    """At any place of a pod template."""
    text = (
        "apiVersion: v1\nkind: List\nitems:\n  - apiVersion: batch/v1\n    kind: CronJob\n    metadata: {name: j}\n"
        "    spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: c, image: r.example/job:1}]}}}}}\n"
        "  - apiVersion: example.com/v1\n    kind: Shop\n    metadata: {name: s}\n"
        "    spec: {tiers: [{template: {spec: {containers: [{name: c, image: r.example/tier:1}]}}}]}\n"
    )
    job, tier, more = demands(text)
    assert [job.who, tier.who] == ["CronJob j container c", "Shop s container c"]
    assert "may run other images than those that it names" in more.unbounded
    (unknown,) = demands("apiVersion: example.com/v1\nkind: Shop\nmetadata: {name: s}\nspec: {size: 3}\n")
    assert (unknown.hidden.gap, unknown.hidden.kind) == (DemandGap.KIND, "Shop.example.com") if unknown.hidden else False


def test_other_files_are_skipped_and_broken_manifests_are_errors() -> None:
    """READMEs and kustomizations are skipped; a broken manifest is an error with its line."""
    found = demands(
        "apiVersion: v1\nkind: Pod\nspec:\n\tcontainers: []\n",
        **{"deploy/README.md": "\tx: {", "deploy/kustomization.yaml": "resources: [a.yaml]", "deploy/values.yaml": "a: 1"},
    )
    assert [(demand.location.line, "tabs" in demand.error) for demand in found] == [(4, True)]


def test_a_placeholder_is_an_error() -> None:
    """A template that was never rendered."""
    (demand,) = demands(POD.replace("r.example/a:1", '"{{ .Values.image }}"'))
    assert "template" in demand.error
    (empty,) = demands(POD.replace("r.example/a:1", '""'))
    assert empty.error == "the image is empty"


def test_demands_become_needs_with_their_reason() -> None:
    """For the matching pools; a possible image is not a need."""
    plan = plan_of(PLAN, {"deploy/a.yaml": (POD + "  os: {name: windows}\n").encode()})
    needs = resolve_needs(plan).needs
    assert [(str(need.reference), need.pool, need.why[0].kind) for need in needs] == [
        ("r.example/a:1", "w22", "manifest"),
        ("r.example/a:1", "w25", "manifest"),
    ]


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200), st.integers(0, 120))
def test_any_text_is_read_or_reported(noise: str, at: int) -> None:
    """No exception is raised."""
    for demand in demands(POD[:at] + noise + POD[at:]):
        assert (demand.reference is not None) + bool(demand.error) + bool(demand.unbounded) == 1
