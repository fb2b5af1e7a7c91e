"""`python -m auditor` in the folder of another person: no module is imported from there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.runner import EXAMPLE, ROOT, auditor, environment

HOSTILE = "open(__file__ + '.imported', 'w').close()\nraise SystemExit(0)\n"
FILES = ("checks/__init__.py", "reports/__init__.py", "typer.py", "yaml.py", "rich/__init__.py", "traceback.py", "json.py")


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A folder in which each import of a known name leaves a file and ends the run with exit code 0."""
    for name in FILES:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(HOSTILE)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "code"), [(("--version",), 0), (("checks",), 0), (("audit", EXAMPLE / "plan.yaml", "--offline"), 1)]
)
def test_modules_in_the_current_folder_are_not_imported(words: tuple[str | Path, ...], code: int, hostile: Path) -> None:
    done = auditor(*words, cwd=hostile)
    assert not list(hostile.rglob("*.imported"))
    assert (done.returncode, done.stdout != "") == (code, True), done.stderr


def started(*command: str, cwd: Path, extra: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, *command)
    variables = environment(cwd, extra)
    return subprocess.run(command, cwd=cwd, env=variables, capture_output=True, text=True, timeout=60, check=False)


def test_checkout_that_is_not_installed_runs() -> None:
    """Its folders `checks` and `reports` are in the current folder too."""
    folders = ":".join(path for path in sys.path if path.endswith("site-packages"))
    script = "import runpy, sys; sys.path[0] = ''; sys.argv[1:] = ['checks']; runpy.run_module('auditor', run_name='__main__')"
    done = started("-S", "-c", script, cwd=ROOT, extra={"PYTHONPATH": folders, "HOME": "/nonexistent"})
    assert (done.returncode, "image-absent" in done.stdout) == (0, True), done.stderr


def test_nothing_is_removed_if_python_adds_no_folder(tmp_path: Path) -> None:
    done = started("-P", "-m", "auditor", "--version", cwd=tmp_path)
    assert (done.returncode, done.stdout.startswith("auditor ")) == (0, True), done.stderr
