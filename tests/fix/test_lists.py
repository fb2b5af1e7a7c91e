"""Lists keep the pools of the originals, pin only what the copy keeps, and the next audit finds less."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from auditor.testing import site_of
from tests.fix.made import after, assert_circle, found, written

PLAN = """
version: 1
pools:
  linux: {platform: linux/amd64}
  windows: {platform: 'windows/amd64:ltsc2022', runtime: containerd 1.7.27}
images:
  - {list: linux.txt, pools: [linux]}
  - {list: windows.txt, pools: [windows]}
registry: {host: "in.example:5000"}
"""
WINDOWS = "windows/amd64:10.0.20348.1"
FORM: dict[str, Any] = {
    "plan": PLAN,
    "files": {"linux.txt": "src.example/shop/web:1\nsrc.example/shop/web:1\n", "windows.txt": "src.example/shop/win:1\n"},
    "observed": {
        "src.example/shop/web:1": {"platforms": ["linux/amd64", "linux/arm64"]},
        "src.example/shop/win:1": {"platforms": [WINDOWS]},
    },
}


def images(text: str) -> list[str]:
    return [line.partition(" ")[0] for line in text.splitlines() if line and not line.startswith("#")]


def test_list_is_for_the_pools_of_its_original() -> None:
    files = {path: file for path, file in written(site_of(FORM)).items() if path.startswith("lists/")}
    by_pools = {file.pools: images(file.text) for path, file in files.items() if "pinned" not in path}
    assert by_pools == {("linux",): ["src.example/shop/web:1"], ("windows",): ["src.example/shop/win:1"]}


def test_list_that_names_platforms_is_for_pools_of_those_platforms() -> None:
    listed = yaml.safe_dump(
        {
            "apiVersion": "content.hauler.cattle.io/v1",
            "kind": "Images",
            "metadata": {"name": "x"},
            "spec": {
                "images": [{"name": "src.example/shop/web:1", "platform": "linux/amd64"}, {"name": "src.example/shop/win:1"}]
            },
        }
    )
    plan = PLAN.replace("{list: linux.txt, pools: [linux]}", "{list: all.yaml}").replace(
        "  - {list: windows.txt, pools: [windows]}\n", ""
    )
    spec = "{nodeSelector: {kubernetes.io/os: windows}, containers: [{name: c, image: 'src.example/new:1'}]}"
    workload = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {spec}\n"
    form = {"plan": plan + "workloads: [{manifests: pod.yaml}]\n", "files": {"all.yaml": listed, "pod.yaml": workload}}
    files = written(site_of(form))
    by_pools = {
        file.pools: images(file.text) for path, file in files.items() if path.startswith("lists/") and "pinned" not in path
    }
    assert by_pools == {
        ("linux",): ["src.example/shop/web:1"],
        ("linux", "windows"): ["src.example/shop/win:1"],
        ("windows",): ["src.example/new:1"],
    }


def test_only_an_image_that_is_copied_completely_is_pinned() -> None:
    files = assert_circle(FORM)
    pinned = [line for path, file in files.items() if "pinned" in path for line in images(file.text)]
    assert "src.example/shop/web:1" in pinned  # two platforms at the source, one copied: the digest changes
    assert any(line.startswith("src.example/shop/win:1@sha256:") for line in pinned)


def test_pinned_image_is_copied_completely_to_keep_its_digest() -> None:
    pinned = site_of(FORM).source
    assert pinned is not None
    digest = next(image.digest for image in pinned.images.values() if "web" in image.name)
    form = {**FORM, "files": {**FORM["files"], "linux.txt": f"src.example/shop/web:1@{digest}\n"}}
    form["observed"] = {**FORM["observed"], f"src.example/shop/web:1@{digest}": FORM["observed"]["src.example/shop/web:1"]}
    script = written(site_of(form))["copy/copy-crane.sh"].text
    assert f"copy src.example/shop/web@{digest} in.example:5000/shop/web:1 {digest}" in script
    assert "\nindex " not in script


POD = "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{containers: [{{name: c, image: '{image}'}}]}}\n"
DIGEST, OTHER = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"


@pytest.mark.parametrize(
    ("listed", "run", "is_listed"),
    [
        (f"src.example/a:1@{DIGEST}", "src.example/a:1", True),
        (f"src.example/a:1@{DIGEST}", f"src.example/a@{DIGEST}", True),
        (f"src.example/a@{DIGEST}", f"src.example/a:1@{DIGEST}", True),
        (f"src.example/a:1@{DIGEST}", f"src.example/a:1@{OTHER}", False),
        (f"src.example/a:1@{DIGEST}", "src.example/a:2", False),
        (f"src.example/a@{DIGEST}", "src.example/a:1", False),
        ("src.example/a:1", f"src.example/a:1@{DIGEST}", False),
        (f"src.example/a:1@{DIGEST}", "src.example/b:1", False),
    ],
)
def test_pinned_reference_in_a_list_covers_a_tag_in_a_workload(listed: str, run: str, is_listed: bool) -> None:
    plan = "version: 1\npools: {linux: {platform: linux/amd64}}\nimages: [{list: l.txt}]\n"
    plan += "workloads: [{manifests: p.yaml}]\nworkloads_complete: true\n"
    form = {"plan": plan, "files": {"l.txt": listed + "\n", "p.yaml": POD.format(image=run)}}
    checks = {finding.check for finding in found(form).values()}
    assert ("image-not-listed" not in checks) is is_listed
    assert ("image-unused" not in checks) is is_listed


def test_lists_per_set_of_pools_are_read_back_with_the_same_needs() -> None:
    before = site_of(FORM).needs.needs
    later = site_of(after(FORM, written(site_of(FORM)))).needs.needs
    assert {(need.reference.repository, need.pool, str(need.platform)) for need in later} == {
        (need.reference.repository, need.pool, str(need.platform)) for need in before
    }
