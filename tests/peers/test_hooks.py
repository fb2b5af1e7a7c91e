"""The hooks run by pre-commit: it installs them from a clone, and accepts or rejects a commit."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.runner import ROOT
from tests.peers.checkout import copy_parts
from tests.peers.programs import require, require_index

pytestmark = pytest.mark.peer
INSTALLED = ("auditor", "checks", "reports", "docs/auditor.1", "pyproject.toml", "README.md", "LICENSE")
PLAN = """
version: 1
name: line
pools: {linux: {platform: linux/amd64}}
images: [{list: ../images.txt, pools: [linux]}]
workloads: [{manifests: ../deploy}]
"""
POD = (
    "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: 'registry.example.com/web:1'}]}\n"
)


@dataclass(frozen=True)
class Repository:
    """A git repository whose commits pass the hooks, and where pre-commit keeps what it installs."""

    folder: Path
    home: Path

    def run(self, *command: str, timeout: int = 60) -> subprocess.CompletedProcess[str]:
        """Run a command in it. The package index is that of the user, git's settings are not."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PRE_COMMIT", "PYTHON"))}
        who = {f"GIT_{role}_{part}": "a@example.com" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
        known = {**kept, **who, "PRE_COMMIT_HOME": str(self.home), "GIT_CONFIG_GLOBAL": os.devnull, "NO_COLOR": "1"}
        return subprocess.run(command, cwd=self.folder, env=known, capture_output=True, text=True, timeout=timeout, check=False)

    def git(self, *words: str) -> str:
        """What git says. It must succeed."""
        done = self.run("git", *words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def commit(self, **files: str) -> subprocess.CompletedProcess[str]:
        """Write files, and try to commit them."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.git("add", "--all")
        return self.run("git", "commit", "--quiet", "--message", "lists")


def hooks(folder: Path, home: Path) -> Repository:
    """This checkout as a repository that pre-commit can clone: what is installed of it, and the hooks."""
    made = Repository(folder, home)
    copy_parts((*INSTALLED, ".pre-commit-hooks.yaml"), folder)
    made.git("init", "--quiet")
    made.git("add", "--all")
    made.git("commit", "--quiet", "--message", "hooks")
    return made


@pytest.fixture(scope="module")
def offered(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """The hooks, installed. That asks a package index; where none answers, it skips."""
    root = tmp_path_factory.mktemp("hooks")
    require("git")
    made = hooks(root / "auditor", root / "home")
    require_index(root / "asked")
    with_hooks(root / "first", made)
    return made


def with_hooks(folder: Path, offered: Repository, named: str = "[{id: airgap-lists}, {id: airgap-plan}]") -> Repository:
    """A new repository that has the hooks, as a user makes one."""
    folder.mkdir()
    made = Repository(folder, offered.home)
    made.git("init", "--quiet")
    revision = offered.git("rev-parse", "HEAD")
    (folder / ".pre-commit-config.yaml").write_text(f"repos: [{{repo: '{offered.folder}', rev: {revision}, hooks: {named}}}]\n")
    done = made.run(require("pre-commit"), "install", "--install-hooks", timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    return made


@pytest.fixture
def repository(offered: Repository, tmp_path: Path) -> Repository:
    """A repository with nothing but the hooks."""
    return with_hooks(tmp_path / "site", offered)


def test_commit_passes_after_its_lists_and_plans_are_fixed(repository: Repository) -> None:
    good = {"images.txt": "registry.example.com/web:1\nbusybox:1\n", "deploy/pod.yaml": POD, "site/plan.yaml": PLAN}
    bad = {"images.txt": "busybox:1\n{{ .Values.image }}\nbusybox:1\ndocker.io/library/busybox:1\n"}
    done = repository.commit(**{**good, **bad, "images-windows.txt": "busybox:1\n"})
    assert done.returncode == 1, done.stdout + done.stderr
    said = done.stdout + done.stderr
    for line in (
        "\nimages.txt:2:1: error: '{{ .Values.image }}' is not a valid image reference",
        "\nimages.txt:3:1: info: busybox:1 is already listed at images.txt:1:1",
        "\nimages.txt:4:1: info: docker.io/library/busybox:1 is the same image as busybox:1",
        "\ndeploy/pod.yaml:4:40: error: Pod web container web",
    ):
        assert line in said
    assert "images-windows.txt:1" not in said  # two lists may share an image
    done = repository.commit(**good)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "images-windows.txt" in repository.git("show", "--name-only", "--format=").splitlines()


def test_two_plans_in_one_commit_both_report_their_lines(repository: Repository) -> None:
    plan = PLAN.replace("line", "{name}").replace("../", "../../")
    files = {f"more/{name}/plan.yaml": plan.replace("{name}", name) for name in ("north", "south")}
    shared = {"images.txt": "busybox:1\n", "deploy/pod.yaml": POD}
    done = repository.commit(**files, **shared)
    assert done.returncode == 1, done.stdout + done.stderr
    assert (done.stdout + done.stderr).count("\ndeploy/pod.yaml:4:40: error: ") == 2
    done = repository.commit(**{"images.txt": "registry.example.com/web:1\n"})
    assert done.returncode == 0, done.stdout + done.stderr


def test_list_next_to_a_plan_is_checked_by_the_documented_hook(offered: Repository, tmp_path: Path) -> None:
    page = (ROOT / "docs/ci.md").read_text()
    (named,) = re.findall(r"^- (\{id: airgap-plan.*\})$", page, re.MULTILINE)
    repository = with_hooks(tmp_path / "site", offered, f"[{named}]")
    plan = {"site/plan.yaml": PLAN.replace("../images.txt", "images.txt").replace("../deploy", "deploy")}
    good = {"site/images.txt": "registry.example.com/web:1\n", "site/deploy/pod.yaml": POD, **plan}
    assert repository.commit(**good).returncode == 0
    done = repository.commit(**{"site/images.txt": "registry.example.com/web:2\n"})
    assert done.returncode == 1, done.stdout + done.stderr
    assert "\nsite/deploy/pod.yaml:4:40: error: " in done.stdout + done.stderr
