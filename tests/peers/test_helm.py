"""A real chart, rendered by the real helm: images that only its templates compose are found, online and offline."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from auditor.plan.load import load_plan
from auditor.readers.workloads.sources import ChartSource, chart_sources
from tests.cli.runner import auditor
from tests.peers.programs import require

pytestmark = pytest.mark.peer
HOST = "127.0.0.1:9"  # nothing listens there: every image is unobserved, which is not what is tested
IMAGE = f"{HOST}/shop/web:4.2-windows-ltsc2022"

CHART = {
    "Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\nkubeVersion: '>=1.30.0-0'\n",
    "values.yaml": "registry: example.com\nrelease: ltsc2019\n",
    "templates/web.yaml": (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n"
        "      nodeSelector: {kubernetes.io/os: windows}\n      containers:\n        - name: web\n"
        '          image: "{{ .Values.registry }}/shop/web:{{ printf "%s-windows-%s" "4.2" .Values.release }}"\n'
    ),
    "templates/secret.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: correct-horse}\n",
    "templates/tests/probe.yaml": (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: probe, annotations: {helm.sh/hook: test}}\n"
        "spec: {containers: [{name: probe, image: example.com/probe:1}]}\n"
    ),
}
# Of this distribution the facts know no image, so that nothing but the chart and the list is asked of any registry.
PLAN = f"""version: 1
name: charted
pools:
  control: {{platform: linux/amd64}}
  win: {{platform: windows/amd64:ltsc2022}}
cluster: {{distribution: talos, version: v1.33.5}}
images: [{{ref: "{HOST}/other:1", pools: [control]}}]
workloads: [{{chart: charts/shop, values: [site.yaml], namespace: shop}}]
"""


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """A plan with the chart and a values file beside it."""
    for name, text in CHART.items():
        path = tmp_path / "charts" / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "site.yaml").write_text(f"registry: {HOST}\nrelease: ltsc2022\n")
    (tmp_path / "plan.yaml").write_text(PLAN)
    return tmp_path / "plan.yaml"


def _report(*arguments: str | Path, cwd: Path, extra: dict[str, str] | None = None) -> dict[str, Any]:
    done = auditor("audit", *arguments, "--format", "json", cwd=cwd, extra=extra)
    assert done.returncode in {0, 1, 3}, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def _of(report: dict[str, Any], part: str, check: str) -> list[dict[str, Any]]:
    return [outcome for outcome in report[part] if outcome["check"] == check]


def test_composed_image_is_found_online_and_offline(plan: Path, tmp_path: Path) -> None:
    """With the plan's values; test hooks and secrets are not stored; the offline side has no helm."""
    require("helm")
    done = auditor("collect", plan, "-o", "site.evidence", cwd=tmp_path)
    assert done.returncode == 3, done.stderr  # the registry does not answer
    assert b"correct-horse" not in (tmp_path / "site.evidence").read_bytes().replace(
        CHART["templates/secret.yaml"].encode(), b""
    )
    shutil.rmtree(tmp_path / "charts")
    report = _report("site.evidence", cwd=tmp_path, extra={"PATH": "/nonexistent"})
    needed = {image["reference"]: image for image in report["images"]}
    assert set(needed) == {IMAGE, f"{HOST}/other:1"}
    assert {platform["pool"] for platform in needed[IMAGE]["platforms"]} == {"win"}
    (missing,) = _of(report, "findings", "image-not-listed")
    assert missing["subject"]["id"] == IMAGE
    assert not _of(report, "undetermined", "image-not-listed")


def test_chart_is_undetermined_without_helm(plan: Path, tmp_path: Path) -> None:
    """With the reason, and the command to run elsewhere."""
    report = _report(plan, "--offline", cwd=tmp_path, extra={"PATH": "/nonexistent"})
    (unknown,) = _of(report, "undetermined", "image-not-listed")
    assert "helm is not installed here" in unknown["detail"]
    assert "helm template shop charts/shop" in unknown["detail"]
    assert "--kube-version v1.33.5" in unknown["detail"]


def test_failing_template_states_the_reason(plan: Path, tmp_path: Path) -> None:
    """In helm's own words, with the template's file and line."""
    require("helm")
    template = tmp_path / "charts" / "shop" / "templates" / "web.yaml"
    template.write_text(template.read_text() + '# {{ required "a licence is needed" .Values.licence }}\n')
    report = _report(plan, "--offline", cwd=tmp_path)
    (unknown,) = _of(report, "undetermined", "image-not-listed")
    assert "a licence is needed" in unknown["detail"]
    assert "templates/web.yaml:11" in unknown["detail"]


