"""Run the pages as a reader would: every line of their console blocks, in order, in a folder with the files they name.

The internal registry and the source are real ones on loopback, which replace the names on the pages. What no test can run
is in `NOT_RUN`, with the reason. Only a Windows node can run the PowerShell of windows-nodes.md; tests/gates has the
pipelines' templates and the installation from a wheelhouse.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import zstandard
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from auditor.testing.certificates import hierarchy
from tests.cli.runner import ROOT, auditor, environment
from tests.peers.images import build_index, real_image
from tests.peers.programs import require
from tests.peers.registry import serve

pytestmark = pytest.mark.peer

PAGES = ("README.md", "docs/tutorial.md", "docs/ci.md", "docs/windows-nodes.md")
NOT_RUN = {
    "make audit": "it installs, from the network, into an environment of its own",
    "make test": "it is what runs this",
    "uv tool install .": "it installs, from the network, into the user's home",
}
VERDICTS = {"audit": {0, 1, 3}, "chain": {0, 1, 3}, "inspect": {0, 1, 3}, "images": {0, 1, 3}, "diff": {0, 1}}
_CONSOLE = re.compile(r"^ *```console\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Site:
    """A folder as the pages assume it, and what stands for the names that they use."""

    folder: Path
    names: dict[str, str]

    def run(self, line: str) -> subprocess.CompletedProcess[str]:
        """One line as it is typed, with the names of this site."""
        for name, here in self.names.items():
            line = line.replace(name, here)
        extra = {"WORK": str(self.folder / "disk"), "AUDITOR_CACHE": str(self.folder / "cache")}
        path = f"{self.folder / 'bin'}:{Path(require('regctl')).parent}:{environment(self.folder)['PATH']}"
        return subprocess.run(
            ["bash", "-c", line],
            cwd=self.folder,
            env=environment(self.folder, {**extra, "PATH": path}),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


def lines(page: str) -> list[str]:
    """What a page has its reader type, in order."""
    blocks = _CONSOLE.findall((ROOT / page).read_text(encoding="utf-8"))
    return [line.strip() for block in blocks for line in block.splitlines() if line.strip()]


def _key() -> str:
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(*form).decode()


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Two registries, a plan that names them, and the files that the pages name."""
    folder = tmp_path / "site"
    folder.mkdir()
    crane = require("crane")
    require("helm")
    with serve(tmp_path / "source") as source, serve(tmp_path / "inside") as inside:
        with source.uploader() as uploader:
            uploader.index("shop/web", build_index(real_image("linux/amd64", label="linux")), "1")
            uploader.index("shop/win", build_index(real_image("windows/amd64:10.0.20348.587", label="windows")), "1")
        web, win = f"{source.host}/shop/web:1", f"{source.host}/shop/win:1"
        pod = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: '{web}'}}]}}\n"
        hauler = (
            f"apiVersion: content.hauler.cattle.io/v1\nkind: Images\nmetadata: {{name: a}}\n"
            f"spec: {{images: [{{name: '{web}'}}]}}\n"
        )
        write(
            folder,
            {
                "bin/auditor": f'#!/bin/sh\nexec "{sys.executable}" -m auditor "$@"\n',
                "lists/linux.txt": f"{web}\n",
                "lists/windows.txt": f"{win}\n",
                "lists/linux-images.txt": f"{web}\n",
                "lists/windows-images.txt": f"{win}\n",
                "linux.txt": f"{web}\n",
                "windows.txt": f"{win}\n",
                "key.pem": _key(),
                "images.txt": f"{web}\n",
                "rancher-images.txt": f"{web}\n",
                "hauler.yaml": hauler,
                "deploy/pod.yaml": pod,
                "charts/shop/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 0.1.0\n",
                "charts/shop/templates/pod.yaml": pod,
                "certs/corp-root.pem": hierarchy().root.pem.decode(),
                "site.yaml": "version: 1\nname: plant-7\npools:\n"
                "  control: {platform: linux/amd64, runtime: containerd 2.1.6}\n"
                '  win2022: {platform: "windows/amd64:ltsc2022", runtime: containerd 1.7.27}\n'
                "images:\n  - {list: lists/linux.txt, pools: [control]}\n  - {list: lists/windows.txt, pools: [win2022]}\n"
                f'registry: {{host: "{inside.host}", disk: 500GB}}\ncopy: {{archives: [media/images.tar]}}\n',
            },
        )
        (folder / "bin" / "auditor").chmod(0o755)
        (folder / "media").mkdir()
        tar = folder / "media" / "images.tar"
        subprocess.run(
            [crane, "pull", "--insecure", "--platform", "linux/amd64", web, tar], check=True, capture_output=True, timeout=60
        )
        (folder / "media" / "rke2-images-windows.tar.zst").write_bytes(zstandard.compress(tar.read_bytes()))
        yield Site(folder, {"registry.plant7.local:5000": inside.host, "mcr.microsoft.com/windows/servercore:ltsc2022": win})


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_has_the_shown_result(site: Site, page: str) -> None:
    own = (site.folder / "site.yaml").read_text(encoding="utf-8")
    if "auditor init plan.yaml" not in {
        line.partition("#")[0].strip() for line in lines(page)
    }:  # the pages that begin with a plan and a report of an earlier day
        write(site.folder, {"plan.yaml": own})
        assert site.run("auditor audit plan.yaml --format json=report.json").returncode in VERDICTS["audit"]
    ran = 0
    for line in lines(page):
        command = line.partition("#")[0].strip()
        if command in NOT_RUN:
            continue
        done = site.run(line)
        wanted = VERDICTS.get(command.split()[1], {0}) if command.startswith("auditor ") else {0}
        assert done.returncode in wanted, f"{line}\n{done.stdout}{done.stderr}"
        if command == "auditor init plan.yaml":  # then the reader edits it
            write(site.folder, {"plan.yaml": own})
        ran += 1
    assert ran


def test_copy_commands_of_the_pages_work(site: Site) -> None:
    """Fetched onto a disk and pushed inside by the script that it names, every image is where the nodes ask for it."""
    write(site.folder, {"plan.yaml": (site.folder / "site.yaml").read_text(encoding="utf-8")})
    for line in lines("docs/usage.md"):
        if "-o fix" in line or line.startswith("fix/copy/"):
            assert site.run(line).returncode == 0
    done = auditor("audit", "plan.yaml", "--via", "target", "--only", "image-missing-in-target", cwd=site.folder)
    assert done.returncode == 0, done.stdout
