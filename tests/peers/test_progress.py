"""The progress bar: on a terminal only, on stderr only, and never under CI."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.runner import environment
from tests.peers.images import build_image, build_index
from tests.peers.registry import RunningRegistry, serve

pytestmark = pytest.mark.peer


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    """A registry with one image."""
    with serve(tmp_path_factory.mktemp("registry")) as running:
        with running.uploader() as uploader:
            uploader.index("site/web", build_index(build_image("linux/amd64")), "1")
        yield running


def on_a_terminal(cwd: Path, *arguments: str, **extra: str) -> tuple[str, str]:
    """Run with stderr on a pseudo-terminal; stdout, and what the terminal was sent."""
    reader, writer = pty.openpty()
    command = [sys.executable, "-m", "auditor", *arguments]
    variables = {**environment(cwd, extra), "TERM": "xterm"}
    process = subprocess.Popen(command, cwd=cwd, env=variables, stdout=subprocess.PIPE, stderr=writer, text=True)
    os.close(writer)
    said = b""
    try:
        while chunk := os.read(reader, 4096):
            said += chunk
    except OSError:
        pass  # Linux says EIO when the last writer is gone
    finally:
        os.close(reader)
    output, _ = process.communicate(timeout=60)
    return output, said.decode(errors="replace")


def test_progress_bar_is_shown_on_a_terminal_and_not_in_the_report(registry: RunningRegistry, tmp_path: Path) -> None:
    (tmp_path / "images.txt").write_text(f"{registry.host}/site/web:1\n")
    given = ("audit", "images.txt", "--platform", "linux/amd64")
    output, terminal = on_a_terminal(tmp_path, *given)
    assert "READY" in output
    assert "collecting" in terminal
    assert "collecting" not in output
    assert "collecting" not in on_a_terminal(tmp_path, *given, "--offline")[1]
    assert "collecting" not in on_a_terminal(tmp_path, *given, CI="true")[1]
