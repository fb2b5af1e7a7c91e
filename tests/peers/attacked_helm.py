"""Charts and plans that attack helm, a listener, and what an audit of them says."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from pathlib import Path

from tests.cli.runner import auditor
from tests.peers.programs import require

TEMPLATE = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: 'example.com/web:1'}]}\n"


IMAGE = "example.com/web:1"


OPTION = "--post-renderer=./evil.sh"


class Listener:
    """A TCP listener on loopback that nothing may connect to."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._socket.getsockname()[1]}"

    def was_reached(self, seconds: float = 0.2) -> bool:
        self._socket.settimeout(seconds)
        try:
            self._socket.accept()[0].close()
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        self._socket.close()


def chart(folder: Path) -> Path:
    """A chart with one pod, named as its folder where that is a name."""
    name = folder.name if folder.name.isalnum() else "hc"
    texts = {"Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: 1.0.0\n", "templates/pod.yaml": TEMPLATE}
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def ran(site: Path) -> bool:
    return (site.parent / "ran").exists()


def plan(site: Path, workload: Mapping[str, object]) -> str:
    text = {"version": 1, "pools": {"one": {"platform": "linux/amd64"}}, "workloads": [workload]}
    (site / "plan.yaml").write_text(json.dumps(text))
    return "plan.yaml"


def images(site: Path, *arguments: str | Path, extra: dict[str, str] | None = None) -> tuple[int, list[str], str]:
    """Exit code, references and standard error of `auditor images`."""
    done = auditor("images", *arguments, "--format", "list", cwd=site, extra=extra)
    return done.returncode, done.stdout.split(), done.stderr


def only_helm(tmp_path: Path) -> dict[str, str]:
    """An environment whose PATH has helm, and no program that starts another one without a network."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "helm").symlink_to(require("helm"))
    return {"PATH": str(folder)}


def attacked_site(tmp_path: Path) -> Path:
    """Make a folder with a chart and a script that leaves a file when it runs."""
    require("helm")
    folder = tmp_path / "site"
    chart(folder / "hc")
    (folder / "evil.sh").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\ncat\n")
    (folder / "evil.sh").chmod(0o755)
    return folder
