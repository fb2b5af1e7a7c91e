"""Several plans in one run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.runner import EXAMPLE, auditor
from tests.peers.images import build_index, real_image
from tests.peers.registry import serve

READY = "version: 1\nname: {name}\npools: {{linux: {{platform: linux/amd64}}}}\nimages: [{{ref: '{image}', pools: [linux]}}]\n"


def site(folder: Path, name: str, image: str = "docker.io/library/busybox:1") -> str:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.yaml").write_text(READY.format(name=name, image=image))
    return f"{folder.name}/{name}.yaml"


def test_broken_plan_does_not_stop_the_reports_of_other_sites(tmp_path: Path) -> None:
    plans = [site(tmp_path / "sites", name) for name in ("north", "south")]
    (tmp_path / "sites/broken.yaml").write_text("version: 1\npools: {}\n")
    formats = ("--format", "json=out", "--format", "html=out", "--only", "image-reference-invalid", "--offline")
    done = auditor("audit", plans[0], "sites/broken.yaml", plans[1], *formats, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "sites/broken.yaml:2" in done.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "north.json",
        "north.html",
        "south.json",
        "south.html",
        "index.html",
    }
    for name in ("north", "south"):
        report = json.loads((tmp_path / f"out/{name}.json").read_text())
        assert (report["plan"]["name"], report["verdict"]) == (name, "ready")
        assert re.search(rf"^{name}\s+ready", done.stdout, re.MULTILINE)
    index = (tmp_path / "out/index.html").read_text()
    assert set(re.findall(r'href="([^"]+)"', index)) == {"north.json", "north.html", "south.json", "south.html"}
    assert "sites/broken.yaml" in index


def test_sites_with_equal_names_get_separate_files(tmp_path: Path) -> None:
    plans = [site(tmp_path / folder, "plant") for folder in ("a", "b")]
    done = auditor("audit", *plans, "--format", "json=out/", "--only", "image-reference-invalid", "--offline", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    paths = {json.loads(path.read_text())["plan"]["path"] for path in (tmp_path / "out").glob("*.json")}
    assert paths == set(plans)


def test_evidence_files_are_sites_and_the_worst_exit_code_counts(tmp_path: Path) -> None:
    plan = site(tmp_path / "sites", "north")
    done = auditor("audit", EXAMPLE / "plant-7.evidence", plan, "--at", "2026-11-23", "--offline", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert re.search(r"^plant-7\s+not-ready", done.stdout, re.MULTILINE)


@pytest.mark.parametrize(
    ("form", "first"), [("lines", "sites/{}.txt:1:1: error: "), ("github", "::error file=sites/{}.txt,line=1")]
)
def test_lines_format_writes_all_sites_to_stdout(tmp_path: Path, form: str, first: str) -> None:
    plans = []
    for name in ("a", "b"):
        plans.append(site(tmp_path / "sites", name))
        path = tmp_path / plans[-1]
        path.write_text(path.read_text().replace("{ref: 'docker.io/library/busybox:1'", f"{{list: {name}.txt"))
        (tmp_path / f"sites/{name}.txt").write_text("{{ .x }}\n")
    done = auditor("audit", *plans, "--format", form, "--only", "image-reference-invalid", "--offline", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    for name in ("a", "b"):
        assert f"\n{first.format(name)}" in f"\n{done.stdout}"
    assert re.search(r"^b\s+not-ready", done.stdout, re.MULTILINE)


def test_each_list_is_a_separate_site(tmp_path: Path) -> None:
    """Lists that share an image have no duplicate; a list that has one twice does."""
    (tmp_path / "a.txt").write_text("busybox:1\n")
    (tmp_path / "b.txt").write_text("busybox:1\nbusybox:1\n")
    words = ("audit", "a.txt", "b.txt", "--platform", "linux/amd64", "--offline", "--only", "image-duplicate")
    done = auditor(*words, "--each", "--fail-on", "info", "--format", "lines", "--format", "json=out", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "a.txt: READY" in done.stdout
    assert "b.txt:2:1: info: " in done.stdout
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a.txt.json", "b.txt.json", "index.html"}
    together = auditor(*words, "--format", "lines", cwd=tmp_path)
    assert "b.txt:1:1: info: " in together.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--format", "json"), "several plans need a folder"),
        (("--format", "text", "--format", "lines"), "several plans need a folder"),
        (("--format", "pdf=out"), "there is no such format"),
        (("--format", "json=sites/north.yaml"), "several plans need a folder"),
        (("--evidence", "sites/north.yaml"), "are for one plan"),
    ],
)
def test_option_that_a_fleet_does_not_support_is_a_usage_error(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    plans = [site(tmp_path / "sites", name) for name in ("north", "south")]
    done = auditor("audit", *plans, *options, "--offline", cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.peer
def test_second_site_reuses_the_requests_of_the_first(tmp_path: Path) -> None:
    """The second site of a run asks for the tag by HEAD alone; its manifests are known."""
    with serve(tmp_path / "registry") as registry:
        with registry.uploader() as push:
            push.index("shop/web", build_index(real_image("linux/amd64")), "1")
        plans = [site(tmp_path / "sites", name, f"{registry.host}/shop/web:1") for name in ("north", "south")]
        done = auditor("--verbose", "audit", *plans, "--format", "json=out", cwd=tmp_path)
    asked = [line for line in done.stderr.splitlines() if "/manifests/" in line]
    assert len([line for line in asked if line.startswith("GET") and "/manifests/sha256" in line]) == 1, asked
    for name in ("north", "south"):
        (image,) = json.loads((tmp_path / f"out/{name}.json").read_text())["images"]
        assert image["platforms"][0]["status"] == "ok"
