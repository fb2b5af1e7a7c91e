"""A progress bar on stderr, if that is a terminal and neither `--quiet` nor CI is set."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from auditor.cli.saying import is_quiet
from auditor.pipeline.callbacks import Progress
from auditor.text import format_size


@contextmanager
def bar() -> Iterator[Progress]:
    """Show one bar inside the block: for the archive that is being read, then for the images that are collected."""
    if is_quiet() or not sys.stderr.isatty() or os.environ.get("CI"):
        yield Progress()
        return
    from rich.console import Console  # noqa: PLC0415 - only if a bar is shown
    from rich.markup import escape  # noqa: PLC0415
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415
    from rich.progress import Progress as Bar  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[amount]}"), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("collecting", total=None, amount="")

        def count(done: int, total: int) -> None:
            shown.update(task, description="collecting", completed=done, total=total, amount=f"{done}/{total}")

        def read(name: str, done: int, total: int) -> None:
            amount = f"{format_size(done)} of {format_size(total)}"
            shown.update(task, description=f"reading {escape(name[-40:])}", completed=done, total=total, amount=amount)

        yield Progress(count, read)
