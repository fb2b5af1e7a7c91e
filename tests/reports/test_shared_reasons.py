"""Undetermined outcomes with one reason are one entry, at the user's file. The plan of a command line is not a file."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.cli.runner import auditor

IMAGES = ("docker.io/library/nginx:1.27", "quay.io/a/b:1", "ghcr.io/c/d:2", "registry.k8s.io/pause:3.10", "quay.io/e/f:3")


FORMATS = ("json", "html", "text", "lines", "github", "gitlab", "sarif", "junit", "markdown")


def audit(folder: Path, *inputs: str) -> None:
    """Write each format into a file of its name."""
    formats = [word for name in FORMATS for word in ("--format", f"{name}={name}.out")]
    result = auditor("audit", *inputs, "--platform", "linux/amd64", "--offline", *formats, cwd=folder)
    assert result.returncode == 3, result.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    (folder / "lists").mkdir()
    (folder / "lists/images.txt").write_text("# a comment\n" + "\n".join(IMAGES) + "\n")
    audit(folder, "lists/images.txt")
    return folder


def rendered(folder: Path, name: str) -> str:
    return (folder / f"{name}.out").read_text()


def cases(folder: Path) -> list[ET.Element]:
    return ET.fromstring(rendered(folder, "junit")).findall(".//testcase")  # noqa: S314 - our own output


def test_five_images_without_evidence_are_one_line(folder: Path) -> None:
    (line,) = [line for line in rendered(folder, "lines").splitlines() if ": undetermined: " in line]
    assert line.startswith("lists/images.txt: undetermined: 5 images (")
    assert "and 1 more): it was not requested" in line
    assert "6 checks cannot be decided: image-absent, platform-absent" in line


@pytest.mark.parametrize("name", ["github", "markdown"])
def test_annotation_and_comment_have_the_reason_once(folder: Path, name: str) -> None:
    assert rendered(folder, name).count("it was not requested") == 1


def test_junit_has_one_error_for_each_check(folder: Path) -> None:
    errors = [case for case in cases(folder) if case.find("error") is not None]
    assert [case.get("name") for case in errors] == ["5 images"] * 6


def test_junit_pass_is_named_by_what_holds(folder: Path) -> None:
    names = [case.get("name") or "" for case in cases(folder) if not len(case)]
    assert "No image is listed twice: 5 examined" in names
    assert "Every list entry is a valid image reference: 5 examined" in names


def test_code_scanning_and_code_quality_rows_point_to_the_list(folder: Path) -> None:
    results = json.loads(rendered(folder, "sarif"))["runs"][0]["results"]
    places = [result["locations"][0]["physicalLocation"] for result in results]
    assert {place["artifactLocation"]["uri"] for place in places} == {"lists/images.txt"}
    assert [result["kind"] for result in results].count("open") == 1
    assert places[-1]["region"]["startLine"] == 2
    issues = json.loads(rendered(folder, "gitlab"))
    assert {issue["location"]["path"] for issue in issues} == {"lists/images.txt"}
    assert len([issue for issue in issues if issue["description"].startswith("Undetermined: ")]) == 1


@pytest.mark.parametrize("name", FORMATS)
def test_no_format_names_a_plan_that_is_not_on_disk(folder: Path, name: str) -> None:
    assert "command-line.yaml" not in rendered(folder, name)


def fingerprint(folder: Path) -> str:
    (one,) = [one for one in json.loads(rendered(folder, "gitlab")) if one["description"].startswith("Undetermined: ")]
    return str(one["fingerprint"])


def test_reason_keeps_its_fingerprint_when_images_are_added(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "images.txt").write_text("docker.io/new/image:1\n" + (folder / "lists/images.txt").read_text())
    audit(tmp_path, "images.txt")
    assert fingerprint(tmp_path) == fingerprint(folder)


def test_manifest_folder_gives_a_file_that_exists(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    spec = {"containers": [{"name": "a", "image": "q.io/a:1"}]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": spec}
    (tmp_path / "deploy/pod.yaml").write_text(json.dumps(pod))
    audit(tmp_path, "deploy")
    assert {issue["location"]["path"] for issue in json.loads(rendered(tmp_path, "gitlab"))} == {"deploy/pod.yaml"}


def test_infos_of_one_check_in_one_file_are_one_line(folder: Path) -> None:
    (line,) = [line for line in rendered(folder, "lines").splitlines() if line.endswith("[image-unpinned]")]
    assert line.startswith("lists/images.txt:2:1: info: docker.io/library/nginx:1.27 has a tag but no digest.")
    assert "The same applies to 4 other entries of this file." in line
    assert "auditor fix --pin" in line


@pytest.mark.parametrize("name", ["lines", "github", "markdown", "gitlab", "sarif", "junit"])
def test_show_leaves_out_what_is_below_and_says_so(folder: Path, name: str) -> None:
    shown = auditor(
        "audit", "lists/images.txt", "--platform", "linux/amd64", "--offline", "--show", "warning", "--format", name, cwd=folder
    )
    assert shown.returncode == 3
    assert "has a tag but no digest" not in shown.stdout
    assert name in {"gitlab", "sarif", "junit"} or "5 findings below warning not shown (`--show`)." in shown.stdout
