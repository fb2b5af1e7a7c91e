"""Child programs: where they are searched, and their limits."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from auditor.collectors import program_runs as programs
from auditor.collectors.program_runs import ProgramError, TimedOut, find, run, safe_path


def script(folder: Path, name: str, text: str) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def sh(text: str, *, seconds: float = 10, most: int = 1000, given: bytes = b"") -> programs.Done:
    environment = {"PATH": "/usr/bin:/bin"}
    return run("/bin/sh", ["-c", text], environment=environment, seconds=seconds, most=most, given=given)


def test_a_program_is_found_only_in_absolute_folders_outside_the_barred_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, own, good = tmp_path / "site", tmp_path / "own", tmp_path / "good"
    for folder in (site, site / "bin", own, good):
        script(folder, "tool", "true")
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "tool").symlink_to(site / "tool")
    monkeypatch.chdir(own)
    bad = ["", ".", "bin", "../good", str(own), str(site), str(site / "bin"), str(tmp_path / "links"), "/nonexistent"]
    assert find("tool", os.pathsep.join(bad), [site]) is None
    assert find("tool", os.pathsep.join([*bad, str(good)]), [site]) == str(good / "tool")
    assert list(safe_path(os.pathsep.join(bad), [site])) == [str(tmp_path / "links"), "/nonexistent"]


def test_a_folder_that_holds_the_home_bars_only_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan in the home folder does not hide the programs in `~/bin`, whatever `$HOME` is."""
    monkeypatch.setenv("HOME", str(tmp_path))
    program = script(tmp_path / "bin", "tool", "true")
    path = f"{tmp_path}{os.pathsep}{tmp_path / 'bin'}"
    assert find("tool", path, [tmp_path]) is None
    monkeypatch.setattr(programs, "_home", lambda: str(tmp_path))
    assert find("tool", path, [tmp_path]) == program
    script(tmp_path, "other", "true")
    assert find("other", path, [tmp_path]) is None


def test_operands_follow_two_dashes(tmp_path: Path) -> None:
    program = script(tmp_path, "tool", 'for word; do echo "$word"; done')
    done = run(program, ["-a"], operands=["--evil=1"], environment={}, seconds=5, most=100)
    assert done.output == b"-a\n--\n--evil=1\n"
    with pytest.raises(ProgramError, match="its path is not absolute"):
        run("tool", [], environment={}, seconds=5, most=100)


@pytest.mark.parametrize(
    "text",
    ["sleep 60", "sleep 60 & wait", "(sleep 60; echo) & exec sleep 60", "trap '' TERM INT HUP; while :; do sleep 60; done"],
)
def test_a_program_that_hangs_is_killed_with_its_children(text: str, tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(TimedOut, match="had not finished after 0.3 s"):
        sh(f"echo $$ > {tmp_path}/group; {text}", seconds=0.3)
    assert time.monotonic() - began < 5
    _is_gone(int((tmp_path / "group").read_text()))


def _is_gone(group: int) -> None:
    for _ in range(50):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail("the process group still exists")


def test_a_child_that_keeps_the_pipes_does_not_hold_up_the_caller(tmp_path: Path) -> None:
    began = time.monotonic()
    done = sh(f"echo $$ > {tmp_path}/group; sleep 60 & echo done")
    assert (done.status, done.output) == (0, b"done\n")
    assert time.monotonic() - began < 8
    _is_gone(int((tmp_path / "group").read_text()))


def test_output_is_bounded() -> None:
    with pytest.raises(ProgramError, match="wrote more than 1,000 bytes"):
        sh("while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done")
    done = sh("head -c 300000 /dev/zero >&2; echo done")
    assert (done.output, len(done.errors)) == (b"done\n", 64 * 1024)
    assert sh("head -c 1000 /dev/zero").output == bytes(1000)


def test_unread_input_and_nonzero_status_are_not_errors() -> None:
    assert sh("exit 3", given=b"x" * 1_000_000).status == 3
    assert sh("cat", given=b"registry").output == b"registry"
    assert sh("cat; pwd").output == b"/\n"
    with pytest.raises(ProgramError, match="could not be started"):
        run("/nonexistent", [], environment={}, seconds=1, most=1)
    with pytest.raises(ProgramError, match="its arguments cannot be passed"):
        run("/bin/sh", ["a\0b"], environment={}, seconds=1, most=1)
