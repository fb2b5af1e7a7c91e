"""When charts are rendered: once, in the collect step, not while inputs are loaded. A stand-in for helm counts its runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor.evidence.store import Store
from auditor.pipeline.chart_rendering import with_charts
from auditor.pipeline.gather import gather_plan
from auditor.pipeline.inputs import load, plan_in
from auditor.pipeline.settings import GatherSettings
from auditor.plan.model import Plan
from auditor.readers.workloads import read_workloads
from auditor.readers.workloads.rendered import inputs_key, marked_with, rendered_name
from tests.cli.runner import auditor

IMAGE = "127.0.0.1:9/web:1"  # nothing listens there
POD = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{containers: [{{name: c, image: '{IMAGE}'}}]}}\n"
PLAN = "version: 1\nname: charted\npools: {one: {platform: linux/amd64}}\nworkloads: [{chart: shop}]\n"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plan with a chart, and a stand-in for helm that writes a line for each rendering."""
    helm, folder = tmp_path / "bin" / "helm", tmp_path / "site"
    helm.parent.mkdir()
    (folder / "shop").mkdir(parents=True)
    (tmp_path / "pod.yaml").write_text(POD)
    helm.write_text(
        '#!/bin/sh\n[ "$2" = --help ] && { echo --skip-schema-validation; exit; }\n'
        f"echo run >> {tmp_path}/runs\nexec /bin/cat {tmp_path}/pod.yaml\n"
    )
    helm.chmod(0o755)
    (folder / "shop" / "Chart.yaml").write_text("apiVersion: v2\nname: shop\nversion: 1.0.0\n")
    (folder / "plan.yaml").write_text(PLAN)
    monkeypatch.setenv("PATH", f"{helm.parent}:/usr/bin:/bin")
    return folder


def runs(site: Path) -> int:
    """How often a chart was rendered."""
    log = site.parent / "runs"
    return len(log.read_text().splitlines()) if log.exists() else 0


def references(plan: Plan) -> list[str]:
    return [str(demand.reference) for demand in read_workloads(plan).demands]


def test_plan_is_loaded_without_running_a_program(site: Path) -> None:
    plan = load([site / "plan.yaml"]).plan
    assert runs(site) == 0
    (demand,) = read_workloads(plan).demands
    assert "it was not rendered" in demand.unbounded


def test_chart_is_rendered_once(site: Path) -> None:
    once = with_charts(load([site / "plan.yaml"]).plan, may_connect=True)
    assert references(once) == [IMAGE]
    assert with_charts(once, may_connect=True) is once
    assert runs(site) == 1


def test_evidence_contains_the_rendering(site: Path) -> None:
    evidence = site.parent / "site.evidence"
    gather_plan(load([site / "plan.yaml"]).plan, evidence, GatherSettings(timeout=1))
    carried = plan_in(evidence)
    assert with_charts(carried, may_connect=True) is carried
    beside = with_charts(load([site / "plan.yaml"]).plan, evidence, may_connect=False)
    assert references(beside) == references(carried) == [IMAGE]
    assert runs(site) == 1


def test_changed_chart_is_rendered_again(site: Path) -> None:
    evidence = site.parent / "site.evidence"
    gather_plan(load([site / "plan.yaml"]).plan, evidence, GatherSettings(timeout=1))
    (site / "shop" / "values.yaml").write_text("a: 1\n")
    with_charts(load([site / "plan.yaml"]).plan, evidence, may_connect=True)
    assert runs(site) == 2


def test_plan_from_evidence_without_renderings_is_not_rendered(site: Path) -> None:
    """Evidence leaves out secrets, so that helm would render the chart from other values."""
    evidence = site.parent / "site.evidence"
    gather_plan(load([site / "plan.yaml"]).plan, evidence, GatherSettings(timeout=1))
    with Store.create(evidence) as store:
        store.replace_files({name: body for name, body in store.files().items() if ".auditor-" not in name})
        store.commit()
    carried = with_charts(plan_in(evidence), may_connect=True)
    (demand,) = read_workloads(carried).demands
    assert "it was not rendered" in demand.unbounded
    assert runs(site) == 1


def test_rendering_inside_a_chart_is_ignored(site: Path) -> None:
    """Its key is no secret: a chart could hide its images in this way."""
    plan = load([site / "plan.yaml"]).plan
    (workload,) = plan.workloads
    forged = marked_with(inputs_key(plan, workload), b"")
    (site / rendered_name(0, workload)).write_bytes(forged)
    again = load([site / "plan.yaml"]).plan
    assert rendered_name(0, workload) not in again.files
    assert references(with_charts(again, may_connect=True)) == [IMAGE]
    for arguments in (["images", "plan.yaml"], ["images", "shop"]):
        done = auditor(*arguments, "--format", "json", cwd=site, extra={"PATH": "/nonexistent"})
        assert (done.returncode, json.loads(done.stdout)["images"]) == (3, [])
        assert "helm is not installed here" in done.stderr


def test_offline_audit_uses_the_cached_rendering(site: Path) -> None:
    online = auditor("audit", "plan.yaml", "--timeout", "1", "--format", "json", cwd=site, extra={"PATH": f"{site.parent}/bin"})
    offline = auditor("audit", "plan.yaml", "--offline", "--format", "json", cwd=site, extra={"PATH": "/nonexistent"})
    assert [image["reference"] for image in json.loads(offline.stdout)["images"]] == [IMAGE], offline.stderr
    assert (offline.returncode, online.returncode) == (3, 3)
    assert runs(site) == 1
