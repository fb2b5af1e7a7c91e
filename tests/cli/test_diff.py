"""`auditor diff` and `--baseline` as a user runs them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.cli.runner import EXAMPLE, auditor

AUDIT = ("audit", EXAMPLE / "plan.yaml", "--evidence", EXAMPLE / "plant-7.evidence", "--at", "2026-11-23")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two reports: of the whole example, and without the checks of one kind of fault."""
    made = tmp_path_factory.mktemp("reports")
    auditor(*AUDIT, "--format", "json=whole.json", cwd=made)
    auditor(*AUDIT, "--skip", "image-absent", "--format", "json=part.json", cwd=made)
    return made


def test_new_finding_exits_1(folder: Path) -> None:
    done = auditor("diff", "part.json", "whole.json", cwd=folder)
    assert (done.returncode, done.stderr) == (1, "")
    assert "+ error image-absent: " in done.stdout
    back = auditor("diff", "whole.json", "part.json", cwd=folder)
    assert back.returncode == 0
    assert "? error image-absent: " in back.stdout
    assert auditor("diff", "whole.json", "whole.json", "--fail-on", "info", cwd=folder).returncode == 0


def test_json_has_all_differences(folder: Path) -> None:
    done = auditor("diff", "part.json", "whole.json", "--format", "json", cwd=folder)
    shown = json.loads(done.stdout)
    assert {row["check"] for row in shown["findings"]["new"]} == {"image-absent"}
    assert shown["worse"] == len(shown["findings"]["new"]) > 0


@pytest.mark.parametrize("command", ["diff", "baseline"])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("no json", "it is not a JSON report of version 1"),
        ("[" * 100_000, "it is not a JSON report of version 1"),
        ('{"tool": {}, "findings": [], "version": 2}', "it is not a JSON report of version 1"),
        ('{"tool": {}, "version": 1}', "it is not a JSON report of version 1"),
        (None, "there is no such file"),
    ],
)
def test_file_that_is_not_a_report_is_an_error(
    folder: Path, tmp_path: Path, command: str, text: str | None, words: str
) -> None:
    file = tmp_path / "old.json"
    if text is not None:
        file.write_text(text)
    arguments = ("diff", file, folder / "whole.json") if command == "diff" else (*AUDIT, "--baseline", file)
    done = auditor(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert "--format json=FILE" in done.stderr
    assert done.stdout == ""


def test_pipe_or_invalid_date_is_rejected_as_baseline(folder: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    done = auditor(*AUDIT, "--baseline", "pipe.json", cwd=tmp_path)
    assert (done.returncode, "not a regular file" in done.stderr) == (2, True)
    report = json.loads((folder / "whole.json").read_text())
    (tmp_path / "odd.json").write_text(json.dumps({**report, "audited_at": "soon"}))
    done = auditor(*AUDIT, "--baseline", "odd.json", cwd=tmp_path)
    assert (done.returncode, "cannot be a baseline" in done.stderr) == (2, True)


def test_example_compared_with_itself_has_no_new_finding(folder: Path, tmp_path: Path) -> None:
    done = auditor(*AUDIT, "--baseline", folder / "whole.json", "--format", "json=again.json", cwd=tmp_path)
    assert done.returncode == 3, done.stderr  # what is undetermined is in no baseline
    again = json.loads((tmp_path / "again.json").read_text())
    whole = json.loads((folder / "whole.json").read_text())
    assert again["summary"]["baselined"] == sum(whole["summary"][name] for name in ("error", "warning", "info"))
    assert (again["summary"]["error"], again["verdict"]) == (0, "undetermined")


def test_baseline_is_not_overwritten(folder: Path) -> None:
    done = auditor(*AUDIT, "--baseline", "whole.json", "--format", "json=whole.json", cwd=folder)
    assert (done.returncode, "whole.json: that is an input of this run" in done.stderr) == (2, True)
