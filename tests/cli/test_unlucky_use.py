"""Wrong or hostile use: no hang, no traceback, no verdict without an evaluation, no secret in any output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.pipeline import cache
from tests.cli.runner import EXAMPLE, auditor, environment

LINUX = ("--platform", "linux/amd64")
SECRET = "S3CRETpw"


@pytest.mark.parametrize("line", ["[::1]:99999/x:1", f"{'a' * 70}.localhost:5998/x:1", "localhost:1/x:1"])
def test_invalid_reference_does_not_stop_the_others(tmp_path: Path, line: str) -> None:
    (tmp_path / "images.txt").write_text(f"{line}\n")
    done = auditor("audit", "images.txt", *LINUX, "--format", "json", cwd=tmp_path)
    assert done.returncode in {1, 3}, done.stderr
    report = json.loads(done.stdout)
    assert report["undetermined"] or report["findings"]


def test_named_pipe_is_rejected_as_input_and_output(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "plan.yaml").write_text("version: 1\npools: {one: {platform: linux/amd64}}\n")
    for arguments in (
        ("audit", "pipe"),
        ("audit", "plan.yaml", "--evidence", "pipe"),
        ("collect", "plan.yaml", "-o", "pipe"),
        ("audit", "plan.yaml", "--offline", "--format", "json=pipe"),
    ):
        done = auditor(*arguments, cwd=tmp_path)
        assert done.returncode == 2, (arguments, done.stderr)
    assert (tmp_path / "pipe").is_fifo()


def test_report_never_overwrites_inputs_or_another_report(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text("version: 1\npools: {one: {platform: linux/amd64}}\n")
    before = (tmp_path / "plan.yaml").read_text()
    for formats in (("--format", "json=plan.yaml"), ("--format", "json=same", "--format", "html=same")):
        assert auditor("audit", "plan.yaml", "--offline", *formats, cwd=tmp_path).returncode == 2
    assert (tmp_path / "plan.yaml").read_text() == before
    assert not (tmp_path / "same").exists()


def test_link_to_a_report_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "latest.json").symlink_to("real.json")
    auditor("audit", EXAMPLE / "plant-7.evidence", "--format", "json=latest.json", cwd=tmp_path)
    assert (tmp_path / "latest.json").is_symlink()
    assert json.loads((tmp_path / "real.json").read_text())["version"] == 1


def test_passwords_in_references_and_plans_are_never_printed(tmp_path: Path) -> None:
    (tmp_path / "images.txt").write_text(f"u:{SECRET}@localhost:5998/x:1\nhttps://u:{SECRET}@host/x:1\n")
    formats = ("--format", "text", "--format", "json=r.json", "--format", "html=r.html")
    done = auditor("audit", "images.txt", *LINUX, "--offline", *formats, cwd=tmp_path)
    (tmp_path / "plan.yaml").write_text(
        f"version: 1\npools: {{one: {{platform: linux/amd64}}}}\nnetwork: {{reachable: ['u:{SECRET}@h']}}\n"
    )
    plan = auditor("audit", "plan.yaml", cwd=tmp_path)
    looked = auditor("inspect", f"https://u:{SECRET}@host/x:1", cwd=tmp_path)
    files = [(tmp_path / name).read_text() for name in ("r.json", "r.html")]
    for said in (done.stdout, plan.stderr, looked.stderr, *files):
        assert said
        assert SECRET not in said
    assert SECRET not in done.stderr


def test_control_characters_are_never_printed(tmp_path: Path) -> None:
    for arguments in (
        ("audit", "\x1b[31mred.yaml"),
        ("audit", "x", "--format", "\x1b[31m"),
        ("audit", "x", "--at", "\x1b[31m"),
    ):
        done = auditor(*arguments, cwd=tmp_path)
        assert done.returncode == 2
        assert "\x1b" not in done.stderr


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
def test_error_on_a_closed_stderr_gives_no_verdict(tmp_path: Path, redirection: str) -> None:
    command = f"{sys.executable} -m auditor audit nope.yaml {redirection}"
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, env=environment(tmp_path), timeout=60, check=False)
    assert done.returncode == 2


@pytest.mark.parametrize("redirection", [">&-", ">/dev/full"])
def test_unwritable_report_is_an_error(tmp_path: Path, redirection: str) -> None:
    command = f"{sys.executable} -m auditor audit {EXAMPLE / 'plant-7.evidence'} --at 2026-11-23 {redirection}"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "stdout" in done.stderr


def test_list_without_images_is_reported(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("# nothing\n\n")
    done = auditor("audit", "empty.txt", *LINUX, "--offline", cwd=tmp_path)
    assert done.returncode == 1
    assert "names no image" in done.stdout


def test_plan_setting_that_no_check_examines_is_reported(tmp_path: Path) -> None:
    cluster = "cluster: {distribution: rke2, version: v1.33.5}"
    (tmp_path / "plan.yaml").write_text(
        f"version: 1\npools: {{one: {{platform: linux/amd64}}}}\ncopy: {{window: 1h}}\n{cluster}\n"
    )
    done = auditor("audit", "plan.yaml", "--offline", "--format", "json", cwd=tmp_path)
    found = {finding["subject"]["id"] for finding in json.loads(done.stdout)["findings"]}
    assert found == {"copy.window", "cluster"}
    refused = auditor("audit", "plan.yaml", "--skip", "plan-unexamined", cwd=tmp_path)
    assert refused.returncode == 2
    assert "severity" in refused.stderr


def test_command_without_requests_needs_no_writable_cache(tmp_path: Path) -> None:
    """As in a container whose disk is read-only: the cache cannot be made, and only who would write to it hears of that."""
    (tmp_path / "images.txt").write_text("busybox:1\n")
    (tmp_path / "file").write_text("")
    words = ("audit", "images.txt", *LINUX, "--only", "image-reference-invalid")
    nowhere = {"AUDITOR_CACHE": str(tmp_path / "file/cache")}
    done = auditor(*words, "--offline", cwd=tmp_path, extra=nowhere)
    assert done.returncode == 0, done.stderr
    done = auditor(*words, cwd=tmp_path, extra=nowhere)
    assert done.returncode == 2
    assert "Set AUDITOR_CACHE to a writable folder" in done.stderr
    auditor(*words, "--offline", cwd=tmp_path, extra={"AUDITOR_CACHE": str(tmp_path / "unmade")})
    assert not (tmp_path / "unmade").exists()


def test_missing_home_folder_is_an_error_with_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AUDITOR_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 2**31 - 7)
    with pytest.raises(UsageError, match="home"):
        cache.cache_folder()
