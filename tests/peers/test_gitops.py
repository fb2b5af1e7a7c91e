"""Releases of GitOps tools, rendered by the real helm from the plan's copy of their chart."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.needs.resolve import resolve_needs
from auditor.needs.workload_gaps import open_gaps
from auditor.pipeline.chart_rendering import with_charts
from auditor.pipeline.inputs import load
from tests.peers.programs import require

pytestmark = pytest.mark.peer

CHART = {
    "charts/shop/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.4.2\n",
    "charts/shop/values.yaml": "tag: '1'\ncache: {tag: ''}\npassword: none\n",
    "charts/shop/templates/a.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: {{ .Release.Name }}}\n"
    'spec:\n  template:\n    spec:\n      containers:\n        - {name: a, image: "r.example/shop:{{ .Values.tag }}"}\n'
    '{{- if .Values.cache.tag }}\n        - {name: c, image: "r.example/cache:{{ .Values.cache.tag }}"}\n{{- end }}\n',
}
PLAN = "version: 1\npools: {a: {platform: linux/amd64}}\nworkloads: [{manifests: deploy}, {chart: charts/shop}]\n"


def item(api: str, kind: str, rest: str, name: str = "web") -> str:
    return f"---\napiVersion: {api}\nkind: {kind}\nmetadata: {{name: {name}, namespace: apps}}\n{rest}\n"


FLUX = "helm.toolkit.fluxcd.io/v2"
SOURCE = "source.toolkit.fluxcd.io/v1"
ARGO = "argoproj.io/v1alpha1"
K3S = "helm.cattle.io/v1"
CONFIG = item("v1", "ConfigMap", "data: {values.yaml: 'tag: 2', cache: '7'}", "values")
REPOSITORY = item(SOURCE, "HelmRepository", "spec: {url: 'https://charts.example.com'}", "shop")
BY_NAME = "chart: {spec: {chart: shop, version: 1.4.x, sourceRef: {kind: HelmRepository, name: shop}}}"
RELEASES = {
    "flux": {"f.yaml": REPOSITORY + item(FLUX, "HelmRelease", f"spec: {{{BY_NAME}, values: {{tag: '3', cache: {{tag: 7}}}}}}")},
    "flux-config-map": {
        "f.yaml": REPOSITORY
        + CONFIG
        + item(
            FLUX,
            "HelmRelease",
            f"spec: {{{BY_NAME}, valuesFrom: [{{kind: ConfigMap, name: values}}, {{kind: ConfigMap, name: values, "
            "valuesKey: cache, targetPath: cache.tag}], values: {tag: '3'}}",
        )
    },
    "flux-oci": {
        "f.yaml": item(SOURCE, "OCIRepository", "spec: {url: 'oci://r.example/charts/shop', ref: {semver: 1.x}}", "shop")
        + item(
            FLUX,
            "HelmRelease",
            "spec: {chartRef: {kind: OCIRepository, name: shop}, values: {tag: '3', cache: {tag: '7'}}}",
        )
    },
    "flux-git": {
        "f.yaml": item(SOURCE, "GitRepository", "spec: {url: 'https://git.example.com/a'}", "git")
        + item(
            FLUX,
            "HelmRelease",
            "spec: {chart: {spec: {chart: ./charts/shop, sourceRef: {kind: GitRepository, name: git}}}, "
            "values: {tag: '3', cache: {tag: '7'}}}",
        )
    },
    "argo": {
        "a.yaml": item(
            ARGO,
            "Application",
            "spec: {source: {chart: shop, repoURL: 'https://charts.example.com', targetRevision: '*', helm: {values: 'tag: 2', "
            "parameters: [{name: tag, value: '3'}], valuesObject: {cache: {tag: '7'}}}}, destination: {namespace: shop}}",
        )
    },
    "argo-several": {
        "a.yaml": item(
            ARGO,
            "Application",
            "spec: {sources: [{chart: shop, repoURL: r.example/charts, targetRevision: 1.4.2, helm: {valueFiles: "
            "[$v/env/prod.yaml]}}, {repoURL: 'https://git.example.com/a', ref: v}]}",
        ),
        "env/prod.yaml": "tag: '3'\ncache: {tag: '7'}\n",
    },
    "argo-list": {
        "a.yaml": item(
            ARGO,
            "ApplicationSet",
            "spec: {generators: [{list: {elements: [{tag: '3'}]}}], template: {metadata: {name: 'shop-{{tag}}'}, spec: "
            "{source: {chart: shop, repoURL: 'https://charts.example.com', targetRevision: 1.4.2, helm: {parameters: "
            "[{name: tag, value: '{{tag}}'}, {name: cache.tag, value: '7'}]}}}}}",
        )
    },
    "helm-controller": {
        "k.yaml": item(
            K3S,
            "HelmChart",
            "spec: {chart: shop, repo: 'https://charts.example.com', version: 1.4.2, valuesContent: 'tag: 2', set: {tag: 3}}",
        )
        + item(K3S, "HelmChartConfig", "spec: {valuesContent: 'cache: {tag: 7}'}")
    },
    "fleet": {
        "web/fleet.yaml": "defaultNamespace: shop\nhelm:\n  chart: shop\n  repo: https://charts.example.com\n  version: 1.4.2\n"
        "  values: {tag: '3'}\n  valuesFiles: [more.yaml]\n",
        "web/more.yaml": "cache: {tag: '7'}\n",
    },
    "archive": {
        "k.yaml": item(
            K3S,
            "HelmChart",
            "spec: {chart: 'https://%{KUBERNETES_API}%/static/charts/shop-1.4.2.tgz', set: {tag: 3, cache.tag: 7}}",
        )
    },
    "fleet-archive": {
        "web/fleet.yaml": "helm:\n  chart: https://example.com/a/shop-1.4.2.tgz\n  values: {tag: '3', cache: {tag: '7'}}\n"
    },
    "bundle": {
        "b.yaml": item(
            "fleet.cattle.io/v1alpha1",
            "Bundle",
            "spec: {helm: {chart: 'oci://r.example/charts/shop', version: 1.4.2, values: {tag: '3', cache: {tag: '7'}}}}",
        )
    },
    "helmfile": {
        "helmfile.yaml": "repositories: [{name: own, url: 'https://charts.example.com'}]\nreleases:\n- name: web\n"
        "  chart: own/shop\n  version: ~1.4\n  values: [prod.yaml, {tag: '2'}]\n  set: [{name: tag, value: '3'}]\n",
        "prod.yaml": "cache: {tag: '7'}\n",
    },
}


@pytest.fixture(autouse=True)
def helm() -> None:
    require("helm")


def site(tmp_path: Path, files: dict[str, str], plan: str = PLAN) -> Path:
    for name, text in {**CHART, "plan.yaml": plan, **{f"deploy/{name}": text for name, text in files.items()}}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "plan.yaml"


def found(plan: Path) -> tuple[list[str], list[str]]:
    """The images, and what is not known."""
    needs = resolve_needs(with_charts(load([plan]).plan, may_connect=False))
    images = sorted({str(one.reference) for one in needs.demands if one.reference is not None and not one.is_possible})
    return images, [gap.detail for gap in open_gaps(needs.demands, ())] + [one.error for one in needs.demands if one.error]


@pytest.mark.parametrize("files", RELEASES.values(), ids=RELEASES)
def test_release_is_rendered_from_the_plans_copy_with_its_own_values(tmp_path: Path, files: dict[str, str]) -> None:
    """The chart's defaults give `shop:1` and no cache."""
    images, gaps = found(site(tmp_path, files))
    assert (images, gaps) == (["r.example/cache:7", "r.example/shop:3"], [])


