"""`auditor verify`: verify a signed report, or the files of a medium against its custody list."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli import work
from auditor.cli.output import OutputFormat, write_stdout
from auditor.cli.progress import bar
from auditor.cli.saying import note
from auditor.errors import UsageError
from auditor.policy.exit_codes import EXIT_NOT_READY, EXIT_UNDETERMINED


class SignedPart(enum.StrEnum):
    """A part of a signed statement that is not checked."""

    REPORT = "report"
    EVIDENCE = "evidence"
    TRANSFER = "transfer"


def verify(
    subject: Annotated[
        Path,
        typer.Argument(metavar="STATEMENT|DIR", help="The file that `auditor sign` wrote, or a folder with its custody list."),
    ],
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
    custody_list: Annotated[
        Path | None,
        typer.Option("--list", metavar="FILE", help="For DIR: its list, as `sha256sum` writes it. Default: DIR/SHA256SUMS."),
    ] = None,
    statement: Annotated[
        Path | None,
        typer.Option("--statement", metavar="FILE", help="For DIR, with --key: the signed statement that names the list."),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="For DIR: read every file again, also after an interrupted run.")
    ] = False,
    format: Annotated[OutputFormat, typer.Option("--format", metavar="text|json")] = OutputFormat.TEXT,
) -> None:
    """Verify a signed report or the files of a medium. Exit code: 0 verified, 1 not, 2 usage, 3 undetermined.

    Undetermined: a file could not be read. The verdict of the report does not change the exit code. An interrupted check of a
    folder continues for 24 hours.
    """
    if subject.is_dir():
        _refuse("a folder", {"--report": report, "--evidence": evidence, "--transfer": transfer, "--skip": skip})
        result = _verify_medium(subject, custody_list, statement, key, fresh)
        write_stdout((work.medium_json if format is OutputFormat.JSON else work.medium_text)(result) + "\n")
        is_refuted, is_proven = result.is_refuted, result.is_proven
    else:
        _refuse("a statement", {"--list": custody_list, "--statement": statement, "--fresh": fresh})
        where = work.Locations(report, evidence, transfer or [], frozenset(part.value for part in skip or []))
        verified = _verify_statement(subject, key, where)
        write_stdout((work.verified_json if format is OutputFormat.JSON else work.verified_text)(verified) + "\n")
        is_refuted, is_proven = verified.is_refuted, verified.is_proven
    if not is_proven:
        raise typer.Exit(EXIT_NOT_READY if is_refuted else EXIT_UNDETERMINED)


def _refuse(kind: str, options: dict[str, object]) -> None:
    for option, value in options.items():
        if value:
            raise UsageError(f"{option}: it cannot be used with {kind}", "Leave it out.")


def _verify_statement(statement: Path, key: Path | None, where: work.Locations) -> work.Verified:
    if key is None:
        raise UsageError("--key is missing", "Name the public key of the signer: `--key public.pem`.")
    with bar() as progress:
        return work.verify_envelope(statement, work.read_public_key(key), where, progress.reading)


def _verify_medium(
    folder: Path, custody_list: Path | None, statement: Path | None, key: Path | None, fresh: bool
) -> work.MediumVerified:
    if (key is None) != (statement is None):
        missing = "--key" if key is None else "--statement"
        raise UsageError(f"{missing} is missing", "Name both, or neither: `--key public.pem --statement report.intoto.json`.")
    listed = work.read_list(folder, custody_list)
    signed = None
    if key is not None and statement is not None:
        signed = work.signed_list(listed, statement, work.read_public_key(key))
    try:
        with bar() as progress:
            compared = work.verify_medium(
                folder, listed, beside=tuple(filter(None, [statement])), fresh=fresh, progress=progress.reading
            )
    except KeyboardInterrupt:
        note("auditor: the check is not complete. Run the command again within 24 hours to continue.")
        raise
    return work.MediumVerified(listed, compared, signed)
