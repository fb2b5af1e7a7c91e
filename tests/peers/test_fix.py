"""End to end: an audit finds missing content, the scripts of `auditor fix` run unchanged, and the next audit is ready."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.runner import auditor
from tests.peers.images import BuiltImage, build_index, real_image
from tests.peers.programs import require
from tests.peers.registry import RunningRegistry, allow_urls, free_port, serve

pytestmark = pytest.mark.peer
# The plans name no distribution, so the pause image of their nodes is unknown. That is not what these tests are about.
WITHOUT_PAUSE = ("--skip", "default-image-missing")
LINUX, ARM, WINDOWS, OLD = "linux/amd64", "linux/arm64", "windows/amd64:10.0.20348.2", "windows/amd64:10.0.17763.5"
BOTH = ("--at", "2026-11-23", "--via", "source", "--via", "target")
POOLS = {"linux": LINUX, "w2022": "windows/amd64:ltsc2022", "w2019": "windows/amd64:ltsc2019"}
NEEDED = {
    "shop/web:1": ("linux", "w2022"),
    "shop/old:1": ("linux", "w2019"),
    "shop/half:1": ("linux", "w2022"),
    "shop/torn:1": ("linux", "w2022"),
    "shop/there:1": ("linux", "w2022"),
}
WRONG = {
    ("image-missing-in-target", "shop/web:1"),
    ("image-missing-in-target", "shop/old:1"),
    ("platform-dropped", "shop/half:1"),
    ("index-incomplete", "shop/half:1"),
    ("image-missing-in-target", "shop/torn:1"),
}


@dataclass(frozen=True)
class Site:
    """A folder with a plan and the storage of two registries, which always run under the same names.

    The internal registry has its default settings: it rejects manifests with `urls`. The foreign `urls` do not answer.
    """

    folder: Path
    ports: tuple[int, int]
    images: dict[str, tuple[BuiltImage, ...]]

    @property
    def hosts(self) -> tuple[str, str]:
        """Run the source and the internal registry."""
        return f"127.0.0.1:{self.ports[0]}", f"127.0.0.1:{self.ports[1]}"

    def source(self) -> contextlib.AbstractContextManager[RunningRegistry]:
        """Run the source."""
        return serve(self.folder / "source", more=allow_urls(".+"), port=self.ports[0])

    def inside(self) -> contextlib.AbstractContextManager[RunningRegistry]:
        """Run the internal registry."""
        return serve(self.folder / "inside", port=self.ports[1])

    def named(self, image: str) -> str:
        """An image as its source names it."""
        return f"{self.hosts[0]}/{image}"

    def plan(self, needed: dict[str, tuple[str, ...]], *archives: str, name: str = "circle") -> None:
        """Write the plan."""
        used = dict.fromkeys(pool for pools in needed.values() for pool in pools)
        plan = {
            "version": 1,
            "name": name,
            "pools": {pool: {"platform": POOLS[pool], "runtime": "containerd 1.7.27"} for pool in used},
            "images": [{"ref": self.named(image), "pools": [*pools]} for image, pools in needed.items()],
            "registry": {
                "host": self.hosts[1],
                "kind": "distribution 2.8.2",
                "rewrites": {self.hosts[0]: self.hosts[1]},
            },
        }
        if archives:
            plan["copy"] = {"archives": list(archives)}
        (self.folder / "plan.yaml").write_text(json.dumps(plan))

    def audit(self) -> dict[str, Any]:
        """The report of the plan as the registries are now."""
        done = auditor("audit", "plan.yaml", *BOTH, *WITHOUT_PAUSE, "--format", "json", cwd=self.folder)
        assert done.returncode in {0, 1}, done.stdout + done.stderr
        report: dict[str, Any] = json.loads(done.stdout)
        return report

    def fix(self, *options: str) -> Path:
        """The folder that `auditor fix` writes."""
        done = auditor("fix", "plan.yaml", *(options or BOTH), "-o", "fix", cwd=self.folder)
        assert done.returncode == 0, done.stdout + done.stderr
        return self.folder / "fix"

    def run(self, script: str, *words: str, tools: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run a script as its user would. `tools` stands first on PATH."""
        folders = [str(Path(require(program)).parent) for program in ("crane", "regctl", "skopeo")]
        path = os.pathsep.join([*([str(tools)] if tools else []), *folders, os.environ["PATH"]])
        places = {"WORK": str(self.folder / "work"), "ARCHIVES": str(self.folder), "HOME": str(self.folder)}
        environment = {**os.environ, "PATH": path, **places}
        words = (str(self.folder / "fix/copy" / script), *words)
        return subprocess.run(words, capture_output=True, text=True, timeout=240, check=False, env=environment, cwd=self.folder)


