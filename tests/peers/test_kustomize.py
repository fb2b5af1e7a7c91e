"""Kustomizations, built by the real kustomize: bases, overlays, attacks, and evidence that carries the result."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.needs.resolve import resolve_needs
from auditor.pipeline.chart_rendering import with_charts
from auditor.pipeline.inputs import load
from auditor.readers.demands import Demand, DemandGap
from tests.peers.programs import require

pytestmark = pytest.mark.peer

APP = (
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: app}\nspec:\n  selector: {matchLabels: {a: b}}\n  template:\n"
    "    metadata: {labels: {a: b}}\n    spec:\n      containers:\n"
    "        - {name: app, image: r.example/app:1}\n        - {name: side, image: r.example/side:1}\n"
)
BASE = {"base/app.yaml": APP, "base/kustomization.yaml": "resources: [app.yaml]\n"}
MIRRORED = "resources: [../../base]\nimages: [{name: r.example/app, newName: m.example/app, digest: sha256:DIGEST}]\n"
TAGGED = "images: [{name: r.example/app, newTag: '2'}]\n"
PLAN = """version: 1
pools: {control: {platform: linux/amd64}}
images: [{list: images.txt}]
workloads: [{manifests: FOLDER}]
"""


@pytest.fixture(autouse=True)
def kustomize() -> None:
    require("kustomize")


def site(tmp_path: Path, folder: str, files: dict[str, str], listed: str = "r.example/app:2\nr.example/side:1\n") -> Path:
    for name, text in {**files, "images.txt": listed, "plan.yaml": PLAN.replace("FOLDER", folder)}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "plan.yaml"


def demands(plan: Path) -> tuple[Demand, ...]:
    return resolve_needs(with_charts(load([plan]).plan, may_connect=False)).demands


def images(plan: Path) -> list[str]:
    return sorted(str(one.reference) for one in demands(plan) if one.reference is not None)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"kustomization.yaml": "resources: [../../base]\nimages: [{name: r.example/app, newTag: '2'}]\n"}, "r.example/app:2"),
        (
            {
                "kustomization.yaml": "resources: [../../base]\npatches: [{path: image.yaml}]\n",
                "image.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: app}\n"
                "spec: {template: {spec: {containers: [{name: app, image: 'r.example/other:3'}]}}}\n",
            },
            "r.example/other:3",
        ),
        (
            {"Kustomization": MIRRORED},
            "m.example/app@sha256:DIGEST",
        ),
    ],
    ids=["tag", "patch", "digest"],
)
def test_overlay_of_the_plan_is_built(tmp_path: Path, files: dict[str, str], expected: str) -> None:
    """Its base lies outside of the folder; what kustomize makes of both is what nodes pull."""
    digest = "a" * 64
    overlay = {f"overlays/prod/{name}": text.replace("DIGEST", digest) for name, text in files.items()}
    plan = site(tmp_path, "overlays/prod", {**BASE, **overlay})
    assert images(plan) == sorted([expected.replace("DIGEST", digest), "r.example/side:1"])
    assert not [one for one in demands(plan) if one.unbounded or one.error]


def test_base_above_the_folder_of_the_plan_is_read(tmp_path: Path) -> None:
    for name, text in BASE.items():
        path = tmp_path / "shared" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    overlay = {"prod/kustomization.yaml": f"resources: [../../shared/base]\n{TAGGED}"}
    assert images(site(tmp_path / "site", "prod", overlay)) == ["r.example/app:2", "r.example/side:1"]


def test_evidence_contains_the_build_and_no_secret(tmp_path: Path) -> None:
    """The offline side has no kustomize and no base."""
    overlay = {
        "prod/kustomization.yaml": "resources: [../base]\nimages: [{name: r.example/app, newTag: '2'}]\n"
        "secretGenerator: [{name: s, literals: [password=hunter2-hunter2]}]\n"
    }
    plan = site(tmp_path, "prod", {**BASE, **overlay})
    evidence = tmp_path / "site.evidence"
    run = [sys.executable, "-m", "auditor"]
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    subprocess.run([*run, "collect", str(plan), "-o", str(evidence)], capture_output=True, check=False, env=environment)
    assert b"hunter2-hunter2" not in evidence.read_bytes()
    for path in (tmp_path / "base", tmp_path / "prod"):
        shutil.rmtree(path)
    without = {**environment, "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [*run, "images", str(evidence), "--format", "list"], capture_output=True, check=False, text=True, env=without
    )
    assert sorted(done.stdout.split()) == ["r.example/app:2", "r.example/side:1"], done.stderr


@pytest.mark.parametrize(
    "text",
    [
        "resources: ['https://127.0.0.1:9/base?ref=v1', app.yaml]\n",
        "resources: ['ssh://git@127.0.0.1/base', app.yaml]\n",
        "resources: [app.yaml]\nhelmCharts: [{name: c, repo: 'https://127.0.0.1:9', version: 1.0.0}]\n",
        "resources: [app.yaml]\ngenerators: [g.yaml]\n",
        f"resources: [app.yaml]\nconfigMapGenerator: [{{name: c, files: [{'../' * 20}etc/passwd]}}]\n",
        "resources: [missing.yaml]\nimages: [{name: a, newTag: b}]\n",
        "resources: [.]\nimages: [{name: a, newTag: b}]\n",
        "resources: [app.yaml\n",
    ],
    ids=["https", "ssh", "helm", "exec", "outside", "missing", "circle", "broken"],
)
def test_kustomization_that_cannot_be_built_offline_is_undetermined(tmp_path: Path, text: str) -> None:
    """No program, no connection and no file from elsewhere; the reason is named."""
    runs = "{config.kubernetes.io/function: 'exec: {path: ./evil.sh}'}"
    plugin = f"apiVersion: x/v1\nkind: G\nmetadata: {{name: g, annotations: {runs}}}\n"
    evil = f"#!/bin/sh\ntouch {tmp_path}/pwned\n"
    files = {"deploy/kustomization.yaml": text, "deploy/app.yaml": APP, "deploy/g.yaml": plugin, "deploy/evil.sh": evil}
    plan = site(tmp_path, "deploy", files)
    (tmp_path / "deploy/evil.sh").chmod(0o755)
    (gap,) = [one for one in demands(plan) if one.hidden is not None and one.hidden.gap is DemandGap.KUSTOMIZE]
    assert "(kustomize" in gap.unbounded
    assert not (tmp_path / "pwned").exists()
    assert "root:" not in gap.unbounded


def test_build_inside_a_folder_is_ignored(tmp_path: Path) -> None:
    """A file under the auditor's name would hide images."""
    overlay = {"prod/kustomization.yaml": "resources: [../base]\nnamePrefix: x-\nimages: [{name: b, newTag: c}]\n"}
    forged = {"prod/.auditor-built-0.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: s}\n"}
    assert images(site(tmp_path, "prod", {**BASE, **overlay, **forged})) == ["r.example/app:1", "r.example/side:1"]


def test_object_next_to_the_kustomization_is_named(tmp_path: Path) -> None:
    """The build leaves it out, so that its images would be missed without a word."""
    overlay = {"prod/kustomization.yaml": f"resources: [../base]\n{TAGGED}", "prod/extra.yaml": APP.replace("app:1", "extra:9")}
    plan = site(tmp_path, "prod", {**BASE, **overlay})
    assert images(plan) == ["r.example/app:2", "r.example/side:1"]
    (gap,) = [one for one in demands(plan) if one.unbounded]
    assert "prod/extra.yaml is next to the kustomization prod/kustomization.yaml, which does not name it" in gap.unbounded
