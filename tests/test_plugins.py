"""The plug-in of examples/plugin is really installed and used; and what is wrong with one is said."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.runner import ROOT, environment

NOTES = """# Release notes of the plant

Some prose about busybox:1.
IMAGE: docker.io/library/busybox:1
IMAGE: ghcr.io/plant/line:2
"""
PLAN = "version: 1\npools: {linux: {platform: linux/amd64}}\nimages: [{list: notes.txt, pools: [linux]}]\n"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the plug-in was installed into from its wheel, with the metadata that names its entry points."""
    folder = tmp_path_factory.mktemp("plugin")
    built = folder / "wheels"
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(built)]
    done = subprocess.run(build, cwd=ROOT / "examples/plugin", capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    site = folder / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", str(site)]
    done = subprocess.run([*pip, *map(str, built.glob("*.whl"))], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return site


def auditor(folder: Path, cwd: Path, *words: str) -> subprocess.CompletedProcess[str]:
    known = environment(cwd, {"PYTHONPATH": f"{folder}:{ROOT}"})
    command = [sys.executable, "-m", "auditor", *words]
    return subprocess.run(command, cwd=cwd, env=known, capture_output=True, text=True, timeout=120, check=False)


def test_a_check_and_an_importer_of_another_package_take_part(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(PLAN)
    (tmp_path / "notes.txt").write_text(NOTES)
    done = auditor(installed, tmp_path, "audit", "plan.yaml", "--offline", "--only", "image-from-house", "--format", "json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert {row["reference"] for row in report["images"]} == {"docker.io/library/busybox:1", "ghcr.io/plant/line:2"}
    (finding,) = report["findings"]
    assert (finding["subject"]["id"], finding["location"]["line"]) == ("ghcr.io/plant/line:2", 5)
    assert "The plant's rule 17" in auditor(installed, tmp_path, "explain", "image-from-house").stdout


@pytest.mark.parametrize(
    ("group", "value", "said"),
    [
        ("auditor.checks", "nowhere:CHECK", "does not load: ModuleNotFoundError"),
        ("auditor.checks", "json:dumps", "is no check, or its id is taken"),
        ("auditor.importers", "broken", "fails on notes.txt: ZeroDivisionError"),
    ],
)
def test_a_plug_in_that_is_broken_is_an_error(tmp_path: Path, group: str, value: str, said: str) -> None:
    (tmp_path / "site/x-1.dist-info").mkdir(parents=True)
    (tmp_path / "site/x-1.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: x\nVersion: 1\n")
    (tmp_path / "site/x-1.dist-info/entry_points.txt").write_text(f"[{group}]\nx = {value}\n")
    (tmp_path / "site/broken.py").write_text("def recognises(data):\n    return 1 / 0\n")
    (tmp_path / "plan.yaml").write_text(PLAN)
    (tmp_path / "notes.txt").write_text(NOTES)
    done = auditor(tmp_path / "site", tmp_path, "audit", "plan.yaml", "--offline")
    assert done.returncode == 4, done.stdout + done.stderr
    assert said in done.stderr