def test_packed_chart_copy_is_used(tmp_path: Path) -> None:
    plan = site(tmp_path, RELEASES["flux"], PLAN.replace("charts/shop", "shop-1.4.2.tgz"))
    subprocess.run(["helm", "package", str(tmp_path / "charts/shop"), "-d", str(tmp_path)], check=True, capture_output=True)
    assert found(plan) == (["r.example/cache:7", "r.example/shop:3"], [])


def test_report_states_how_to_get_a_missing_chart_copy(tmp_path: Path) -> None:
    """An exact version names the archive that helm writes."""
    plan = site(tmp_path, RELEASES["helm-controller"], PLAN.replace(", {chart: charts/shop}", ""))
    images, gaps = found(plan)
    assert images == []
    assert len(gaps) == 2  # of HelmChart and HelmChartConfig
    assert "helm pull shop --repo https://charts.example.com --version 1.4.2" in gaps[0]
    assert "chart: shop-1.4.2.tgz" in gaps[0]


def test_chart_copy_of_another_version_is_not_used(tmp_path: Path) -> None:
    files = {"f.yaml": RELEASES["flux"]["f.yaml"].replace("1.4.x", "1.5.x")}
    images, gaps = found(site(tmp_path, files))
    assert images == ["r.example/shop:1"]  # the plan's own chart, which no release uses
    assert len(gaps) == 1
    assert "the plan has another version of it: 1.4.2 (charts/shop)" in gaps[0]


def test_chart_with_values_of_the_plan_is_rendered_in_addition_to_releases(tmp_path: Path) -> None:
    plan = PLAN.replace("{chart: charts/shop}", "{chart: charts/shop, release: own}")
    assert found(site(tmp_path, RELEASES["flux"], plan)) == (["r.example/cache:7", "r.example/shop:1", "r.example/shop:3"], [])


