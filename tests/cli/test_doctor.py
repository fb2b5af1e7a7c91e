"""`auditor doctor`: programs are asked only for their version, with limits; data has dates."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.runner import auditor


def program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (folder / name).chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder outside the current one, with good and bad programs."""
    folder = tmp_path / "bin"
    program(folder, "helm", 'echo "$@" >> "$0.log"; echo v3.17.3+gde1d5c7')
    program(folder, "crane", "sleep 60")
    program(folder, "skopeo", "exit 3")
    program(folder, "oras", "printf 'Version: \\033[31m1.2.3\\n'")
    program(folder, "regctl", "yes v1.0.0")
    (tmp_path / "here").mkdir()
    program(tmp_path / "here", "kustomize", "echo v9.9.9; touch started")
    return folder


def state(folder: Path, programs: Path, *options: str) -> dict[str, object]:
    path = f"{programs}:{folder}:."
    done = auditor("doctor", "--format", "json", *options, cwd=folder, extra={"PATH": f"{path}:/usr/bin:/bin"})
    assert done.returncode == 0, done.stderr
    shown: dict[str, object] = json.loads(done.stdout)
    rows = shown["programs"]
    assert isinstance(rows, list)
    return {**shown, **{row["name"]: row for row in rows}}


def test_programs_are_found_and_asked_for_their_version(tmp_path: Path, programs: Path) -> None:
    found = state(tmp_path / "here", programs)
    said = {
        name: found[name]["version"] or found[name]["why"]
        for name in ("helm", "crane", "skopeo", "oras", "regctl", "kustomize")
    }  # type: ignore[index]
    assert said["helm"] == "v3.17.3+gde1d5c7"
    assert said["crane"] == "had not finished after 5 s"
    assert said["skopeo"] == "it printed no version (exit code 3)"
    assert said["oras"] == "1.2.3"
    assert said["regctl"] == "wrote more than 65,536 bytes"
    assert said["kustomize"] == "not found"  # a program in the current folder is not started
    assert not (tmp_path / "here" / "started").exists()
    assert (programs / "helm.log").read_text(encoding="utf-8") == "version --short\n"


def test_nothing_is_started_on_request(tmp_path: Path, programs: Path) -> None:
    found = state(tmp_path / "here", programs, "--no-ask")
    assert found["helm"]["why"] == "not started"  # type: ignore[index]
    assert not (programs / "helm.log").exists()


def test_text_names_dates_and_folders(tmp_path: Path) -> None:
    done = auditor("doctor", "--no-ask", cwd=tmp_path)
    for said in ("Facts as of 20", "Mozilla list of 20", "Microsoft list of 20", str(tmp_path / "cache"), "utf-8"):
        assert said in done.stdout
    assert str(tmp_path / ".local" / "state" / "airgap-auditor") in done.stdout
