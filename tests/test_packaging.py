"""The wheel contains all files that the program reads, and the program runs from it without the checkout."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from checks import CATALOGUE
from tests.cli.runner import EXAMPLE, ROOT, environment

PACKAGES = ("auditor", "checks", "reports")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by the backend that pyproject.toml names, without a network."""
    if importlib.util.find_spec("hatchling") is None:
        reason = "hatchling is not installed; it is in the dev extra"
        if os.environ.get("AUDITOR_REQUIRE_PEERS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, env=environment(folder), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run(folder: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Python with the unpacked wheel before anything else that is installed, and nothing of the folder that it runs in."""
    command = [sys.executable, "-P", *arguments]
    # Not measured: lines of the unpacked copy would count as files of their own.
    kept = {name: value for name, value in environment(cwd).items() if not name.startswith("COVERAGE_")}
    kept["PYTHONPATH"] = str(folder)
    return subprocess.run(command, cwd=cwd, env=kept, capture_output=True, text=True, timeout=120, check=False)


def test_wheel_contains_exactly_the_files_of_the_packages(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert {name for name in held if ".data/" in name} == {next(name for name in held if name.endswith("man1/auditor.1"))}
    held = {name for name in held if ".data/" not in name}
    wanted = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert held == wanted


@pytest.mark.parametrize(
    "name",
    [
        "auditor/py.typed",
        "auditor/plan/starter.yaml",
        "auditor/facts/windows_builds.yaml",
        "checks/said.yaml",
        *(f"checks/examples/{check.id}.yaml" for check in CATALOGUE),
        "reports/report_v1.schema.json",
        "reports/html/templates/report.html.j2",
        "reports/html/templates/report.css",
        "reports/html/templates/rows.js",
    ],
)
def test_data_files_are_in_the_wheel(unpacked: Path, name: str) -> None:
    assert (unpacked / name).is_file()


def test_licence_and_command_are_in_the_metadata(unpacked: Path) -> None:
    metadata = next(unpacked.glob("*.dist-info"))
    assert "auditor = auditor.__main__:main" in (metadata / "entry_points.txt").read_text()
    assert (metadata / "licenses" / "LICENSE").is_file()


def test_program_runs_from_the_wheel_only(unpacked: Path, tmp_path: Path) -> None:
    where = run(
        unpacked,
        "-c",
        "import auditor, checks, reports; print(*(p.__file__ for p in (auditor, checks, reports)))",
        cwd=tmp_path,
    )
    assert all(Path(path).is_relative_to(unpacked) for path in where.stdout.split()), where.stdout + where.stderr
    explained = run(unpacked, "-m", "auditor", "explain", "image-absent", cwd=tmp_path)
    assert "The finding (error):" in explained.stdout, explained.stderr
    audited = run(
        unpacked,
        *("-m", "auditor", "audit", str(EXAMPLE / "plant-7.evidence"), "--at", "2026-11-23"),
        *("--format", "text", "--format", "html=report.html", "--format", "json=report.json"),
        cwd=tmp_path,
    )
    assert audited.returncode == 1, audited.stderr
    assert "\n\nNOT READY: " in audited.stdout
    assert {"report.html", "report.json"} <= {path.name for path in tmp_path.iterdir()}
    for arguments in (("init", "-"), ("schema", "plan"), ("schema", "report"), ("checks",)):
        done = run(unpacked, "-m", "auditor", *arguments, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