@pytest.mark.parametrize(
    ("before", "after", "doubt"),
    [
        ("values: {tag", "postRenderers: [{kustomize: {images: []}}], values: {tag", "its postRenderers may change images"),
        ("values: {tag", "valuesFrom: [{kind: Secret, name: s}], values: {tag", "its values in the Secret s (key values.yaml)"),
        ("tag: '3'", "tag: '${TAG}'", "its values have templates"),
    ],
)
def test_values_outside_the_input_are_undetermined(tmp_path: Path, before: str, after: str, doubt: str) -> None:
    """The images are still listed, as most of them are right."""
    images, gaps = found(site(tmp_path, {"f.yaml": RELEASES["flux"]["f.yaml"].replace(before, after)}))
    assert "r.example/cache:7" in images or "$" in after
    assert [doubt for gap in gaps if doubt in gap] == [doubt]


def test_values_that_the_chart_rejects_are_reported(tmp_path: Path) -> None:
    plan = site(tmp_path, RELEASES["flux"])
    (tmp_path / "charts/shop/templates/b.yaml").write_text('{{ if eq (.Values.tag | toString) "3" }}{{ fail "no 3" }}{{ end }}')
    images, gaps = found(plan)
    assert images == []
    assert "charts/shop could not be rendered with its values: helm reports" in gaps[0]
    assert "no 3" in gaps[0]


def test_folder_that_a_controller_applies_is_read_in_place(tmp_path: Path) -> None:
    """The plan names the root of the repository; the object names a folder in it."""
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: p, image: 'r.example/p:1'}]}\n"
    git = item(SOURCE, "GitRepository", "spec: {url: 'https://git.example.com/a'}", "git")
    applied = item(
        "kustomize.toolkit.fluxcd.io/v1", "Kustomization", "spec: {path: ./apps, sourceRef: {kind: GitRepository, name: git}}"
    )
    assert found(site(tmp_path, {"g.yaml": git + applied, "apps/p.yaml": pod})) == (["r.example/p:1", "r.example/shop:1"], [])
    _, gaps = found(site(tmp_path, {"g.yaml": git + applied.replace("./apps", "./absent"), "apps/p.yaml": pod}))
    assert len(gaps) == 2
    _, gaps = found(
        site(
            tmp_path, {"g.yaml": git + applied.replace("path: ", "postBuild: {substitute: {a: b}}, path: "), "apps/p.yaml": pod}
        )
    )
    assert len(gaps) == 2


def test_folders_of_two_repositories_are_not_distinguished(tmp_path: Path) -> None:
    """The plan's folder is a copy of one of them, and no file says which."""
    source = "spec: {source: {repoURL: 'https://git.example.com/REPO', path: apps}}"
    both = "".join(item(ARGO, "Application", source.replace("REPO", name), name) for name in ("a", "b"))
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: p, image: 'r.example/p:1'}]}\n"
    _, gaps = found(site(tmp_path, {"g.yaml": both, "apps/p.yaml": pod}))
    assert ["may be a copy of another repository" in gap for gap in gaps] == [True, True]


def test_image_of_the_job_that_installs_a_chart_is_listed(tmp_path: Path) -> None:
    """Images in the values of a release are not: only the rendered chart shows whether they are used."""
    spec = "spec: {chart: other, repo: 'https://c.example.com', jobImage: 'r.example/klipper:1', set: {image: 'r.example/x:1'}}"
    images, gaps = found(site(tmp_path, {"k.yaml": item(K3S, "HelmChart", spec)}))
    assert "r.example/klipper:1" in images
    assert "r.example/x:1" not in images
    assert len(gaps) == 1


def test_evidence_contains_the_rendering_and_no_secret(tmp_path: Path) -> None:
    """The offline side has no helm, no chart and no values."""
    text = RELEASES["flux"]["f.yaml"].replace("values: {tag", "values: {password: hunter2-hunter2, tag")
    plan, evidence = site(tmp_path, {"f.yaml": text}), tmp_path / "site.evidence"
    run = [sys.executable, "-m", "auditor"]
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    subprocess.run([*run, "collect", str(plan), "-o", str(evidence)], capture_output=True, check=False, env=environment)
    for path in (tmp_path / "charts", tmp_path / "deploy"):
        shutil.rmtree(path)
    without = {**environment, "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [*run, "images", str(evidence), "--format", "list"], capture_output=True, check=False, text=True, env=without
    )
    assert sorted(done.stdout.split()) == ["r.example/cache:7", "r.example/shop:3"], done.stderr
    assert done.returncode == 0, done.stderr


def test_rendering_inside_a_chart_is_ignored(tmp_path: Path) -> None:
    plan = site(tmp_path, RELEASES["flux"])
    found(plan)
    for number in range(3):
        (tmp_path / f"charts/shop/.auditor-release-{number}.yaml").write_text("")
    assert found(plan)[0] == ["r.example/cache:7", "r.example/shop:3"]
