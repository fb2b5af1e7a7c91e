"""The command line: each command in a file of its own, assembled here."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from auditor import __version__
from auditor.cli import audit, catalogue, chain, collect, diff, fix, images, init, inspect, schema
from auditor.cli.output import discard_stdout, write_stdout
from auditor.cli.refusals import REFUSED, refused
from auditor.cli.saying import Loudness, be
from auditor.errors import UsageError, strerror
from auditor.redaction import remember_environment

app = typer.Typer(
    name="auditor",
    help="Will this environment work with the cable cut, and if not, what exactly must change?",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _version(wanted: bool) -> None:
    if wanted:
        write_stdout(f"auditor {__version__}\n")
        raise typer.Exit


@app.callback()
def _options(
    _version_wanted: Annotated[
        bool, typer.Option("--version", "-V", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing on stderr but errors.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Say on stderr what every host is asked, without secrets.")
    ] = False,
) -> None:
    """Options before the command."""
    if quiet and verbose:
        raise UsageError("--quiet and --verbose are given together", "Leave one of them out.")
    remember_environment(os.environ)
    be(Loudness.QUIET if quiet else Loudness.VERBOSE if verbose else Loudness.NORMAL)


app.command("audit")(audit.audit)
app.command("collect")(collect.collect)
app.command("images")(images.images)
app.command("inspect")(inspect.inspect)
app.command("fix")(fix.fix)
app.command("chain")(chain.chain)
app.command("diff")(diff.diff)
app.command("checks")(catalogue.checks)
app.command("explain")(catalogue.explain)
app.command("init")(init.init)
app.command("schema")(schema.schema)


def run() -> None:
    """Run the command that the arguments name. Always leaves by SystemExit with the exit code, or by an AuditorError."""
    is_bare = not sys.argv[1:]
    try:
        code = app(args=["--help"] if is_bare else None, prog_name="auditor", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()  # or Python fails while it ends, with a traceback and exit code 120
    except REFUSED as error:
        raise refused(error) from error
    except (BrokenPipeError, SystemExit) as error:
        if isinstance(error, SystemExit) and not error.code:
            raise  # a completion was printed
        discard_stdout()  # the reader of the help has gone, for which the parser exits with 1: "not ready"
        code = 0
    except OSError as error:
        if error.filename is not None:
            raise
        discard_stdout()  # the help is written by the parser, everything else by `write_stdout`
        raise UsageError(f"stdout: cannot write: {strerror(error)}", "Check where it leads to.") from error
    if is_bare:
        sys.exit(2)  # a gate whose arguments got lost must not be green
    sys.exit(code if isinstance(code, int) else 0)
