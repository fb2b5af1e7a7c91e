"""`auditor manifest`: write the custody list of a medium."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli import work
from auditor.cli.output import write_bytes_atomically, write_stdout
from auditor.cli.progress import bar
from auditor.cli.saying import notice
from auditor.text import format_size, many


def manifest(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of the medium.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="An existing folder for the list. Default: the medium itself."),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Write a new list for the present content, although one exists.")
    ] = False,
    no_images: Annotated[
        bool, typer.Option("--no-images", help="Do not read archives: list no images. This halves the time.")
    ] = False,
) -> None:
    """Write the custody list of a medium: every file with its SHA-256, and the images that archives hold.

    SHA256SUMS has the format of `sha256sum`; custody.json adds sizes, images with digests, and symbolic links. `auditor verify
    DIR` checks the medium.
    """
    with bar() as progress:
        made = work.manifest_of(folder, output, replace=replace, images=not no_images, progress=progress.reading, notice=notice)
    write_bytes_atomically(made.json_path, made.json.encode())
    write_bytes_atomically(made.sums_path, made.sums)
    listed = made.listed
    links = f", {many(len(listed.links), 'symbolic link')}" if listed.links else ""
    images = f", {many(listed.images, 'image')}" if not no_images else ""
    write_stdout(f"{made.sums_path}: {many(len(listed.files), 'file')}{links}, {format_size(listed.bytes)}{images}\n")
    write_stdout(f"{made.json_path}\n")
