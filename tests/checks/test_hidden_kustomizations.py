"""Images that a kustomization may change or add: each is found, or the input is undetermined."""

from __future__ import annotations

import pytest

from auditor.check import Finding, Fine, Severity, Undetermined
from tests.checks.hidden import OPERATOR, pod_of, said, unknowns


def test_kustomization_that_only_lists_files_is_read() -> None:
    """It changes no image, and names every object beside it."""
    files = {"kustomization.yaml": "namespace: shop\nresources: [app.yaml]\n", "app.yaml": pod_of("Deployment", OPERATOR)}
    assert [type(item) for item in said(files)] == [Fine]
    files["other.yaml"] = pod_of("Deployment", OPERATOR)
    (found,) = unknowns(said(files))
    assert "does not name files next to it" in found.detail


@pytest.mark.parametrize(
    "text",
    [
        "resources: ['https://example.com/base?ref=v1']\n",
        "resources: [app.yaml]\ncomponents: [../c]\n",
        "resources: [app.yaml]\nreplacements: [{path: r.yaml}]\n",
        "resources: [app.yaml\n",
        "resources: [absent.yaml]\n",
        "bases: [app.yaml]\n",
    ],
)
def test_kustomization_that_is_not_applied_is_reported(text: str) -> None:
    outcomes = said({"kustomization.yaml": text, "app.yaml": pod_of("Deployment", "example.com/rewritten:1")})
    (found,) = [item for item in outcomes if isinstance(item, Undetermined)]
    assert found.subject.id == "deploy/kustomization.yaml"


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ("resources: [app.yaml]\nconfigMapGenerator: [{name: c, literals: [a=b]}]\n", Severity.ERROR),
        ("resources: [app.yaml]\nimages: [{name: example.com/other, newTag: '2'}]\n", Severity.ERROR),
        ("resources: [app.yaml]\nimages: [{name: example.com/raw, newTag: '2'}]\n", Severity.WARNING),
        ("resources: [app.yaml]\npatches: [{path: p.yaml}]\n", Severity.WARNING),
        ("resources: [app.yaml\n", Severity.WARNING),
    ],
)
def test_images_that_a_kustomization_may_change_are_possible_images(text: str, severity: Severity) -> None:
    """The files are still read: most kustomizations keep most images."""
    outcomes = said({"kustomization.yaml": text, "app.yaml": pod_of("Deployment", "example.com/raw:1")})
    assert [item.severity for item in outcomes if isinstance(item, Finding)] == [severity]
    assert [type(item) for item in outcomes if not isinstance(item, Finding)] == [Undetermined]


def test_chart_and_list_among_manifests_are_named() -> None:
    """Each with the key that reads it."""
    files = {
        "shop/Chart.yaml": "name: shop\n",
        "shop/templates/a.yaml": "image: {{ .Values.image }}\n",
        "sync.yaml": "quay.io:\n  images:\n    team/a: ['1']\n",
        "values.yaml": "image: {repository: quay.io/team/b, tag: 2}\n",
        "fleet.yaml": "helm: {chart: loki, version: 6.0.0, repo: 'https://charts.example.com'}\n",
    }
    outcomes = said(files)
    told = " ".join(item.detail for item in outcomes if isinstance(item, Undetermined))
    for name in ("chart: deploy/shop`", "list: deploy/sync.yaml`", "fleet.yaml installs the chart loki 6.0.0"):
        assert name in told
    assert [item.subject.id for item in outcomes if isinstance(item, Finding)] == ["quay.io/team/b:2"]
