"""Several plans in one run."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from auditor.check import Area
from tests.cli.runner import EXAMPLE, auditor, environment
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
        (("--evidence", "sites/north.yaml"), "not an evidence file"),
        (("--baseline", "sites/north.yaml"), "sites/north.yaml"),
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


def many_sites(folder: Path, count: int) -> list[str]:
    (folder / "sites").mkdir()
    for number in range(count):
        text = READY.format(name=f"site-{number}", image="ghcr.io/plant7/historian:2.8.1")
        (folder / f"sites/{number}.yaml").write_text(text)
    return [f"sites/{number}.yaml" for number in range(count)]


def test_sites_share_one_evidence_file_in_several_processes(tmp_path: Path) -> None:
    plans = many_sites(tmp_path, 20)
    (tmp_path / "sites/7.yaml").write_text("version: 1\npools: {}\n")
    given = ("--evidence", EXAMPLE / "plant-7.evidence", "--at", "2026-11-23")
    done = auditor("audit", *plans, *given, "--format", "json=out", "--format", "html=out", cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "sites/7.yaml:2" in done.stderr
    rows = [line.split()[0] for line in done.stdout.splitlines()[2:]]
    assert rows == [plan if "/7." in plan else f"site-{plan[6:-5]}" for plan in plans]
    alone = auditor("audit", plans[3], *given, "--format", "json=alone.json", cwd=tmp_path)
    assert alone.returncode in {0, 1, 3}
    one, other = (json.loads((tmp_path / name).read_text()) for name in ("alone.json", "out/site-3.json"))
    assert {key: one[key] for key in one if key != "fix"} == {key: other[key] for key in other if key != "fix"}


def test_index_has_a_column_for_each_area_and_what_is_missing(tmp_path: Path) -> None:
    plans = many_sites(tmp_path, 2)
    (tmp_path / "sites/1.yaml").write_text(READY.format(name="odd", image="ghcr.io/plant7/unknown:1"))
    given = ("--evidence", EXAMPLE / "plant-7.evidence", "--at", "2026-11-23", "--format", "html=out")
    done = auditor("audit", *plans, *given, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    index = (tmp_path / "out/index.html").read_text()
    assert all(f">{area.value}</abbr>" in index for area in Area)
    assert "TLS trust per pool: not declared" in index
    assert re.search(r"images at their source: \d+ undetermined", index)


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0 broken"], ids=["empty", "damaged"])
def test_unusable_shared_evidence_ends_the_run_with_one_error(content: bytes, tmp_path: Path) -> None:
    plans = many_sites(tmp_path, 20)
    (tmp_path / "site.evidence").write_bytes(content)
    done = auditor("audit", *plans, "--evidence", "site.evidence", "--format", "json=out", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("site.evidence: ") == 1
    assert "Traceback" not in done.stderr


def test_interrupted_fleet_ends_its_processes(tmp_path: Path) -> None:
    plans = many_sites(tmp_path, 400)
    words = [
        sys.executable,
        "-m",
        "auditor",
        "audit",
        *plans,
        "--evidence",
        str(EXAMPLE / "plant-7.evidence"),
        "--format",
        "json=out",
    ]
    process = subprocess.Popen(
        words, cwd=tmp_path, env=environment(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "out").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert children
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 143, told
    assert "Traceback" not in told
    time.sleep(0.5)
    assert not [
        child for child in children if Path(f"/proc/{child}").exists() and "Z" not in Path(f"/proc/{child}/stat").read_text()
    ]