def errors(report: dict[str, Any]) -> set[tuple[str, str]]:
    """Which check found which error, the images without their registry."""
    found = (f for f in report["findings"] if f["severity"] == "error")
    return {(f["check"], f["subject"]["id"].partition("/")[2] or f["subject"]["id"]) for f in found}


def lose(folder: Path, *parts: str) -> None:
    """Take something from the storage of a registry that does not run."""
    shutil.rmtree(folder.joinpath("storage/docker/registry/v2/repositories", *parts))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A source with everything; and inside, what was copied badly: an index without a manifest, another without a layer."""
    linux, arm, windows = (real_image(platform) for platform in (LINUX, ARM, WINDOWS))
    old = real_image(OLD, docker=True, foreign="http://127.0.0.2:9/v2/shop/old/blobs/")
    images: dict[str, tuple[BuiltImage, ...]] = {
        "shop/web": (linux, arm, windows),
        "shop/old": (real_image(LINUX, docker=True, label="old"), old),
        "shop/half": (linux, real_image(WINDOWS, label="half")),
        "shop/torn": (real_image(LINUX, label="torn"), windows),
        "shop/there": (linux, arm, windows),
    }
    made = Site(tmp_path, (free_port(), free_port()), images)
    with made.source() as source, source.uploader() as push:
        for name, built in images.items():
            push.index(name, build_index(*built), "1")
    with made.inside() as inside, inside.uploader() as push:
        for name in ("shop/half", "shop/torn", "shop/there"):
            push.index(name, build_index(*images[name]), "1")
    half, torn = images["shop/half"][1].digest, images["shop/torn"][0].layers[1].digest
    lose(tmp_path / "inside", "shop/half/_manifests/revisions/sha256", half.removeprefix("sha256:"))
    lose(tmp_path / "inside", "shop/torn/_layers/sha256", torn.removeprefix("sha256:"))
    return made


def succeeds(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("script", ["copy-crane.sh", "copy-regctl.sh"])
def test_audit_is_ready_after_the_fix_scripts(site: Site, script: str) -> None:
    with site.source(), site.inside():
        site.plan(NEEDED)
        assert errors(site.audit()) >= WRONG
        text = (site.fix() / "copy" / script).read_text()
        assert "shop/there" not in text
        arm = site.images["shop/web"][1].digest
        assert arm not in text
        succeeds(site.run(script))
        after = site.audit()
        assert (errors(after), after["verdict"], after["exit_code"]) == (set(), "ready", 0)
        assert {f["check"] for f in after["findings"]} <= {"image-unpinned", "default-image-missing"}
        succeeds(site.run(script))


def test_fix_scripts_work_over_a_transfer_medium(site: Site) -> None:
    """Run `fetch` while the internal registry is stopped, and `push` while the source is."""
    with site.source():
        with site.inside():
            site.plan(NEEDED)
            site.fix()
        succeeds(site.run("copy-regctl.sh", "fetch"))
    with site.inside():
        succeeds(site.run("copy-regctl.sh", "push"))
        with site.source():
            assert errors(site.audit()) == set()


def test_without_internal_evidence_every_image_is_copied(site: Site) -> None:
    """The internal registry was not observed: the scripts request it."""
    with site.source(), site.inside():
        site.plan(NEEDED)
        text = (site.fix("--at", "2026-11-23") / "copy/copy-crane.sh").read_text()
        assert "shop/there" in text
        succeeds(site.run("copy-crane.sh"))
        # A manifest that exists counts as complete until it is collected: a layer of one is still missing.
        assert errors(site.audit()) == {("image-missing-in-target", "shop/torn:1")}


def test_skopeo_script_copies_what_it_can_and_reports_the_rest(site: Site) -> None:
    needed = {image: pools for image, pools in NEEDED.items() if image != "shop/torn:1"}
    with site.source(), site.inside():
        site.plan(needed)
        site.fix()
        done = site.run("copy-skopeo.sh")
        assert done.returncode == 3, done.stdout + done.stderr
        assert site.named("shop/old:1") in done.stderr
        found = errors(site.audit())
        assert ("image-missing-in-target", "shop/old:1") in found
        assert not [subject for _, subject in found if subject in NEEDED and subject != "shop/old:1"]


def test_skopeo_script_removes_urls_from_a_single_manifest(site: Site) -> None:
    with site.source(), site.inside():
        site.plan({"shop/old:1": ("w2019",)})
        site.fix()
        succeeds(site.run("copy-skopeo.sh"))
        assert errors(site.audit()) == set()


def test_pinned_image_is_copied_completely_and_keeps_its_digest(site: Site) -> None:
    digest = build_index(*site.images["shop/web"]).digest
    with site.source(), site.inside():
        site.plan({f"shop/web@{digest}": ("linux", "w2022")})
        site.fix()
        succeeds(site.run("copy-crane.sh"))
        assert errors(site.audit()) == set()


def test_interrupted_script_continues_where_it_stopped(site: Site) -> None:
    """The tool fails at its third copy: the script ends there, says so, and the next run ends well."""
    real = require("crane")
    tools = site.folder / "tools"
    tools.mkdir()
    (tools / "crane").write_text(
        f'#!/bin/sh\n[ "$1" = copy ] && echo x >> {tools}/calls\n'
        f'[ -e {tools}/calls ] && [ $(wc -l < {tools}/calls) -ge 3 ] && exit 9\nexec {real} "$@"\n'
    )
    (tools / "crane").chmod(0o755)
    with site.source(), site.inside():
        site.plan(NEEDED)
        site.fix()
        stopped = site.run("copy-crane.sh", tools=tools)
        assert stopped.returncode == 9
        assert "stopped at [" in stopped.stderr
        assert errors(site.audit())
        succeeds(site.run("copy-crane.sh"))
        assert errors(site.audit()) == set()


@pytest.mark.parametrize("script", ["copy-crane.sh", "copy-regctl.sh"])
def test_report_alone_is_enough_for_a_copy(site: Site, script: str) -> None:
    """Without plan and evidence, missing images are copied completely, and the next audit is ready."""
    needed = {image: pools for image, pools in NEEDED.items() if image != "shop/torn:1"}
    with site.source(), site.inside():
        site.plan(needed)
        report = site.folder / "report.json"
        done = auditor("audit", "plan.yaml", *BOTH, *WITHOUT_PAUSE, "--format", f"json={report}", cwd=site.folder)
        assert done.returncode == 1, done.stderr
        written = auditor("fix", "report.json", "-o", "fix", cwd=site.folder)
        assert written.returncode == 0, written.stderr
        succeeds(site.run(script))
        assert errors(site.audit()) == set()


def test_existing_folder_is_not_overwritten(site: Site) -> None:
    (site.folder / "fix").mkdir()
    (site.folder / "fix/notes.txt").write_text("mine")
    site.plan(NEEDED)
    done = auditor("fix", "plan.yaml", "--offline", "-o", "fix", cwd=site.folder)
    assert done.returncode == 2
    assert "is not empty" in done.stderr
    assert [path.name for path in (site.folder / "fix").iterdir()] == ["notes.txt"]


def skopeo(site: Site, *words: str) -> None:
    done = subprocess.run(
        [require("skopeo"), "--insecure-policy", "copy", "--src-tls-verify=false", *words],
        cwd=site.folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def docker_archive(site: Site) -> str:
    skopeo(site, f"docker://{site.named('shop/web:1')}", f"docker-archive:web.tar:{site.named('shop/web:1')}")
    return "web.tar"


def layout_tar(site: Site) -> str:
    skopeo(site, "--all", f"docker://{site.named('shop/web:1')}", f"oci-archive:web.oci.tar:{site.named('shop/web:1')}")
    return "web.oci.tar"


def layout(site: Site) -> str:
    skopeo(site, "--all", f"docker://{site.named('shop/web:1')}", f"oci:layout:{site.named('shop/web:1')}")
    return "layout"


@pytest.mark.parametrize(
    ("make", "tools"),
    [
        (docker_archive, ("crane", "regctl", "skopeo")),
        (layout_tar, ("regctl", "skopeo")),
        (layout, ("crane", "skopeo")),
    ],
)
def test_archive_is_pushed_to_the_internal_registry(site: Site, make: Callable[[Site], str], tools: tuple[str, ...]) -> None:
    """The source is out of reach: what the disk holds goes into the registry, with each tool that can read it."""
    with site.source():
        archive = make(site)
    for tool in tools:
        shutil.rmtree(site.folder / "inside")
        shutil.rmtree(site.folder / "fix", ignore_errors=True)
        with site.inside():
            site.plan({"shop/web:1": ("linux",) if make is docker_archive else ("linux", "w2022")}, archive)
            inside = ("--at", "2026-11-23", "--via", "target", "--via", "archives")
            site.fix(*inside)
            succeeds(site.run(f"copy-{tool}.sh"))
            done = auditor("audit", "plan.yaml", *inside[:4], *WITHOUT_PAUSE, "--format", "json", cwd=site.folder)
            assert errors(json.loads(done.stdout)) == set(), tool
