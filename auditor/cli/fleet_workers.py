"""Audit the plans of a fleet, in several processes if no plan needs the network.

A process per core audits and renders; the reports return in the order of the plans. Sites are independent, and Python runs one
thread at a time: with two processes, 100 sites take about half the time (bench/fleet.py).
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from auditor.cli.progress import bar
from auditor.cli.saying import notice
from auditor.errors import AuditorError
from auditor.formats import Form
from auditor.pipeline.callbacks import Callbacks
from auditor.pipeline.fleet import Fleet
from auditor.pipeline.settings import Settings
from reports.index import IndexedSite
from reports.style import Style

Forms = tuple[tuple[Form, Style], ...]

FEWEST = 8  # sites for which further processes are worth their start
_fleet: list[_Work] = []  # of this process


@dataclass(frozen=True, slots=True)
class MadeSite:
    """One site: its entry in the index, the name for its files, its texts by format, or the error that prevented them."""

    entry: IndexedSite
    name: str = ""
    texts: tuple[str, ...] = ()
    problem: AuditorError | None = None


@dataclass(frozen=True, slots=True)
class _Work:
    """What a process needs for each site."""

    fleet: Fleet
    forms: Forms

    def made(self, path: Path) -> MadeSite:
        """Audit one plan and render its report."""
        result = self.fleet.audit(path)
        try:
            if isinstance(result, AuditorError):
                raise result
            texts = tuple(form.write(result, style) for form, style in self.forms)
        except AuditorError as error:
            return MadeSite(IndexedSite.failed(str(path), error.exit_code, error.summary), problem=error)
        return MadeSite(IndexedSite.of(str(path), result), result.plan_name or path.stem, texts)


@contextmanager
def in_order(
    inputs: Sequence[Path], platforms: Sequence[str], settings: Settings, forms: Forms
) -> Iterator[Iterator[MadeSite]]:
    """Yield the sites in the order of the inputs. Raises EvidenceError, UsageError, and Interrupted after a signal."""
    count = min(_cores(), len(inputs) // FEWEST + 1)
    connects = settings.evidence is None and not settings.offline
    if connects or count < 2 or "fork" not in multiprocessing.get_all_start_methods():
        with Fleet(inputs, platforms, settings, Callbacks(bar, notice)) as fleet:
            work = _Work(fleet, forms)
            yield (work.made(path) for path in inputs)
        return
    Fleet(inputs, platforms, settings).close()  # an unusable evidence file is an error of this process
    context = multiprocessing.get_context("fork")
    pool = ProcessPoolExecutor(count, context, _start, (inputs, platforms, settings, forms))
    try:
        yield pool.map(_made, inputs)
    finally:
        pool.shutdown(cancel_futures=True)  # after a signal, wait for the sites in progress only


def _start(inputs: Sequence[Path], platforms: Sequence[str], settings: Settings, forms: Forms) -> None:
    """Prepare a process: the first one receives the signals and ends the others."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    _fleet[:] = [_Work(Fleet(inputs, platforms, settings, Callbacks(notice=notice)), forms)]


def _made(path: Path) -> MadeSite:
    return _fleet[0].made(path)


def _cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
