"""`auditor images`: the images of lists and manifests, as text and for other tools."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.runner import EXAMPLE, auditor

POD = (
    "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  os: {name: windows}\n"
    "  containers: [{name: c, image: r.example/w:1}]\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A list, a manifest, and a source of another tool."""
    (tmp_path / "images.txt").write_text("busybox:1.36\nr.example/a:1\nbusybox:1.36\n")
    (tmp_path / "pod.yaml").write_text(POD)
    (tmp_path / "sync.yaml").write_text("r.example:\n  images:\n    all: []\n")
    return tmp_path


def test_list_output_holds_only_images(folder: Path) -> None:
    """One reference a line, in the order of first appearance, and nothing else."""
    done = auditor("images", "images.txt", "pod.yaml", "--format", "list", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "docker.io/library/busybox:1.36\nr.example/a:1\nr.example/w:1\n"


def test_platform_option_omits_images_of_other_platforms(folder: Path) -> None:
    """A pod that is bound to Windows needs nothing on Linux."""
    done = auditor("images", "images.txt", "pod.yaml", "--format", "list", "--platform", "linux/amd64", cwd=folder)
    assert "r.example/w:1" not in done.stdout
    assert "r.example/a:1" in done.stdout


def test_json_states_the_reason_of_each_image(folder: Path) -> None:
    """Every place by file and line."""
    done = auditor("images", "images.txt", "pod.yaml", "--format", "json", cwd=folder)
    report = json.loads(done.stdout)
    busybox, _, windows = report["images"]
    assert [why["line"] for why in busybox["why"]] == [1, 3]
    how = {"certainty": "stated", "mechanism": "pod"}
    assert windows["why"] == [{"kind": "manifest Pod p container c", "file": "pod.yaml", "line": 6, **how}]
    assert windows["platforms"] == ["windows"]


def test_table_names_locations(folder: Path) -> None:
    """For people."""
    done = auditor("images", "images.txt", cwd=folder)
    assert "list images.txt:2" in done.stdout


def test_images_that_cannot_be_listed_are_reported(folder: Path) -> None:
    """On stderr, with its place, and never exit 0."""
    done = auditor("images", "sync.yaml", "images.txt", "--format", "list", cwd=folder)
    assert done.returncode == 3
    assert "sync.yaml:3" in done.stderr
    assert "busybox" in done.stdout


def test_input_errors_are_reported(folder: Path) -> None:
    """A line that is no reference is exit 1; a file that is not there is exit 2; nothing at all is never 0."""
    (folder / "bad.txt").write_text("a:1\n{{ .Values.image }}\n")
    done = auditor("images", "bad.txt", cwd=folder)
    assert done.returncode == 1
    assert "bad.txt:2" in done.stderr
    assert auditor("images", "absent.txt", cwd=folder).returncode == 2
    assert auditor("images", "images.txt", "--platform", "nonsense", cwd=folder).returncode == 2
    (folder / "configmap.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n")
    assert auditor("images", "configmap.yaml", cwd=folder).returncode == 3


def test_plan_supplies_its_pools(folder: Path) -> None:
    """And is not mixed with --platform."""
    text = (
        "version: 1\npools: {lin: {platform: linux/amd64}}\nimages: [{list: images.txt}]\nworkloads: [{manifests: pod.yaml}]\n"
    )
    (folder / "plan.yaml").write_text(text)
    done = auditor("images", "plan.yaml", "--format", "list", cwd=folder)
    assert done.stdout == "docker.io/library/busybox:1.36\nr.example/a:1\n"
    assert auditor("images", "plan.yaml", "--platform", "linux/amd64", cwd=folder).returncode == 2


def test_evidence_supplies_its_plan(folder: Path) -> None:
    plan = auditor("images", EXAMPLE / "plan.yaml", "--format", "list", cwd=folder)
    carried = auditor("images", EXAMPLE / "plant-7.evidence", "--format", "list", cwd=folder)
    assert (carried.returncode, carried.stdout) == (plan.returncode, plan.stdout)
    assert "ghcr.io/plant7/vision:3.0.0" in carried.stdout
    refused = auditor("images", EXAMPLE / "plant-7.evidence", "--platform", "linux/amd64", cwd=folder)
    assert (refused.returncode, "has its own pools" in refused.stderr) == (2, True)


def test_compare_shows_running_images_that_no_input_lists(tmp_path: Path) -> None:
    """Differences come first; the list form has what the image list lacks."""
    pods = [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": "n"},
            "status": {"containerStatuses": [{"name": "c", "image": image, "imageID": ""}]},
        }
        for name, image in (("a", "r.invalid/a:1"), ("b", "r.invalid/hidden:2"))
    ]
    (tmp_path / "cluster.json").write_text(json.dumps({"kind": "List", "apiVersion": "v1", "items": pods}))
    (tmp_path / "images.txt").write_text(f"r.invalid/a:1@sha256:{'a' * 64}\nr.invalid/only-listed:3\n")
    plan = "version: 1\npools: {one: {platform: linux/amd64}}\nimages: [{list: images.txt}]\n"
    (tmp_path / "plan.yaml").write_text(f"{plan}workloads: [{{observed: cluster.json}}]\n")
    done = auditor("images", "plan.yaml", "--compare", "--format", "list", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "r.invalid/hidden:2\n")
    rows = json.loads(auditor("images", "plan.yaml", "--compare", "--format", "json", cwd=tmp_path).stdout)["images"]
    assert [(row["reference"], row["stated"], row["observed"]) for row in rows][:2] == [
        ("r.invalid/hidden:2", False, True),
        ("r.invalid/only-listed:3", True, False),
    ]
    without = auditor("images", "images.txt", "--compare", cwd=tmp_path)
    assert without.returncode == 2
    assert "observed: cluster.json" in without.stderr
