"""Progress on stderr: a bar on a terminal, silence elsewhere and under CI."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from auditor.cli.saying import is_quiet
from auditor.text import format_size


@dataclass(frozen=True, slots=True)
class Watching:
    """Whom to tell: `counting` of (done, total), `reading` of (archive, bytes done, bytes in all). None where nobody looks."""

    counting: Callable[[int, int], None] | None = None
    reading: Callable[[str, int, int], None] | None = None


@contextmanager
def watching() -> Iterator[Watching]:
    """One bar: for the archive that is being read, then for what is collected."""
    if is_quiet() or not sys.stderr.isatty() or os.environ.get("CI"):
        yield Watching()
        return
    from rich.console import Console  # noqa: PLC0415 - only where a bar is shown
    from rich.markup import escape  # noqa: PLC0415
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[amount]}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("collecting", total=None, amount="")

        def count(done: int, total: int) -> None:
            bar.update(task, description="collecting", completed=done, total=total, amount=f"{done}/{total}")

        def read(name: str, done: int, total: int) -> None:
            amount = f"{format_size(done)} of {format_size(total)}"
            bar.update(task, description=f"reading {escape(name[-40:])}", completed=done, total=total, amount=amount)

        yield Watching(count, read)
