"""Defaults of the command line from auditor.toml and pyproject.toml."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.runner import auditor

LIST = "ghcr.io/team/app:latest\n"
DEFAULTS = 'inputs = ["lists/app.txt"]\nplatforms = ["linux/amd64"]\nfail-on = "warning"\nkeep-report = false\n'


def checkout(folder: Path, text: str, name: str = "auditor.toml") -> Path:
    """Make a repository with a list, a file of defaults and a folder `deep/inside`."""
    (folder / ".git").mkdir()
    (folder / "lists").mkdir()
    (folder / "deep" / "inside").mkdir(parents=True)
    (folder / "lists" / "app.txt").write_text(LIST, encoding="utf-8")
    (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("inside", [".", "lists", "deep/inside"])
@pytest.mark.parametrize("name", ["auditor.toml", "pyproject.toml"])
def test_file_is_found_up_to_the_root_of_the_repository(tmp_path: Path, name: str, inside: str) -> None:
    text = DEFAULTS if name == "auditor.toml" else f"[project]\nname = 'x'\n\n[tool.airgap-auditor]\n{DEFAULTS}"
    checkout(tmp_path, text, name)
    done = auditor("audit", "--offline", "--format", "json", cwd=tmp_path / inside)
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout)["fail_on"] == "warning"
    assert f"auditor: defaults from {tmp_path / name}" in done.stderr
    assert not list(tmp_path.rglob("*.report.json"))


def test_command_line_wins(tmp_path: Path) -> None:
    checkout(tmp_path, DEFAULTS)
    (tmp_path / "other.txt").write_text("ghcr.io/team/other:1\n", encoding="utf-8")
    given = ("other.txt", "--platform", "windows/amd64:ltsc2022", "--fail-on", "error", "--offline", "--format", "json")
    report = json.loads(auditor("audit", *given, cwd=tmp_path).stdout)
    assert report["fail_on"] == "error"
    assert {cell["platform"] for row in report["images"] for cell in row["platforms"]} == {"windows/amd64:10.0.20348"}


def test_platforms_are_not_used_for_a_plan(tmp_path: Path) -> None:
    checkout(tmp_path, DEFAULTS)
    plan = "version: 1\nname: site\npools: {p: {platform: linux/arm64}}\nimages: [{list: lists/app.txt, pools: [p]}]\n"
    (tmp_path / "plan.yaml").write_text(plan, encoding="utf-8")
    done = auditor("audit", "plan.yaml", "--offline", "--format", "json", cwd=tmp_path)
    assert json.loads(done.stdout)["plan"]["name"] == "site"


def test_file_above_the_repository_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "auditor.toml").write_text("skip = 1", encoding="utf-8")
    inner = tmp_path / "repository"
    inner.mkdir()
    checkout(inner, "[tool.other]\n", "pyproject.toml")
    done = auditor("audit", "lists/app.txt", "--platform", "linux/amd64", "--offline", cwd=inner)
    assert (done.returncode, "defaults from" in done.stderr) == (3, False)
    outside = tmp_path / "no-repository"
    outside.mkdir()
    assert "auditor.toml" not in auditor("audit", "x.txt", cwd=outside).stderr


@pytest.mark.parametrize("given", [("--no-config", "audit"), ("audit",)])
def test_file_can_be_ignored(tmp_path: Path, given: tuple[str, ...]) -> None:
    checkout(tmp_path, "broken = [")
    extra = {} if len(given) > 1 else {"AUDITOR_CONFIG": "off"}
    done = auditor(*given, "lists/app.txt", "--platform", "linux/amd64", "--offline", cwd=tmp_path, extra=extra)
    assert done.returncode == 3, done.stderr


WRONG = [
    ('inputs = ["../outside.txt"]', "1: inputs: '../outside.txt' is not below the folder of this file"),
    ('inputs = ["/etc/passwd"]', "1: inputs: '/etc/passwd' is not below the folder of this file"),
    ('inputs = ["link.txt"]', "1: inputs: 'link.txt' is not below the folder of this file"),
    ('inputs = ["lists/none.txt"]', "1: inputs: 'lists/none.txt': there is no such file"),
    ('inputs = "lists/app.txt"', '1: inputs must be a list of texts, such as ["a", "b"]'),
    ("\n\nplatfroms = ['linux/amd64']", "3: 'platfroms' is not a key of this file (did you mean platforms?)"),
    ('fail-on = "eror"', "1: fail-on: 'eror' is not a value of it (did you mean error?)"),
    ('format = ["json=report.json"]', "1: format: 'json=report.json' is not a value of it"),
    ("jobs = 65", "1: jobs must be a number from 1 to 64"),
    ("jobs = 2.5", "1: jobs must be a number from 1 to 64"),
    ("strict = 1", "1: strict must be true or false"),
    ('ca = "ca.pem"', "1: 'ca' is not a key of this file (a checkout must not add a CA"),
    ("render-charts = true", "1: 'render-charts' is not a key of this file (a checkout must not start a program"),
    ('token = "x"', "1: 'token' is not a key of this file (the keys are inputs, "),
    ("a = [", "1:1: not TOML: "),
    ("[inputs]\na = 1", "1: inputs must be a list of texts"),
]


@pytest.mark.parametrize(("text", "said"), WRONG, ids=[text.strip() for text, _ in WRONG])
def test_wrong_value_is_an_error_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    checkout(tmp_path, text)
    (tmp_path.parent / "outside.txt").write_text(LIST, encoding="utf-8")
    (tmp_path / "link.txt").symlink_to(tmp_path.parent / "outside.txt")
    done = auditor("audit", "lists/app.txt", "--platform", "linux/amd64", "--offline", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"auditor.toml:{said}" in done.stderr


def test_every_problem_is_reported_at_once(tmp_path: Path) -> None:
    checkout(tmp_path, "a = 1\nb = 2\nstrict = 3\n")
    said = auditor("audit", "--offline", cwd=tmp_path).stderr
    assert [f"auditor.toml:{line}:" in said for line in (1, 2, 3)] == [True] * 3


def test_lists_with_their_own_platforms(tmp_path: Path) -> None:
    checkout(tmp_path, 'inputs = ["lists/app.txt=linux/arm64"]\nplatforms = ["linux/amd64"]\n')
    report = json.loads(auditor("audit", "--offline", "--format", "json", cwd=tmp_path / "deep").stdout)
    assert {cell["platform"] for row in report["images"] for cell in row["platforms"]} == {"linux/arm64"}


def test_help_and_other_commands_need_no_valid_file(tmp_path: Path) -> None:
    checkout(tmp_path, "broken = [")
    assert auditor("audit", "--help", cwd=tmp_path).returncode == 0
    assert auditor("checks", cwd=tmp_path).returncode == 0
