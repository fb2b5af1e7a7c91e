"""`auditor inspect`: what one image or one archive is made of, platform by platform."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.inspecting.archive import as_json, as_text, inspect_archives
from auditor.cli.inspecting.image import show_image
from auditor.cli.options import Ca, EvidenceIn, Timeout
from auditor.cli.output import write_stdout
from auditor.cli.progress import watching
from auditor.cli.trusting import read_ca
from auditor.collectors.registry.retries import TIMEOUT
from auditor.errors import UsageError
from auditor.policy.judge import EXIT_NOT_READY


class Layout(enum.StrEnum):
    """How to print it."""

    TEXT = "text"
    JSON = "json"


def inspect(
    subject: Annotated[str, typer.Argument(metavar="REF|ARCHIVE", help="An image reference, or an archive, file or folder.")],
    evidence: EvidenceIn = None,
    ca: Ca = None,
    timeout: Timeout = TIMEOUT,
    format: Annotated[Layout, typer.Option(help="text or json")] = Layout.TEXT,
) -> None:
    """Show the platforms, layers, foreign layers and sizes of an image, or of all images in an archive.

    What exists as a file or folder is read as an archive; it is hashed whole, and what is wrong with it ends in exit code 1.
    """
    if not _is_path(subject):
        shown = show_image(subject, evidence, _trusted(ca, evidence), timeout, as_json=format is Layout.JSON)
        write_stdout(shown + "\n")
        return
    if evidence is not None:
        raise UsageError(f"--evidence is for image references: {subject} is an archive", "Leave `--evidence` out.")
    if ca is not None:
        raise UsageError(f"--ca is for image references: {subject} is an archive", "Leave `--ca` out.")
    with watching() as told:
        archives = inspect_archives(Path(subject), told.reading)
    write_stdout((as_json if format is Layout.JSON else as_text)(archives) + "\n")
    if not all(archive.is_sound for archive in archives):
        raise typer.Exit(EXIT_NOT_READY)


def _trusted(ca: Path | None, evidence: Path | None) -> bytes:
    if ca is not None and evidence is not None:
        raise UsageError("--ca: no host is asked, so there is nothing to trust", "Leave `--ca` or `--evidence` out.")
    return read_ca(ca) if ca is not None else b""


def _is_path(subject: str) -> bool:
    """Whether an archive is meant: something of that name is there, or nothing but a path is written so."""
    return Path(subject).exists() or subject.startswith(("/", "./", "../"))
