"""Manifests, charts and folders as inputs of `auditor audit` and `auditor images`: each is read for what it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.runner import auditor

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: 'r.invalid/w:1'}]}\n"
TWO = f"{POD}---\napiVersion: v1\nkind: Service\nmetadata: {{name: s}}\nspec: {{}}\n"
LIST = "apiVersion: v1\nkind: List\nitems:\n  - " + POD.replace("\n", "\n    ").rstrip() + "\n"
REGSYNC = "version: 1\ncreds: []\nsync:\n  - {source: 'r.invalid/a:1', target: 'x.invalid/a:1', type: image}\n"
POOLS = "apiVersion: example.com/v1\nkind: Site\nmetadata: {name: s}\npools:\n  a: 1\nversion: 3\n"


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    ("name", "text", "what", "key"),
    [
        ("apps.yaml", TWO, "it is a Kubernetes manifest, not a plan", "workloads: [{manifests: apps.yaml}]"),
        ("list.yaml", LIST, "it is a Kubernetes manifest, not a plan", "workloads: [{manifests: list.yaml}]"),
        ("a.json", '{"apiVersion": "v1", "kind": "List", "items": [{"pools": 1}]}', "Kubernetes manifest", "manifests: a.json"),
        ("site.yaml", POOLS, "it is a Kubernetes manifest, not a plan", "workloads: [{manifests: site.yaml}]"),
        ("regsync.yaml", REGSYNC, "it is an image list (regsync), not a plan", "images: [{list: regsync.yaml}]"),
        ("kustomization.yaml", "resources: [a.yaml]\n", "Kubernetes manifest, not a plan", "manifests: kustomization.yaml"),
        ("d/kustomization.yaml", "resources: [a.yaml]\n", "it is a folder, not a plan", "workloads: [{manifests: d}]"),
        ("c/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n", "it is a folder, not a plan", "workloads: [{chart: c}]"),
    ],
)
def test_error_names_the_kind_of_an_input_that_is_not_a_plan(tmp_path: Path, name: str, text: str, what: str, key: str) -> None:
    """With the command and the lines of a plan that work."""
    write(tmp_path, {name: text})
    given = name.partition("/")[0]
    done = auditor("audit", given, cwd=tmp_path)
    assert done.returncode == 2
    assert f"{given}: " in done.stderr
    assert what in done.stderr
    assert key in done.stderr
    assert f"auditor audit {given} --platform linux/amd64" in done.stderr
    assert "not YAML" not in done.stderr


@pytest.mark.parametrize(("name", "text"), [("apps.yaml", TWO), ("list.yaml", LIST)])
def test_manifest_is_audited_for_a_platform(tmp_path: Path, name: str, text: str) -> None:
    """As a list is: its images are needed, with their place."""
    write(tmp_path, {name: text})
    done = auditor("audit", name, "--platform", "linux/amd64", "--offline", "--format", "json", cwd=tmp_path)
    assert done.returncode == 3, done.stderr
    (image,) = json.loads(done.stdout)["images"]
    assert image["reference"] == "r.invalid/w:1"
    assert image["why"][0].startswith(f"manifest {name}:")


def test_lists_and_manifests_are_audited_together(tmp_path: Path) -> None:
    """The list is compared with what the manifests need."""
    write(tmp_path, {"apps.yaml": POD, "images.txt": "r.invalid/v:1\n"})
    done = auditor(
        "audit", "apps.yaml", "images.txt", "--platform", "linux/amd64", "--offline", "--format", "json", cwd=tmp_path
    )
    found = [row["subject"]["id"] for row in json.loads(done.stdout)["findings"] if row["check"] == "image-not-listed"]
    assert (done.returncode, found) == (1, ["r.invalid/w:1"])
    refused = auditor("audit", "apps.yaml=linux/amd64", "images.txt=linux/arm64", "--offline", cwd=tmp_path)
    assert (refused.returncode, "only an image list has platforms of its own" in refused.stderr) == (2, True)


def test_folder_of_lists_and_manifests_is_read_completely(tmp_path: Path) -> None:
    """Lists are read as lists, manifests as manifests, and what is neither is named in one message."""
    files = {
        "in/a.txt": "r.invalid/a:1\n",
        "in/b.txt": "r.invalid/b:1\n",
        "in/sub/c.txt": "r.invalid/c:1\n",
        "in/sub/regsync.yaml": REGSYNC.replace("r.invalid/a:1", "r.invalid/d:1"),
        "in/sub/deep/pod.yaml": POD,
        "in/settings.yaml": "level: info\ncolour: blue\n",
        "in/README.md": "# Images\n\nThese are ours.\n",
    }
    write(tmp_path, files)
    done = auditor("images", "in", "--format", "list", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.split()) == [f"r.invalid/{name}:1" for name in "abcdw"]
    (line,) = done.stderr.splitlines()
    assert line == "neither Kubernetes objects nor an image list, not read: in/README.md and in/settings.yaml"
    audited = auditor("audit", "in", "--platform", "linux/amd64", "--offline", "--format", "json", cwd=tmp_path)
    assert len(json.loads(audited.stdout)["images"]) == 5


def test_yaml_only_in_subfolders_is_one_message_per_file(tmp_path: Path) -> None:
    """Not one for each line."""
    lines = "".join(f"key{number}: value {number}\n" for number in range(500))
    prose = "".join(f"word {number} and more\n" for number in range(500))
    write(tmp_path, {"in/x/values.yaml": lines, "in/y/pod.yaml": POD, "notes.txt": prose})
    done = auditor("images", "in", "--format", "list", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "r.invalid/w:1\n")
    assert len(done.stderr.splitlines()) == 1
    done = auditor("images", "notes.txt", cwd=tmp_path)
    assert done.returncode == 1
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == ["notes.txt"]
    assert "500 of 500 entries are not image references" in done.stderr


def test_platforms_that_a_list_states_are_kept(tmp_path: Path) -> None:
    """Without --platform nothing is left out; with it, what is left out is named."""
    text = (
        "version: 1\nsync:\n  - {source: 'r.invalid/a:1', target: 'x.invalid/a:1', type: image, platform: linux/s390x}\n"
        "  - {source: 'r.invalid/b:1', target: 'x.invalid/b:1', type: image}\n"
    )
    write(
        tmp_path,
        {"regsync.yaml": text, "pod.yaml": POD.replace("spec: {", "spec: {nodeSelector: {kubernetes.io/arch: s390x}, ")},
    )
    done = auditor("images", "regsync.yaml", "pod.yaml", "--format", "json", cwd=tmp_path)
    images = {image["reference"]: image["platforms"] for image in json.loads(done.stdout)["images"]}
    assert images == {"r.invalid/a:1": ["linux/s390x"], "r.invalid/b:1": [], "r.invalid/w:1": []}
    done = auditor("images", "regsync.yaml", "--format", "list", cwd=tmp_path)
    assert done.stdout.split() == ["r.invalid/a:1", "r.invalid/b:1"]
    assert "only for some: r.invalid/a:1 (linux/s390x)" in done.stderr
    done = auditor("images", "regsync.yaml", "--format", "list", "--platform", "linux/amd64", cwd=tmp_path)
    assert done.stdout.split() == ["r.invalid/b:1"]
    assert "not needed on the pools or platforms: r.invalid/a:1 (linux/s390x)" in done.stderr


def test_image_is_needed_on_all_platforms_if_one_source_does_not_restrict_it(tmp_path: Path) -> None:
    write(
        tmp_path, {"a.yaml": REGSYNC.replace("type: image", "type: image, platform: linux/arm64"), "b.txt": "r.invalid/a:1\n"}
    )
    done = auditor("images", "a.yaml", "b.txt", "--format", "json", cwd=tmp_path)
    assert [image["platforms"] for image in json.loads(done.stdout)["images"]] == [[]]


def test_possible_images_are_named_on_stderr(tmp_path: Path) -> None:
    """The list has what a field states to be an image; a reference in another field may be one."""
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"
    text += "data: {proxyImage: 'r.invalid/p:1', run: 'get r.invalid/q:2 now'}\n"
    write(tmp_path, {"c.yaml": text})
    done = auditor("images", "c.yaml", "--format", "list", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "r.invalid/p:1\n")
    assert "c.yaml:4:42: ConfigMap c data.run may name an image: r.invalid/q:2. Add it to the list if" in done.stderr
