"""`auditor fix`: write the remedies of an audit as files. It runs none of them."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor import __version__
from auditor.cli import work
from auditor.cli.options import (
    AskVia,
    At,
    Ca,
    EvidenceIn,
    Jobs,
    Offline,
    Platforms,
    RenderCharts,
    Timeout,
    WaiversFile,
    parse_date,
)
from auditor.cli.output import cannot_write, write_stdout
from auditor.cli.progress import bar
from auditor.cli.saying import note, notice
from auditor.errors import UsageError
from auditor.pipeline.callbacks import Callbacks
from auditor.pipeline.catalogue import catalogue, selected
from auditor.pipeline.settings import TIMEOUT, GatherSettings, Settings
from auditor.redaction import fit, redact
from auditor.text import clean

if TYPE_CHECKING:
    from auditor.fix.fix_files import Written

Fixed = Annotated[
    list[Path], typer.Argument(metavar="PLAN|LIST…|EVIDENCE|REPORT", help="A plan, image lists, evidence or a JSON report.")
]
Folder = Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="A new folder for the files.")]


def fix(
    inputs: Fixed,
    output: Folder,
    evidence: EvidenceIn = None,
    offline: Offline = False,
    at: At = None,
    platform: Platforms = None,
    waivers: WaiversFile = None,
    via: AskVia = None,
    ca: Ca = None,
    jobs: Jobs = None,
    render_charts: RenderCharts = False,
    timeout: Timeout = TIMEOUT,
) -> None:
    """Write files that resolve findings: copy scripts, lists, configuration. Nothing is run. Exit code: 0 done, 2 usage."""
    _refuse_old(output)
    if len(inputs) == 1 and (document := work.report_in(inputs[0])) is not None:
        if evidence or offline or at or platform or waivers or via or ca or render_charts:
            raise UsageError(f"{inputs[0]} is a report: its settings are fixed", "Give only --output, or the plan instead.")
        _write(output, work.remedies_by_report(document, __version__))
        return
    known = catalogue()
    settings = Settings(
        parse_date(at),
        known,
        selected(known, [], []),
        waivers=waivers,
        evidence=evidence,
        offline=offline,
        render_charts=render_charts,
        gathering=GatherSettings(tuple(via or ()), jobs, ca=ca, timeout=timeout),
    )
    with work.audited(work.load(inputs, platform or []), settings, Callbacks(bar, notice)) as (site, report):
        found = work.by_waiver(report)
        files = work.remedies(site, found.active, found.waived, __version__, settings.today)
    _write(output, files)


def _write(folder: Path, files: tuple[Written, ...]) -> None:
    if [file.path for file in files] == [work.README]:
        note("auditor: no finding can be resolved by a file, so nothing was written. `auditor audit` shows the remedies.")
        return
    write_folder(folder, files)
    write_stdout("".join(f"{folder / file.path}: {clean(file.what)}\n" for file in files))


def _refuse_old(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: cannot write: it is a file", "Name a new folder.")
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(
            f"{folder}: the folder is not empty", "Name a new one, so that scripts of an earlier run stay separate."
        )


def write_folder(folder: Path, files: tuple[Written, ...]) -> None:
    """Write all files into a new or empty folder. The folder appears complete or not at all. Raises UsageError."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as temporary:
            made = Path(temporary, "files")
            for file in files:
                _write_file(made / file.path, file)
            if folder.is_dir():
                folder.rmdir()
            shutil.move(made, folder)
    except OSError as error:
        raise cannot_write(str(folder), error) from error


def _write_file(path: Path, file: Written) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # A file of the user keeps its credentials: the node that it is installed on needs them.
    path.write_bytes(fit(file.text if file.is_secret else redact(file.text)).encode("utf-8"))
    umask = os.umask(0)
    os.umask(umask)
    path.chmod((0o777 if file.is_script else 0o600 if file.is_secret else 0o666) & ~umask)