def test_packaged_chart_with_a_dependency_is_rendered(plan: Path, tmp_path: Path) -> None:
    """What vendors publish: one .tgz, its dependencies inside; as a plan's workload."""
    helm = require("helm")
    chart, below = tmp_path / "charts" / "shop", tmp_path / "charts" / "agent"
    (below / "templates").mkdir(parents=True)
    (below / "Chart.yaml").write_text("apiVersion: v2\nname: agent\nversion: 0.3.0\n")
    (below / "templates" / "pod.yaml").write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: agent}\n"
        "spec:\n  os: {name: windows}\n"
        "  containers: [{name: agent, image: '{{ .Values.global.registry }}/agent:{{ .Chart.Version }}'}]\n"
    )
    dependency = "dependencies: [{name: agent, version: 0.3.0, repository: 'file://../agent'}]\n"
    (chart / "Chart.yaml").write_text(CHART["Chart.yaml"] + dependency)
    (tmp_path / "site.yaml").write_text(f"registry: {HOST}\nrelease: ltsc2022\nglobal: {{registry: '{HOST}'}}\n")
    for command in (("dependency", "update", chart), ("package", chart, "--destination", tmp_path / "charts")):
        subprocess.run([helm, *map(str, command)], check=True, capture_output=True, timeout=60)
    plan.write_text(PLAN.replace("charts/shop,", "charts/shop-1.0.0.tgz,"))
    report = _report(plan, "--offline", cwd=tmp_path)
    needed = {finding["subject"]["id"] for finding in _of(report, "findings", "image-not-listed")}
    assert needed == {IMAGE, f"{HOST}/agent:0.3.0"}
    done = auditor("images", "plan.yaml", "--format", "list", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) == {f"{HOST}/other:1", *needed}


@pytest.mark.usefixtures("plan")
def test_finding_points_to_the_template_and_hidden_images_are_kept(tmp_path: Path) -> None:
    """Outside and inside: a ConfigMap that names an image is read, and its credentials are not carried."""
    require("helm")
    (tmp_path / "charts" / "shop" / "templates" / "config.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata:\n  PROXY_IMAGE: example.com/proxy:7\n"
        "  connection: 'password: correct-horse'\n"
    )
    (tmp_path / "charts" / "shop" / "templates" / "plain.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\ndata:\n  agentImage: example.com/agent:8\n"
    )
    outside = _report("plan.yaml", "--offline", cwd=tmp_path)
    assert auditor("collect", "plan.yaml", "-o", "site.evidence", cwd=tmp_path).returncode in {0, 3}
    shutil.rmtree(tmp_path / "charts")
    inside = _report("site.evidence", cwd=tmp_path, extra={"PATH": "/nonexistent"})
    for report in (outside, inside):
        found = {finding["subject"]["id"]: finding for finding in _of(report, "findings", "image-not-listed")}
        assert {"example.com/proxy:7", "example.com/agent:8"} < set(found)
        (missing,) = [
            finding for image, finding in found.items() if image not in {"example.com/proxy:7", "example.com/agent:8"}
        ]
        assert missing["location"] == {"file": "charts/shop/templates/web.yaml", "line": 10, "column": None}
        assert missing["facts"]["template"] == "shop/templates/web.yaml"
        assert [line for line in missing["facts"]["rendered"] if IMAGE in line]
        assert ".auditor-rendered" not in json.dumps(report)
        assert "correct-horse" not in json.dumps(report)


def _chart(folder: Path, name: str, *dependencies: str) -> Path:
    folder.mkdir(parents=True)
    listed = [{"name": each, "version": "1.x", "repository": "https://charts.example.com"} for each in dependencies]
    text = {"apiVersion": "v2", "name": name, "version": "1.0.0", "dependencies": listed}
    (folder / "Chart.yaml").write_text(json.dumps(text))
    return folder


@pytest.mark.parametrize(
    ("place", "is_there"),
    [
        ("redis-1.0.0.tgz", True),
        ("renamed.tgz", True),
        ("redis", True),
        ("renamed", True),
        ("_redis", False),
        (".redis", False),
        ("", False),
    ],
)
def test_missing_parts_of_a_chart_match_the_errors_of_helm(tmp_path: Path, place: str, is_there: bool) -> None:
    shop, redis = _chart(tmp_path / "shop", "shop", "redis"), _chart(tmp_path / "redis", "redis")
    if place.endswith(".tgz"):
        subprocess.run([require("helm"), "package", redis], cwd=tmp_path, capture_output=True, timeout=60, check=True)
        (shop / "charts").mkdir()
        shutil.move(tmp_path / "redis-1.0.0.tgz", shop / "charts" / place)
    elif place:
        shutil.copytree(redis, shop / "charts" / place)
    done = subprocess.run([require("helm"), "template", "x", shop], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode == 0) is is_there, done.stderr
    assert is_there or "found in Chart.yaml, but missing in charts/ directory: redis" in done.stderr
    (tmp_path / "plan.yaml").write_text("version: 1\npools: {one: {platform: linux/amd64}}\nworkloads: [{chart: shop}]\n")
    found = [one for one in chart_sources(load_plan(tmp_path / "plan.yaml")) if isinstance(one, ChartSource)]
    assert [one.url for one in found] == ([] if is_there else ["https://charts.example.com"])


def test_chart_of_the_current_folder_is_rendered(plan: Path) -> None:
    require("helm")
    chart = plan.parent / "charts" / "shop"
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: shop\nversion: 1.0.0\n")
    done = auditor("images", ".", cwd=chart)
    assert "example.com/shop/web:4.2-windows-ltsc2019" in done.stdout
    assert "templates/web.yaml" in done.stdout
    assert done.returncode == 0, done.stderr
