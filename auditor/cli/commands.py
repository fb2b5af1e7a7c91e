"""The commands, with the summaries that `auditor --help` shows. The module of a command is imported when it is chosen."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
import typer.main
from typer.core import TyperCommand

from auditor.cli.defaults import with_defaults
from auditor.cli.help_pages import HelpPage
from auditor.cli.option_values import without_adapters


@dataclass(frozen=True, slots=True)
class CommandRow:
    """One command. `summary` is the first paragraph of the function's docstring, which tests/cli/test_commands.py compares."""

    name: str
    module: str
    function: str
    summary: str


COMMANDS: tuple[CommandRow, ...] = (
    CommandRow(
        "audit",
        "auditor.cli.audit",
        "audit",
        "Audit a plan, image lists or an evidence file. Exit code: 0 ready, 1 not ready, 2 usage, 3 undetermined, 4 internal.",
    ),
    CommandRow(
        "show",
        "auditor.cli.show",
        "show",
        "Show a part of the last report in full: a check, an image, an endpoint or a pool. Nothing is audited again.",
    ),
    CommandRow(
        "collect",
        "auditor.cli.collect",
        "collect",
        "Gather evidence into one file. On the offline side, `auditor audit FILE` needs nothing else.",
    ),
    CommandRow(
        "images",
        "auditor.cli.images",
        "images",
        "Print the image list that lists, manifests and charts add up to. Exit code: 0 complete, 1 errors, 3 undetermined.",
    ),
    CommandRow(
        "inspect",
        "auditor.cli.inspect",
        "inspect",
        "Show the platforms, layers, foreign layers and sizes of an image, or of all images in an archive.",
    ),
    CommandRow(
        "fix",
        "auditor.cli.fix",
        "fix",
        "Write files that resolve findings: copy scripts, lists, configuration. Nothing is run. Exit code: 0 done, 2 usage.",
    ),
    CommandRow(
        "chain",
        "auditor.cli.chain",
        "chain",
        "Draw one chain as each client verifies it offline: its path, its connections and its error message.",
    ),
    CommandRow(
        "diff",
        "auditor.cli.diff",
        "diff",
        "Compare two reports. Exit code: 0 no new finding at the threshold, 1 new findings at or above it, 2 usage.",
    ),
    CommandRow(
        "manifest",
        "auditor.cli.manifest",
        "manifest",
        "Write the custody list of a medium: every file with its SHA-256, and the images that archives hold.",
    ),
    CommandRow(
        "sign",
        "auditor.cli.sign",
        "sign",
        "Sign a report, with its evidence and the files of the transfer. Exit code: 0 signed, 2 usage.",
    ),
    CommandRow(
        "verify",
        "auditor.cli.verify",
        "verify",
        "Verify a signed report or the files of a medium. Exit code: 0 verified, 1 not, 2 usage, 3 undetermined.",
    ),
    CommandRow(
        "facts",
        "auditor.cli.facts",
        "facts",
        "List the fact tables with their dates. With --plan, exit code 3 if they do not cover a version of the plan.",
    ),
    CommandRow("checks", "auditor.cli.catalogue", "checks", "List every check with its family and severity."),
    CommandRow(
        "explain",
        "auditor.cli.catalogue",
        "explain",
        "Show the page of one check: what it checks, why it matters, how to fix it, when it is undetermined, and an example.",
    ),
    CommandRow(
        "init",
        "auditor.cli.init",
        "init",
        "Write a starter plan that explains every part. It is valid as written. An existing file is never overwritten.",
    ),
    CommandRow(
        "doctor",
        "auditor.cli.doctor",
        "doctor",
        "Show what this machine can do: the programs that were found, the dates of the facts, and the folders.",
    ),
    CommandRow("schema", "auditor.cli.schema", "schema", "Print a JSON Schema, for editors and for readers of reports."),
)


class _Command(HelpPage, TyperCommand):
    """A command whose simple values need no pydantic."""

    def get_params(self, ctx: Any) -> Any:  # noqa: ANN401 - the parser's own types are not exported
        """Return the options and arguments."""
        return without_adapters(super().get_params(ctx), self.callback)


class Deferred(TyperCommand):
    """A command by its row: enough for help and completion. The real one takes over when its arguments are parsed."""

    def __init__(self, row: CommandRow) -> None:
        super().__init__(row.name, help=row.summary, rich_markup_mode=None)
        self.row = row

    def make_context(self, *args: Any, **more: Any) -> Any:  # noqa: ANN401 - the parser's own types are not exported
        """Parse the arguments by the real command, to which the context then belongs. A file may have defaults for them."""
        return with_defaults(self.load(), *args, **more)

    def load(self) -> Any:  # noqa: ANN401 - as above
        """Return the real command."""
        alone = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        function = getattr(import_module(self.row.module), self.row.function)
        alone.command(self.row.name, cls=_Command)(function)
        return typer.main.get_command(alone)
