"""Files that a plan may not read: system files, files with logins, pipes, devices, and links to them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.errors import PlanError
from auditor.plan.load import load_plan
from auditor.plan.off_limits import why_off_limits
from tests.cli.runner import environment

CANARY = "Kx9qW7vZp31mTb"
SYSTEM = (
    *(
        "/proc/self/environ",
        "/proc/1/cmdline",
        "/proc",
        "/sys/kernel/notes",
        "/dev/stdin",
        "/dev/null",
        "/etc/shadow",
        "/proc/self/fd",
    ),
    *(
        "../../../../../../../../../../proc/self/environ",
        "/proc/self/root/proc/self/environ",
        "/run/secrets/token",
        "/dev/fd/0",
    ),
)
PLACES = (
    "images: [{list: %s}]",
    "workloads: [{manifests: %s}]",
    "workloads: [{chart: %s}]",
    "copy: {tool: crane 0.20.6, scripts: [%s]}",
    "registry: {host: r.local, kind: distribution 2.8.2, config: %s}",
    "waivers: %s",
)


def written(folder: Path, text: str) -> Path:
    path = folder / "plan.yaml"
    path.write_text(f"version: 1\npools: {{a: {{platform: linux/amd64}}}}\n{text}\n")
    return path


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(PlanError) as caught:
        load_plan(written(folder, text))
    return str(caught.value)


@pytest.mark.parametrize("name", SYSTEM)
def test_system_files_are_not_read(name: str, tmp_path: Path) -> None:
    assert "a plan may not name" in refusal(tmp_path, f"images: [{{list: {name}}}]")


@pytest.mark.parametrize("place", PLACES)
def test_no_plan_key_reads_system_files(place: str, tmp_path: Path) -> None:
    assert "a plan may not name" in refusal(tmp_path, place % "/proc/self/environ")


@pytest.mark.parametrize("target", ["/proc/self/environ", "/dev/zero", "/etc/shadow"])
def test_links_to_system_files_are_not_followed(target: str, tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "a.txt").symlink_to(target)
    (tmp_path / "b.txt").symlink_to("lists/a.txt")
    for name in ("lists", "lists/a.txt", "b.txt"):
        assert "a plan may not name" in refusal(tmp_path, f"images: [{{list: {name}}}]")


@pytest.mark.parametrize("name", [".ssh/id_ed25519", ".docker/config.json", ".kube/config", ".netrc", ".aws/credentials"])
def test_login_files_are_not_read(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home" / name).parent.mkdir(parents=True)
    (tmp_path / "home" / name).write_text(f"{CANARY}\n")
    said = refusal(tmp_path, f"images: [{{list: home/{name}}}]")
    assert "hold logins or keys" in said
    assert CANARY not in said


def test_pipe_is_rejected_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "not a regular file" in refusal(tmp_path, "images: [{list: pipe}]")


def test_absolute_and_parent_paths_are_read(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "a.txt").write_text("busybox:1\n")
    (tmp_path / "site").mkdir()
    for name in ("../lists", f"{tmp_path}/lists/a.txt", "../site/../lists/a.txt"):
        assert len(load_plan(written(tmp_path / "site", f"images: [{{list: {name}}}]")).files) == 2


def test_shared_memory_folder_is_read() -> None:
    assert why_off_limits(Path("/dev/shm/site/list.txt")) == ""


FORMATS = ("text", "lines", "json", "html", "sarif", "junit", "github", "gitlab", "markdown", "csv")


@pytest.mark.parametrize("name", ["BUILD_TOKEN", "REGISTRY_PASSWORD", "AWS_SECRET_ACCESS_KEY"])
def test_credential_of_the_environment_is_redacted_everywhere(name: str, tmp_path: Path) -> None:
    """The plan's file repeats it, such as one that an earlier pipeline step wrote."""
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / "env").write_text(f"{name}={CANARY}\n{CANARY}\nexport X='{CANARY}' y\nr.example/{CANARY.lower()}:1\n")
    (tmp_path / "site").mkdir()
    plan = written(tmp_path / "site", "images: [{list: ../job/env}]\nworkloads: [{manifests: ../job/env}]\n" + f"# {CANARY}")
    wanted = [word for form in FORMATS for word in ("--format", f"{form}={tmp_path / form}")]
    command = [sys.executable, "-m", "auditor", "audit", str(plan), "--offline", *wanted]
    more = environment(tmp_path, {name: CANARY})
    done = subprocess.run(command, env=more, capture_output=True, timeout=120, check=False)
    assert done.returncode in {1, 3}, done.stderr
    assert CANARY.encode() not in done.stdout + done.stderr
    for form in FORMATS:
        assert CANARY.encode() not in (tmp_path / form).read_bytes(), form


def test_plain_words_in_the_environment_are_not_redacted(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("docker.io/library/postgres:16\nr.example/linux-amd64:1\n")
    plan = written(tmp_path, "images: [{list: list.txt}]")
    more = {"POSTGRES_PASSWORD": "postgres", "CACHE_KEY": "linux-amd64", "TOKEN_PATH": "/r.example1", "DB_PASSWORD": "library"}
    command = [sys.executable, "-m", "auditor", "images", str(plan), "--format", "list"]
    done = subprocess.run(command, env=environment(tmp_path, more), capture_output=True, timeout=120, check=False)
    assert done.stdout.split() == [b"docker.io/library/postgres:16", b"r.example/linux-amd64:1"]
