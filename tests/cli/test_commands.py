"""The table of commands matches the commands, and simple values equal those that typer parses."""

from __future__ import annotations

import importlib
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
import typer.main

from auditor.cli.app import app
from auditor.cli.commands import COMMANDS, CommandRow, Deferred
from auditor.cli.option_values import without_adapters

ours = pytest.mark.parametrize("row", COMMANDS, ids=lambda row: row.name)


def function_of(row: CommandRow) -> Any:
    return getattr(importlib.import_module(row.module), row.function)


def plain_command(row: CommandRow) -> Any:
    """The command as typer makes it, without our part in it."""
    alone = typer.Typer(add_completion=False, rich_markup_mode=None)
    alone.command(row.name)(function_of(row))
    return typer.main.get_command(alone)


@ours
def test_summary_is_the_first_paragraph_of_the_docstring(row: CommandRow) -> None:
    said = inspect.getdoc(function_of(row))
    assert said is not None
    assert row.summary == " ".join(said.split("\n\n")[0].split())


@ours
def test_deferred_command_is_the_same_command(row: CommandRow) -> None:
    loaded, plain = Deferred(row).load(), plain_command(row)
    assert (loaded.name, loaded.help) == (plain.name, plain.help)
    assert [one.name for one in loaded.params] == [one.name for one in plain.params]


def test_every_command_module_is_in_the_table() -> None:
    folder = Path(importlib.import_module("auditor.cli").__path__[0])
    starts = {path.stem for path in folder.glob("*.py") if path.read_text().startswith('"""`auditor ')}
    assert starts - {"fleet"} == {row.module.rpartition(".")[2] for row in COMMANDS}


def outcome(parameter: Any, context: Any, value: object) -> tuple[str, object]:
    try:
        return "value", parameter.process_value(context, value)
    except typer.BadParameter.__mro__[1] as error:
        return type(error).__name__, str(error)


@ours
def test_simple_value_equals_the_value_of_typer(row: CommandRow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    given = [
        "",
        "x",
        "file",
        "folder",
        "none/at/all",
        "a\0b",
        "error",
        "source",
        "size",
        "json",
        "5",
        "0.5",
        "-1",
        "1e9",
        "nan",
    ]
    plain, quick = plain_command(row), plain_command(row)
    context = plain.make_context(row.name, ["x"] * 3, resilient_parsing=True)
    context.resilient_parsing = False
    without_adapters(quick.params, quick.callback)
    for before, after in zip(plain.params, quick.params, strict=True):
        values: list[object] = [None, before.default, True, False, *given]
        if before.multiple or before.nargs == -1:
            values += [(), ("x",), tuple(given[:4]), ["source", "target"], ("error", "none")]
        for value in values:
            assert outcome(after, context, value) == outcome(before, context, value), (before.name, value)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser can read every file")
def test_unreadable_path_is_rejected_by_typer(tmp_path: Path) -> None:
    path = tmp_path / "closed"
    path.touch(mode=0)
    done = subprocess.run(
        [sys.executable, "-m", "auditor", "audit", str(path)], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, "is not readable" in done.stderr) == (2, True)


def test_simple_values_support_every_setting_of_paths_and_choices() -> None:
    folder = Path(importlib.import_module("auditor.cli").__path__[0])
    special = re.compile(
        r"\b(exists|file_okay|dir_okay|writable|readable|resolve_path|allow_dash|case_sensitive|parser|click_type)="
    )
    assert not [path.name for path in folder.glob("*.py") if special.search(path.read_text())]


def complete(words: str) -> list[str]:
    """What a shell offers behind these words."""
    line = {"_AUDITOR_COMPLETE": "complete_bash", "COMP_WORDS": f"auditor {words}", "COMP_CWORD": str(1 + words.count(" "))}
    run = "from auditor.cli.main import main; import sys; sys.argv = ['auditor']; main()"
    done = subprocess.run(
        [sys.executable, "-c", run], env={**os.environ, **line}, capture_output=True, text=True, check=False, timeout=60
    )
    return done.stdout.split()


def test_shell_completes_commands_options_and_ids() -> None:
    assert complete("ex") == ["explain"]
    assert "--platform" in complete("audit --pl")
    assert complete("explain image-unp") == ["image-unpinned"]
    assert complete("audit --format ht") == ["html"]


def test_help_of_a_command_equals_the_help_of_its_function() -> None:
    command = typer.main.get_command(app)
    context = command.make_context("auditor", ["audit", "--help"], resilient_parsing=True)
    assert "Audit a plan, image lists or an evidence file." in command.get_help(context)
