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
from auditor.text import clean, many

if TYPE_CHECKING:
    from auditor.fix.fix_files import Written
    from auditor.pipeline.inputs import LoadedPlan

_MOST_LEFT = 20

Fixed = Annotated[
    list[Path], typer.Argument(metavar="PLAN|LIST…|EVIDENCE|REPORT", help="A plan, image lists, evidence or a JSON report.")
]
Pin = Annotated[
    bool,
    typer.Option(
        "--pin",
        help="Write only the image lists again, with the observed digest after each reference. Comments and order stay.",
    ),
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
    pin: Pin = False,
) -> None:
    """Write files that resolve findings: copy scripts, lists, configuration. Nothing is run. Exit code: 0 done, 2 usage."""
    _refuse_old(output)
    if len(inputs) == 1 and (document := work.report_in(inputs[0])) is not None:
        if evidence or offline or at or platform or waivers or via or ca or render_charts or pin:
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
    if pin:
        _pin(work.load(inputs, platform or []), settings, output)
        return
    with work.audited(work.load(inputs, platform or []), settings, Callbacks(bar, notice)) as (site, report):
        found = work.by_waiver(report)
        files = work.remedies(site, found.active, found.waived, __version__, settings.today)
    _write(output, files)


def _pin(loaded: LoadedPlan, settings: Settings, folder: Path) -> None:
    """Write the pinned lists, and state which references stay without a digest, and why."""
    with work.audited(loaded, settings, Callbacks(bar, notice)) as (site, _):
        pinning = work.pinned_lists(site)
    for one in pinning.left[:_MOST_LEFT]:
        note(clean(f"auditor: {one.line.location}: {one.line.text} is not pinned: {one.reason}."))
    if len(pinning.left) > _MOST_LEFT:
        note(f"auditor: {many(len(pinning.left) - _MOST_LEFT, 'further reference')} not pinned.")
    if not pinning.files:
        note("auditor: no list gets a digest, so nothing was written.")
        return
    write_folder(folder, pinning.files)
    write_stdout("".join(f"{folder / file.path}: {clean(file.what)}\n" for file in pinning.files))


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
