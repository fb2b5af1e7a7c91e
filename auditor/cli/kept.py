"""The last report of each plan, kept for `auditor show`: private files in the user's state folder.

The folder is `$AUDITOR_STATE`, or `airgap-auditor` below `$XDG_STATE_HOME` or `~/.local/state`. `AUDITOR_STATE=off` keeps
nothing. A file holds what the JSON report holds, and the quoted lines of the user's files, without secrets.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.cli.saying import note
from auditor.errors import Location, UsageError, strerror
from auditor.redaction import fit
from auditor.report import Report
from auditor.report.excerpt import Excerpt
from reports import pieces

MOST_KEPT = 50  # reports of different plans; the oldest are removed
_OFF = frozenset({"off", "0", "no", "false"})
_ENDING = ".report.json"
_HINT = "Run `auditor audit` in this folder first, or name a JSON report: `auditor show --report report.json`."


@dataclass(frozen=True, slots=True)
class KeptReport:
    """A report of an earlier run. `at` and `folder` are the time and the folder of that run, empty if unknown."""

    report: Report
    excerpts: Mapping[Location, Excerpt]
    at: str = ""
    folder: str = ""


def state_folder() -> Path | None:
    """Return the folder of the kept reports, or None if none are kept or no home folder is known."""
    chosen = os.environ.get("AUDITOR_STATE", "")
    if chosen.lower() in _OFF:
        return None
    if chosen:
        return Path(chosen)
    try:
        return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "airgap-auditor"
    except RuntimeError:  # a user id without a name and without HOME
        return None


def keep(report: Report, excerpts: Mapping[Location, Excerpt], words: tuple[str, ...]) -> None:
    """Keep a report of the inputs `words` for `auditor show` in this folder. A failure is a note and changes no verdict."""
    folder = state_folder()
    if folder is None:
        return
    name = f"{_key(words)}{_ENDING}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(folder / name, _document(report, excerpts))
        _write(folder / _pointer(), iter((name,)))
        _remove_oldest(folder)
    except OSError as error:
        note(
            f"auditor: the report is not kept for `auditor show`: {folder}: {strerror(error)}\n  AUDITOR_STATE=off keeps none."
        )


def last(words: tuple[str, ...] = ()) -> KeptReport:
    """Return the last report of the inputs, or without inputs the last one of this folder. Raises UsageError."""
    folder = state_folder()
    if folder is None:
        raise UsageError("no report is kept: AUDITOR_STATE is off, or the home folder is unknown", _HINT)
    if words:
        path = folder / f"{_key(words)}{_ENDING}"
    else:
        try:
            name = (folder / _pointer()).read_text(encoding="ascii")[:100]
        except (OSError, ValueError):
            raise UsageError("no report of this folder is kept", _HINT) from None
        path = folder / Path(name).name
    if not path.is_file():
        raise UsageError("no report of this plan is kept", _HINT)
    return kept_in(path)


def kept_in(path: Path) -> KeptReport:
    """Return the report in a kept file or in a JSON report. Raises UsageError."""
    from auditor.pipeline.report_inputs import read_report  # noqa: PLC0415 - an audit only writes a report
    from auditor.report.rebuilt import report_from  # noqa: PLC0415 - as above

    document = read_report(path)
    if "kept" not in document:
        return KeptReport(report_from(document), {})
    kept: Any = document["kept"] if isinstance(document["kept"], dict) else {}
    return KeptReport(
        report_from(document), dict(_excerpts(kept.get("excerpts"))), str(kept.get("at", "")), str(kept.get("folder", ""))
    )


def _document(report: Report, excerpts: Mapping[Location, Excerpt]) -> Iterator[str]:
    """Yield the JSON report with one more key at its start, `kept`."""
    rows = [[at.file, at.line, at.column, one.text, one.column, one.length] for at, one in excerpts.items()]
    kept = {
        "at": datetime.datetime.now(tz=datetime.UTC).isoformat(timespec="seconds"),
        "folder": str(Path.cwd()),
        "excerpts": rows,
    }
    yield f'{{"kept": {json.dumps(kept)},\n'
    is_first = True
    for piece in pieces(report, "json"):
        yield piece.removeprefix("{\n") if is_first else piece
        is_first = False


def _excerpts(rows: object) -> Iterator[tuple[Location, Excerpt]]:
    for row in rows if isinstance(rows, list) else []:
        match row:
            case [str() as file, int() as line, int() as column, str() as text, int() as at, int() as length]:
                yield Location(file, line, column), Excerpt(text, at, length)


def _key(words: tuple[str, ...]) -> str:
    """Return what identifies the inputs of an audit: each as an absolute path, in order; other words belong to this folder."""
    are_paths = all(map(os.path.exists, words))
    places = "\n".join(map(os.path.abspath, words) if are_paths else (str(Path.cwd()), *words))
    return hashlib.sha256(places.encode(errors="surrogateescape")).hexdigest()[:16]


def _pointer() -> str:
    """Return the name of the file that names the last report of this folder."""
    here = hashlib.sha256(str(Path.cwd()).encode(errors="surrogateescape")).hexdigest()[:16]
    return f"{here}.last"


def _write(path: Path, parts: Iterator[str]) -> None:
    """Write a private file that appears complete or not at all."""
    import tempfile  # noqa: PLC0415 - few runs keep a report

    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # it is private
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.writelines(map(fit, parts))
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _remove_oldest(folder: Path) -> None:
    for ending in (_ENDING, ".last"):
        found = sorted(folder.glob(f"*{ending}"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in found[MOST_KEPT:]:
            path.unlink(missing_ok=True)
