"""`auditor show`: parts of the last report, from a private file, without another audit."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from tests.cli.runner import EXAMPLE, auditor

AUDIT = ("audit", EXAMPLE / "plan.yaml", "--evidence", EXAMPLE / "plant-7.evidence", "--at", "2026-11-23")
LISTED = "ghcr.io/team/app:latest\n{{ .Values.image }}\n"


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("audited")
    done = auditor(*AUDIT, "--format", "json=report.json", "--format", "text", cwd=folder)
    assert done.returncode == 1, done.stderr
    (folder / "screen.txt").write_text(done.stdout, encoding="utf-8")
    return folder


def kept_in(folder: Path) -> list[Path]:
    return sorted((folder / ".local" / "state" / "airgap-auditor").glob("*.report.json"))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("windows-build-mismatch", "No compatible Windows build for the pool (error): failed"),
        ("ghcr.io/plant7/historian:2.8.1", "platform-absent win2019"),
        ("historian", "-- image ghcr.io/plant7/historian:2.8.1"),
        ("k8s.plant7.local:6443", "-- endpoint k8s.plant7.local:6443"),
        ("K8S.plant7.local", "-- endpoint k8s.plant7.local:6443"),
        ("win2019", "-- pool win2019"),
        ("errors", "ERROR chain-incomplete (1)"),
        ("warning", "WARNING image-unpinned (3)"),
        ("undetermined", "(content-mismatch"),
        ("steps", "Fix: Append the certificate"),
        ("scope", "examined      images at their source"),
        ("waived", "registry.plant7.local:5000: CN=registry.plant7.local"),
    ],
)
def test_every_kind_of_name_is_shown(audited: Path, name: str, said: str) -> None:
    done = auditor("show", name, cwd=audited)
    assert done.returncode == 0, done.stderr
    assert said in done.stdout
    assert done.stdout.rstrip().endswith("This environment will not work offline.")


def test_without_a_name_the_screen_is_shown_again(audited: Path) -> None:
    assert auditor("show", cwd=audited).stdout == (audited / "screen.txt").read_text(encoding="utf-8")


def test_finding_in_a_file_has_its_line_and_a_caret(audited: Path) -> None:
    shown = auditor("show", "image-reference-invalid", cwd=audited).stdout
    assert "    23 | {{ .Values.registry }}/plant7/line-control:4.2\n       | ^^^^^^^^" in shown


def test_json_report_is_shown_in_another_folder(audited: Path, tmp_path: Path) -> None:
    done = auditor("show", "chain-incomplete", "--report", audited / "report.json", cwd=tmp_path)
    assert "Append the certificate of Plant 7 Issuing CA 2" in done.stdout
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("name", "hint"),
    [("chain-incomplet", "Did you mean chain-incomplete?"), ("win2018", "Did you mean win2019?"), ("xyz", "Pools: control")],
)
def test_unknown_name_gets_a_suggestion(audited: Path, name: str, hint: str) -> None:
    done = auditor("show", name, cwd=audited)
    assert (done.returncode, done.stdout) == (2, "")
    assert hint in done.stderr


def test_kept_report_is_private_and_of_this_plan_only(audited: Path) -> None:
    (path,) = kept_in(audited)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_two_plans_do_not_mix(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.txt").write_text(f"ghcr.io/team/{name}:latest\n", encoding="utf-8")
        auditor("audit", f"{name}.txt", "--platform", "linux/amd64", "--offline", cwd=tmp_path)
    assert "team/two" in auditor("show", "image-unpinned", cwd=tmp_path).stdout
    assert len(kept_in(tmp_path)) == 2
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = auditor("show", cwd=elsewhere, extra={"HOME": str(tmp_path)})
    assert (done.returncode, "no report of this folder is kept" in done.stderr) == (2, True)


@pytest.mark.parametrize("value", ["off", "0", "OFF"])
def test_nothing_is_kept_if_it_is_switched_off(tmp_path: Path, value: str) -> None:
    (tmp_path / "list.txt").write_text(LISTED, encoding="utf-8")
    auditor("audit", "list.txt", "--platform", "linux/amd64", "--offline", cwd=tmp_path, extra={"AUDITOR_STATE": value})
    assert not (tmp_path / ".local").exists()
    assert "AUDITOR_STATE is off" in auditor("show", cwd=tmp_path, extra={"AUDITOR_STATE": value}).stderr


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_state_that_cannot_be_written_changes_no_verdict(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text(LISTED, encoding="utf-8")
    (tmp_path / "state").write_text("a file, not a folder", encoding="utf-8")
    done = auditor(
        "audit", "list.txt", "--platform", "linux/amd64", "--offline", cwd=tmp_path, extra={"AUDITOR_STATE": "state"}
    )
    assert done.returncode == 1
    assert "the report is not kept for `auditor show`: state: " in done.stderr


def test_secrets_are_neither_kept_nor_quoted(tmp_path: Path) -> None:
    secret = "S3cr3tPassw0rd99"
    (tmp_path / "list.txt").write_text(f"https://user:{secret}@ghcr.io/team/app:1\nghcr.io/a/b:latest\n", encoding="utf-8")
    audit = auditor("audit", "list.txt", "--platform", "linux/amd64", "--offline", "--format", "text=full", cwd=tmp_path)
    shown = auditor("show", "image-reference-invalid", cwd=tmp_path)
    (path,) = kept_in(tmp_path)
    for text in (audit.stdout, shown.stdout, path.read_text(encoding="utf-8")):
        assert secret not in text
    assert "1 | https://" in shown.stdout


def test_damaged_report_is_an_error_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text("{]", encoding="utf-8")
    done = auditor("show", "--report", "report.json", cwd=tmp_path)
    assert (done.returncode, "it is not a JSON report of version 1" in done.stderr) == (2, True)


def test_strange_report_is_shown_as_far_as_it_can_be_read(audited: Path, tmp_path: Path) -> None:
    document = json.loads((audited / "report.json").read_text(encoding="utf-8"))
    for key in ("checks", "images", "trust", "scope", "calendar", "summary", "first_steps"):
        document[key] = {"a": [None, 1]} if key != "checks" else [1, None, {"id": 5, "status": "\x1b[31m"}]
    document["findings"][0]["subject"] = "x"
    document["findings"][1]["message"] = "\x1b]8;;http://evil\x1b\\text"
    (tmp_path / "strange.json").write_text(json.dumps(document), encoding="utf-8")
    done = auditor("show", "--report", "strange.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
