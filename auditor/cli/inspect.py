"""`auditor inspect`: the platforms, layers and sizes of one image, or of all images in an archive."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli import work
from auditor.cli.options import Ca, EvidenceIn, Timeout
from auditor.cli.output import OutputFormat, write_stdout
from auditor.cli.progress import bar
from auditor.errors import UsageError
from auditor.pipeline.settings import TIMEOUT
from auditor.policy.exit_codes import EXIT_NOT_READY


def inspect(
    subject: Annotated[str, typer.Argument(metavar="REF|ARCHIVE", help="An image reference, or an archive, file or folder.")],
    evidence: EvidenceIn = None,
    ca: Ca = None,
    timeout: Timeout = TIMEOUT,
    format: Annotated[OutputFormat, typer.Option(help="text or json")] = OutputFormat.TEXT,
) -> None:
    """Show the platforms, layers, foreign layers and sizes of an image, or of all images in an archive.

    An existing file or folder is read as an archive and hashed whole. A defect in it ends in exit code 1.
    """
    if _is_path(subject):
        _inspect_archive(subject, evidence, ca, format)
        return
    if evidence is not None:
        work.refuse_ca(ca)
    image = work.inspect_image(subject, evidence, ca=work.read_ca(ca) if ca is not None else b"", timeout=timeout)
    write_stdout((work.image_json if format is OutputFormat.JSON else work.image_text)(image) + "\n")


def _inspect_archive(subject: str, evidence: Path | None, ca: Path | None, format: OutputFormat) -> None:
    for option, value in (("--evidence", evidence), ("--ca", ca)):
        if value is not None:
            raise UsageError(f"{option} is for image references: {subject} is an archive", f"Leave `{option}` out.")
    with bar() as progress:
        archives = work.inspect_archives(Path(subject), progress.reading)
    write_stdout((work.archives_json if format is OutputFormat.JSON else work.archives_text)(archives) + "\n")
    if not all(archive.is_sound for archive in archives):
        raise typer.Exit(EXIT_NOT_READY)


def _is_path(subject: str) -> bool:
    """Whether the subject is an archive: a path that exists, or a text that can only be a path."""
    return Path(subject).exists() or subject.startswith(("/", "./", "../"))
