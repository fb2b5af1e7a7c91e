"""Colours, links, width and encodings: on a terminal of its own, and without one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.runner import EXAMPLE, auditor, environment

AUDIT = ("audit", EXAMPLE / "plan.yaml", "--evidence", EXAMPLE / "plant-7.evidence", "--at", "2026-11-23")
COLOUR, LINK = "\x1b[1;31merror", "\x1b]8;;file://"


def on_terminal(folder: Path, extra: Mapping[str, str], columns: int = 100) -> str:
    """Run the audit of the example with stdout as a terminal. Return what the terminal received."""
    pty = pytest.importorskip("pty", reason="this system has no pseudo terminals")
    import fcntl
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    given = {name: value for name, value in environment(folder).items() if name != "NO_COLOR"}
    command = [sys.executable, "-m", "auditor", *map(str, AUDIT)]
    with subprocess.Popen(
        command, cwd=folder, env={**given, "TERM": "xterm-256color", **extra}, stdout=theirs, stderr=theirs
    ) as run:
        os.close(theirs)
        received = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            received += part
        run.wait(timeout=60)
    os.close(ours)
    return received.decode("utf-8").replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("extra", "has_colour", "has_links"),
    [
        ({}, True, True),
        ({"NO_COLOR": "1"}, False, False),
        ({"NO_COLOR": ""}, True, True),
        ({"TERM": "dumb"}, False, False),
        ({"TERM": "linux"}, True, False),
        ({"FORCE_COLOR": "0"}, False, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, True, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False, False),
        ({"FORCE_HYPERLINK": "0"}, True, False),
    ],
)
def test_terminal_gets_colours_and_links(tmp_path: Path, extra: dict[str, str], has_colour: bool, has_links: bool) -> None:
    shown = on_terminal(tmp_path, extra)
    assert (COLOUR in shown, LINK in shown) == (has_colour, has_links)
    assert "NOT READY" in shown


@pytest.mark.parametrize(("columns", "width"), [(40, 60), (72, 72), (132, 132), (400, 200)])
def test_screen_has_the_width_of_the_terminal(tmp_path: Path, columns: int, width: int) -> None:
    lines = on_terminal(tmp_path, {"NO_COLOR": "1"}, columns).splitlines()
    widest = max(len(line) for line in lines if "auditor fix examples" not in line and not line.startswith("  auditor fix"))
    assert width - 12 <= widest <= width


@pytest.mark.parametrize(
    ("extra", "has_colour", "has_links"),
    [
        ({}, False, False),
        ({"NO_COLOR": "", "FORCE_COLOR": "1"}, True, False),
        ({"NO_COLOR": "", "FORCE_COLOR": "1", "FORCE_HYPERLINK": "1"}, True, True),
        ({"FORCE_COLOR": "1"}, False, False),
    ],
)
def test_pipe_gets_colours_only_if_they_are_forced(
    tmp_path: Path, extra: dict[str, str], has_colour: bool, has_links: bool
) -> None:
    shown = auditor(*AUDIT, cwd=tmp_path, extra=extra).stdout
    assert (COLOUR in shown, LINK in shown) == (has_colour, has_links)


@pytest.mark.parametrize(
    ("columns", "width"), [("60", 60), ("140", 140), ("10", 60), ("99999999999", 200), ("x", 100), ("", 100)]
)
def test_columns_set_the_width_of_a_pipe(tmp_path: Path, columns: str, width: int) -> None:
    lines = auditor(*AUDIT, cwd=tmp_path, extra={"COLUMNS": columns}).stdout.splitlines()
    widest = max(len(line) for line in lines if not line.startswith("  auditor fix"))
    assert width - 12 <= widest <= width


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "cp437", "utf-8", "utf-16"])
def test_every_encoding_of_stdout_can_be_written(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "list.txt").write_text("ghcr.io/team/app:latest # Änderung\nghcr.io/Größe/ć:1\n", encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "auditor",
        "audit",
        "list.txt",
        "--platform",
        "linux/amd64",
        "--offline",
        "--format",
        "text=full",
    ]
    given = {**environment(tmp_path), "PYTHONIOENCODING": encoding}
    done = subprocess.run(command, cwd=tmp_path, env=given, capture_output=True, check=False, timeout=60)
    assert done.returncode == 1, done.stderr
    shown = done.stdout.decode(encoding)
    assert "ghcr.io/Gr" in shown
    assert ("ć" in shown) is encoding.startswith("utf")
    assert ("\\u0107" in shown) is not encoding.startswith("utf")


def test_verbose_prints_the_whole_report(tmp_path: Path) -> None:
    whole = auditor(*AUDIT, "--format", "text=full", cwd=tmp_path).stdout
    assert auditor(*AUDIT, "--verbose", cwd=tmp_path).stdout == whole
    assert auditor("--verbose", *AUDIT, cwd=tmp_path).stdout == whole
    assert auditor(*AUDIT, "-v", "--format", "text", cwd=tmp_path).stdout == whole
    assert len(whole.splitlines()) > 500


def test_file_gets_the_whole_report(tmp_path: Path) -> None:
    auditor(*AUDIT, "--format", "text=report.txt", "--format", "text=full=whole.txt", cwd=tmp_path)
    report = (tmp_path / "report.txt").read_text(encoding="utf-8")
    assert report == (tmp_path / "whole.txt").read_text(encoding="utf-8")
    assert report == auditor(*AUDIT, "--format", "text=full", cwd=tmp_path).stdout
    done = auditor(*AUDIT, "--format", "text=full=", cwd=tmp_path)
    assert (done.returncode, "no file is named" in done.stderr) == (2, True)
