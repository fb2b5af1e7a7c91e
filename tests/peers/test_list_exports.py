"""The real regsync and skopeo copy what `auditor images` writes for them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.runner import auditor
from tests.peers.images import build_index, real_image
from tests.peers.programs import require
from tests.peers.registry import RunningRegistry, serve

pytestmark = pytest.mark.peer
NAMES = ("shop/web", "shop/db")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, RunningRegistry, RunningRegistry]]:
    folder = tmp_path_factory.mktemp("exports")
    with serve(folder / "source") as source, serve(folder / "target") as target:
        index = build_index(real_image("linux/amd64"), real_image("linux/arm64"))
        with source.uploader() as push:
            for name in NAMES:
                push.index(name, index, "1.10")
        lines = [f"{source.host}/shop/web:1.10", f"{source.host}/shop/db:1.10@{index.digest}"]
        (folder / "images.txt").write_text("\n".join(lines) + "\n")
        yield folder, source, target


def written(folder: Path, tool: str, *more: str) -> str:
    done = auditor("images", "images.txt", "--format", tool, *more, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run(folder: Path, *command: str) -> None:
    done = subprocess.run(
        [require(command[0]), *command[1:]], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr


def test_regsync_copies_the_list(site: tuple[Path, RunningRegistry, RunningRegistry]) -> None:
    folder, source, target = site
    plain = "".join(f"  - {{registry: '{one.host}', tls: disabled}}\n" for one in (source, target))
    text = written(folder, "regsync", "--to", f"{target.host}/mirror")
    (folder / "regsync.yaml").write_text(f"{text}creds:\n{plain}")
    run(folder, "regsync", "once", "-c", "regsync.yaml")
    for name in NAMES:
        shown = auditor("inspect", f"{target.host}/mirror/{name}:1.10", cwd=folder)
        assert shown.returncode == 0, shown.stderr
        assert "linux/arm64" in shown.stdout


def test_skopeo_copies_the_list(site: tuple[Path, RunningRegistry, RunningRegistry]) -> None:
    folder, source, target = site
    text = written(folder, "skopeo").replace(f'"{source.host}":\n', f'"{source.host}":\n  tls-verify: false\n')
    (folder / "skopeo.yaml").write_text(text)
    options = ("--all", "--dest-tls-verify=false", "--src", "yaml", "--dest", "docker")
    run(folder, "skopeo", "--insecure-policy", "sync", *options, "skopeo.yaml", f"{target.host}/synced")
    shown = auditor("inspect", f"{target.host}/synced/web:1.10", cwd=folder)
    assert shown.returncode == 0, shown.stderr
    assert "linux/arm64" in shown.stdout
