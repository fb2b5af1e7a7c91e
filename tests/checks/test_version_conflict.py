"""What counts as one image and one version across lists, workloads, scripts and archives."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.testing import run_check, site_of
from checks.images.image_version_conflict import CHECK

PLAN = "version: 1\npools: {a: {platform: linux/amd64}}\n"
POD = "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{containers: [{{name: c, image: '{}'}}]}}\n"


def found(plan: str, files: dict[str, Any], **more: Any) -> list[str]:
    site = site_of({"plan": PLAN + plan, "files": files, **more})
    return [f"{one.severity.value} {one.subject.id}" for one in run_check(CHECK, site).findings]


def listed(listed: str, run: str) -> list[str]:
    plan = "images: [{list: a.txt}]\nworkloads: [{manifests: p.yaml}]\n"
    return found(plan, {"a.txt": listed, "p.yaml": POD.format(run)})


@pytest.mark.parametrize("run", ["nginx:1.27", "docker.io/library/nginx:1.27", "index.docker.io/nginx:1.27"])
def test_spelling_of_the_name_does_not_matter(run: str) -> None:
    assert listed("nginx:1.26\n", run) == ["warning docker.io/library/nginx"]
    assert listed("nginx:1.27\n", run) == []


@pytest.mark.parametrize(
    ("listed_tag", "run", "is_conflict"),
    [
        ("1.3", "1.3-alpine", False),
        ("1.3-windows-ltsc2022", "1.3", False),
        ("1.3", "1.30", True),
        ("latest", "1.3", True),
        ("v1.3", "1.3", True),
    ],
)
def test_suffix_is_no_other_version(listed_tag: str, run: str, is_conflict: bool) -> None:
    assert bool(listed(f"q.example/a:{listed_tag}\n", f"q.example/a:{run}")) is is_conflict


def test_list_may_have_more_versions_than_run() -> None:
    assert listed("q.example/a:1\nq.example/a:2\n", "q.example/a:2") == []


def test_tag_and_pinned_tag_are_one_version() -> None:
    assert listed("q.example/a:1\n", "q.example/a:1@sha256:" + "1" * 64) == []


def test_index_and_its_manifest_are_one_image() -> None:
    seen = {"q.example/a:1": {"platforms": ["linux/amd64"]}}
    site = site_of({"plan": PLAN + "images: [{ref: 'q.example/a:1'}]\n", "observed": seen})
    (image,) = site.images.images.values()
    (child,) = {one.resolution.payload.digest for one in site.images.placements if one.resolution.payload is not None}
    plan = "images: [{list: a.txt}]\nworkloads: [{manifests: p.yaml}]\n"
    files = {"a.txt": f"q.example/a:1@{image.digest}\n", "p.yaml": POD.format(f"q.example/a:1@{child}")}
    observed = {f"q.example/a:1@{image.digest}": {"platforms": ["linux/amd64"]}}
    assert found(plan, files, observed=observed) == []
    assert found(plan, files) == ["warning q.example/a"]


def test_rewritten_name_is_the_name_at_the_source() -> None:
    plan = (
        "images: [{list: a.txt}]\nworkloads: [{manifests: p.yaml}]\n"
        "registry: {host: 'in.example', rewrites: {quay.io: in.example/quay}}\n"
    )
    files = {"a.txt": "quay.io/org/a:1\n", "p.yaml": POD.format("in.example/quay/org/a:2")}
    assert found(plan, files) == ["warning quay.io/org/a"]


def test_option_values_of_a_script_are_not_images() -> None:
    plan = "images: [{list: a.txt}]\nregistry: {host: in.example}\ncopy: {scripts: [c.sh]}\n"
    script = "skopeo copy --src-creds user:secret docker://q.example/a:1 docker://in.example/a:1\n"
    assert found(plan, {"a.txt": "q.example/a:1\nuser:1\n", "c.sh": script}) == []


def test_archive_with_another_version_conflicts_with_the_list() -> None:
    plan = "images: [{list: a.txt}]\ncopy: {archives: [m.tar]}\n"
    archives = {"m.tar": {"images": [{"names": ["q.example/a:2"], "platforms": ["linux/amd64"]}]}}
    assert found(plan, {"a.txt": "q.example/a:1\n"}, archives=archives) == ["warning q.example/a"]


def test_finding_names_every_file_and_the_first_place() -> None:
    plan = "images: [{list: a.txt}]\nworkloads: [{manifests: p.yaml}]\n"
    site = site_of({"plan": PLAN + plan, "files": {"a.txt": "# x\nq.example/a:1\n", "p.yaml": POD.format("q.example/a:2")}})
    (one,) = run_check(CHECK, site).findings
    assert str(one.location) == "a.txt:2:1"
    assert one.facts["files"] == ("a.txt", "p.yaml")
