"""`auditor sign`: sign a report, its evidence and the files of the transfer."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli import work
from auditor.cli.output import write_atomically, write_stdout
from auditor.cli.progress import bar
from auditor.errors import UsageError
from auditor.redaction import remember
from auditor.text import clean, format_size, many

PASSPHRASE = "AUDITOR_KEY_PASSPHRASE"  # noqa: S105 - the name of an environment variable
_SUFFIX = ".intoto.json"


def sign(
    report: Annotated[Path, typer.Argument(metavar="REPORT", help="A report that `--format json=REPORT` wrote.")],
    key: Annotated[
        Path,
        typer.Option(
            "--key",
            metavar="FILE",
            help=f"The private key in PEM form: ECDSA, Ed25519 or RSA. The passphrase of an encrypted key comes from the "
            f"variable {PASSPHRASE}, or from a prompt.",
        ),
    ],
    evidence: Annotated[Path | None, typer.Option("--evidence", metavar="FILE", help="The evidence of this report.")] = None,
    transfer: Annotated[
        list[Path] | None,
        typer.Option("--transfer", metavar="DIR|FILE", help="A folder or a file that is carried in; repeatable."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help=f"The signed statement. Default: REPORT with `{_SUFFIX}`."),
    ] = None,
) -> None:
    """Sign a report, with its evidence and the files of the transfer. Exit code: 0 signed, 2 usage.

    The result is a DSSE envelope with an in-toto statement. `auditor verify`, cosign and openssl verify it.
    """
    envelope = output or report.with_suffix(_SUFFIX)
    _refuse_input(envelope, [report, key, *filter(None, [evidence]), *(transfer or [])])
    private = work.private_key(key, lambda: _passphrase(key))
    with bar() as progress:
        signed = work.sign_report(report, private, evidence, transfer or [], envelope, progress.reading)
    write_atomically(envelope, signed.text)
    write_stdout("".join(f"{line}\n" for line in _lines(envelope, signed)))


def _lines(envelope: Path, signed: work.Signed) -> list[str]:
    statement = signed.statement
    lines = [f"{envelope}: signed with {signed.key.name}"]
    lines += [f"{subject.role}: {clean(subject.name)}" for subject in statement.subjects if subject.role != "transfer"]
    files = statement.of("transfer")
    if files or statement.links:
        size = format_size(sum(subject.size for subject in files))
        links = f" and {many(len(statement.links), 'symbolic link')}" if statement.links else ""
        lines.append(f"transfer: {many(len(files), 'file')}{links}, {size}")
    return lines


def _refuse_input(envelope: Path, inputs: list[Path]) -> None:
    for path in inputs:
        if path.resolve() == envelope.resolve():
            raise UsageError(f"{envelope}: it is an input of this command", "Name another file with `--output`.")


def _passphrase(key: Path) -> bytes:
    """Return the passphrase from the environment or the terminal. Raises UsageError without either."""
    text = os.environ.get(PASSPHRASE)
    if text is None:
        if sys.stdin is None or not sys.stdin.isatty():
            raise UsageError(f"{key}: it is encrypted, and no passphrase is given", f"Set the variable {PASSPHRASE}.")
        text = str(typer.prompt(f"Passphrase of {key}", hide_input=True, default="", show_default=False, err=True))
    remember(text)
    return text.encode("utf-8", "surrogateescape")
