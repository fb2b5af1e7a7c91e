"""`auditor verify`: verify a signed report, or the files of a medium against its custody list."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli import work
from auditor.cli.output import OutputFormat, write_stdout
from auditor.cli.progress import bar
from auditor.errors import UsageError
from auditor.policy.exit_codes import EXIT_NOT_READY, EXIT_UNDETERMINED


class SignedPart(enum.StrEnum):
    """A part of a signed statement that is not checked."""

    REPORT = "report"
    EVIDENCE = "evidence"
    TRANSFER = "transfer"


def verify(
    subject: Annotated[Path, typer.Argument(metavar="STATEMENT", help="The file that `auditor sign` wrote.")],
    key: Annotated[
        Path | None,
        typer.Option("--key", metavar="FILE", help="The signer's public key or certificate in PEM form."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="The report. Default: beside the statement.")
    ] = None,
    evidence: Annotated[
        Path | None, typer.Option("--evidence", metavar="FILE", help="The evidence. Default: beside the statement.")
    ] = None,
    transfer: Annotated[
        list[str] | None,
        typer.Option(
            "--transfer",
            metavar="[NAME=]PATH",
            help="Where a folder or file of the transfer is now; NAME is its name in the statement. Repeatable. Default: "
            "beside the statement.",
        ),
    ] = None,
    skip: Annotated[
        list[SignedPart] | None,
        typer.Option("--skip", metavar="report|evidence|transfer", help="Do not check this part; repeatable."),
    ] = None,
    format: Annotated[OutputFormat, typer.Option("--format", metavar="text|json")] = OutputFormat.TEXT,
) -> None:
    """Verify a signed report and the files that it names. Exit code: 0 verified, 1 not, 2 usage, 3 undetermined.

    Undetermined: a file could not be read. The verdict of the report does not change the exit code.
    """
    if key is None:
        raise UsageError("--key is missing", "Name the public key of the signer: `--key public.pem`.")
    where = work.Locations(report, evidence, transfer or [], frozenset(part.value for part in skip or []))
    with bar() as progress:
        verified = work.verify_envelope(subject, work.read_public_key(key), where, progress.reading)
    write_stdout((work.verified_json if format is OutputFormat.JSON else work.verified_text)(verified) + "\n")
    if verified.is_refuted:
        raise typer.Exit(EXIT_NOT_READY)
    if not verified.is_proven:
        raise typer.Exit(EXIT_UNDETERMINED)
