"""The container file: checked with a linter, then built and run without an external image.

The base is made by debootstrap with the distribution's own Python, and stands in under the name that the definition asks for.
"""

from __future__ import annotations

import json
import os
import platform
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.runner import EXAMPLE, ROOT
from tests.peers.checkout import copy_parts
from tests.peers.programs import missing, require, require_index

pytestmark = pytest.mark.peer
DOCKERFILE = ROOT / ".ci/container/Dockerfile"
LINES = DOCKERFILE.read_text().splitlines()
AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"


def copied() -> tuple[str, ...]:
    """What the definition copies out of the repository."""
    lines = (line for line in LINES if line.startswith("COPY ") and "--from" not in line)
    return tuple(dict.fromkeys(word for line in lines for word in line.split()[1:-1]))


def run(*command: str, timeout: int = 300) -> str:
    """What a command says. It must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stdout[-1000:]}{done.stderr[-2000:]}"
    return done.stdout.strip()


@dataclass(frozen=True)
class Image:
    """The image, unpacked, and what it says about how it is run."""

    root: Path
    config: dict[str, Any]

    def run(self, *words: str, entry: tuple[str, ...] | None = None) -> subprocess.CompletedProcess[str]:
        """Run it with the example in its working folder: as its own user, without a network, on a disk that is read-only."""
        user, _, group = self.config["User"].partition(":")
        inside = [*(entry or self.config["Entrypoint"]), *words]
        place = self.root / self.config["WorkingDir"].lstrip("/")
        own = f"setpriv --reuid {user} --regid {group} --clear-groups --no-new-privs --bounding-set=-all"
        inner = shlex.join(("env", "-i", "-C", self.config["WorkingDir"], *self.config["Env"], *inside))
        lines = (
            f"mount --bind {self.root} {self.root}",
            f"mount --bind {EXAMPLE} {place}",
            f"mount -o remount,bind,ro {place}",
            f"mount -o remount,bind,ro {self.root}",
            f"exec chroot {self.root} {own} {inner}",
        )
        command = ["unshare", "--mount", "--net", "sh", "-ec", "\n".join(lines)]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def base(folder: Path) -> None:
    """A small system with a Python that can make virtual environments."""
    release = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    packages = "--include=ca-certificates,python-is-python3,python3-venv"
    command = ["debootstrap", "--variant=minbase", packages, release, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode != 0:  # no tool is missing, but a mirror, or the right to make devices: the environment lacks these
        pytest.skip(f"the system for the image cannot be made: {(done.stdout + done.stderr).strip()[-300:]}")
    for part in ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/locale"):
        shutil.rmtree(folder / part)
    for name in (AUTHORITIES, "/etc/pip.conf"):  # whom this machine trusts, and asks: an index may be behind a proxy of its own
        if Path(name).is_file():
            shutil.copyfile(name, folder / name.lstrip("/"))
    for name in os.environ.get("PIP_FIND_LINKS", "").split():
        if Path(name).is_absolute() and Path(name).is_dir():
            shutil.copytree(name, folder / name.lstrip("/"))


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    """The unchanged definition, built."""
    for program in ("buildah", "debootstrap", "unshare"):
        require(program)
    if os.geteuid() != 0:
        missing("only root can make the system that the image is built on")
    folder = tmp_path_factory.mktemp("container")
    require_index(folder / "asked")
    places = ("--root", str(folder / "storage"), "--runroot", str(folder / "run"))
    buildah = ("buildah", *places)
    try:
        base(folder / "base")
        first = run(*buildah, "from", "scratch")
        run(*buildah, "add", "--quiet", first, str(folder / "base"), "/")
        for name in [name for name in os.environ if name.startswith("PIP_")]:
            run(*buildah, "config", "--env", f"{name}={os.environ[name]}", first)
        (name,) = {line.split()[1] for line in LINES if line.startswith("FROM ")}
        run(*buildah, "commit", "--quiet", first, name)
        shutil.rmtree(folder / "base")
        copy_parts(copied(), folder / "context")
        how = ("--isolation", "chroot", "--pull-never", "--network", "host", "--tag", "auditor")
        run(*buildah, "bud", *how, "--file", str(DOCKERFILE), str(folder / "context"))
        made = run(*buildah, "from", "--pull-never", "auditor")
        config = json.loads(run(*buildah, "inspect", "--type", "image", "auditor"))["OCIv1"]["config"]
        yield Image(Path(run(*buildah, "mount", made)), config)
    finally:
        subprocess.run([*buildah, "rm", "--all"], capture_output=True, timeout=60, check=False)
        shutil.rmtree(folder)


def test_hadolint_finds_no_problem() -> None:
    done = subprocess.run([require("hadolint"), str(DOCKERFILE)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_container_runs_without_privileges_and_copies_only_installed_files() -> None:
    assert [line.split()[1] for line in LINES if line.startswith("USER ")] == ["65532:65532"]
    for name in copied():
        assert (ROOT / name).exists(), name


def test_container_audits_without_privileges_on_a_read_only_disk(image: Image) -> None:
    assert image.run("-u", entry=("id",)).stdout == "65532\n"
    assert "Read-only file system" in image.run("/tmp/x", entry=("touch",)).stderr
    shown = image.run(*image.config["Cmd"])
    assert (shown.returncode, "Usage: auditor" in shown.stdout) == (0, True), shown.stderr
    done = image.run("audit", "plant-7.evidence", "--at", "2026-11-23", "--format", "json")
    assert (done.returncode, json.loads(done.stdout)["verdict"]) == (1, "not-ready"), done.stderr
    done = image.run("audit", "lists/linux.txt", "--platform", "linux/amd64", "--offline", "--format", "lines")
    assert (done.returncode, "lists/linux.txt:" in done.stdout) == (1, True), done.stderr
    assert image.run("-c", "import pip", entry=("/opt/auditor/bin/python",)).returncode == 1
