"""The command line. Each command has its own file, which auditor/cli/commands.py names; this one maps exceptions to
exit codes."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from auditor import __version__
from auditor.cli import signals, work
from auditor.cli.commands import COMMANDS, Deferred
from auditor.cli.config_file import ignore
from auditor.cli.help_pages import HelpPage, summaries
from auditor.cli.option_values import without_adapters
from auditor.cli.output import discard_stdout, write_stdout
from auditor.cli.refusals import REFUSED, refused
from auditor.cli.saying import Loudness, be, note, say
from auditor.errors import Interrupted, UsageError, strerror
from auditor.redaction import remember_environment


class Commands(HelpPage, TyperGroup):
    """The commands. A signal that ends one of them is reported, and ends in the exit code of that signal."""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - what typer passes on
        super().__init__(**attributes)
        for row in COMMANDS:
            self.add_command(Deferred(row))

    def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - the parser's own types are not exported
        """Write the options, then the commands with their whole summaries."""
        super().format_options(ctx, formatter)
        with formatter.section("Commands"):
            formatter.write_dl(summaries(list(self.commands.items())))

    def get_params(self, ctx: Any) -> Any:  # noqa: ANN401 - the parser's own types are not exported
        """Return the options before the command."""
        return without_adapters(super().get_params(ctx), self.callback)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - the class of the parser's context is not exported
        """Run the command."""
        try:
            return super().invoke(ctx)
        except Interrupted as error:
            note(
                f"auditor: {signals.ended_by()}. The observations so far are kept in {error.evidence}. Run the command again "
                "within an hour to continue."
            )
        except KeyboardInterrupt:
            if signals.is_terminated():
                say(f"auditor: {signals.ended_by()}")
        raise typer.Exit(signals.exit_code())


app = typer.Typer(
    name="auditor",
    cls=Commands,
    help="Will this environment work offline, and if not, what exactly must change?",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _version(wanted: bool) -> None:
    if wanted:
        write_stdout(f"auditor {__version__}\n")
        if {"-v", "--verbose"} & set(sys.argv[1:]):  # this option ends the program before others are parsed
            write_stdout("".join(f"{one.shown}\n" for one in work.root_lists()))
        raise typer.Exit


@app.callback()
def _options(
    _version_wanted: Annotated[
        bool,
        typer.Option(
            "--version",
            "-V",
            callback=_version,
            is_eager=True,
            help="Print the version and exit; with --verbose, also the dates of the lists of roots.",
        ),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Write only errors to stderr.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Write every request to stderr, without secrets.")] = False,
    no_config: Annotated[
        bool, typer.Option("--no-config", help="Use no defaults from auditor.toml or pyproject.toml.")
    ] = False,
) -> None:
    """Options before the command."""
    if quiet and verbose:
        raise UsageError("--quiet and --verbose are given together", "Leave one of them out.")
    if no_config:
        ignore()
    remember_environment(os.environ)
    be(Loudness.QUIET if quiet else Loudness.VERBOSE if verbose else Loudness.NORMAL)


def run() -> None:
    """Run the command that the arguments name. Ends in SystemExit with the exit code, or in an AuditorError."""
    is_bare = not sys.argv[1:]
    try:
        code = app(args=["--help"] if is_bare else None, prog_name="auditor", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()  # otherwise Python fails when it ends, with a traceback and exit code 120
    except REFUSED as error:
        raise refused(error) from error
    except (BrokenPipeError, SystemExit) as error:
        if isinstance(error, SystemExit) and not error.code:
            raise  # shell completion was printed
        discard_stdout()  # the reader of the help closed the pipe, and the parser exits with 1, which means "not ready"
        code = 0
    except OSError as error:
        if error.filename is not None:
            raise
        discard_stdout()  # the parser writes the help, `write_stdout` everything else
        raise UsageError(f"stdout: cannot write: {strerror(error)}", "Check where it leads to.") from error
    if is_bare:
        sys.exit(2)  # a CI gate that lost its arguments must not pass
    sys.exit(code if isinstance(code, int) else 0)
