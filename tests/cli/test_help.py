"""The help: grouped options, whole summaries, and at least two examples for each command."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from auditor.cli.commands import COMMANDS
from auditor.cli.examples import EXAMPLES
from tests.cli.runner import auditor


@pytest.mark.parametrize("columns", ["60", "80", "100"])
def test_summaries_are_not_cut(tmp_path: Path, columns: str) -> None:
    shown = " ".join(auditor("--help", cwd=tmp_path, extra={"COLUMNS": columns}).stdout.split())
    assert "..." not in shown.partition(" Commands: ")[2]
    for row in COMMANDS:
        assert f"{row.name} {row.summary.partition('. ')[0].rstrip('.')}." in shown


@pytest.mark.parametrize("name", [row.name for row in COMMANDS])
def test_every_command_has_two_examples_and_fits_80_columns(tmp_path: Path, name: str) -> None:
    shown = auditor(name, "--help", cwd=tmp_path, extra={"COLUMNS": "80"}).stdout
    head, _, examples = shown.partition("\nExamples:\n")
    calls = [line.strip().partition("  # ")[0] for line in examples.splitlines() if line.strip().startswith("auditor ")]
    assert calls == [call for call, _ in EXAMPLES[name]]
    assert len(calls) >= 2
    assert [line for line in head.splitlines() if len(line) > 80] == []


def test_options_of_audit_are_grouped(tmp_path: Path) -> None:
    shown = auditor("audit", "--help", cwd=tmp_path).stdout
    groups = re.findall(r"^([A-Z][\w ]+):$", shown, re.MULTILINE)
    assert groups == ["Arguments", "Input", "Collection", "Output", "Checks and verdict", "Options", "Examples"]
    options = shown.partition("\nOptions:\n")[2].partition("\nExamples:")[0]
    assert options.split() == ["-h,", "--help", "Show", "this", "message", "and", "exit."]
