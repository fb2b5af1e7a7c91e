"""`auditor audit` for several plans: one report for each, and an index page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from auditor.cli.fleet_workers import MadeSite, in_order
from auditor.cli.output import named_form, write_atomically, write_stdout
from auditor.cli.saying import say_error
from auditor.cli.terminal import style
from auditor.errors import AuditorError, UsageError
from auditor.fix.fix_files import file_name
from auditor.formats import Form
from auditor.pipeline.fleet import refuse_single
from auditor.pipeline.settings import Settings
from reports.index import IndexedSite, as_text, page
from reports.style import PLAIN

INDEX = "index.html"
# A format, and the folder for its files. None: the reports go to stdout, one after the other.
Place = tuple[Form, Path | None]
_WORST_FIRST = (4, 2, 1, 3, 0)


def audit_fleet(inputs: list[Path], platforms: list[str], settings: Settings, formats: list[str], read: Iterable[Path]) -> int:
    """Audit each plan, write all reports, and return the worst exit code. `read` are the input files, which stay as they are.

    Raises UsageError for options that fit only one plan.
    """
    refuse_single(inputs, settings)
    places = _places(formats, read)
    forms = tuple((form, style() if folder is None else PLAIN) for form, folder in places)
    with in_order(inputs, platforms, settings, forms) as made:
        entries = tuple(_written(made, places))
    for folder in dict.fromkeys(folder for _, folder in places if folder is not None):
        write_atomically(folder / INDEX, page(entries, folder))
    write_stdout(as_text(entries))
    return min((entry.exit_code for entry in entries), key=_WORST_FIRST.index)


def _places(formats: list[str], read: Iterable[Path]) -> list[Place]:
    """Return the destinations, in the order of the options. Raises UsageError."""
    taken = {path.resolve() for path in read}
    found: list[Place] = []
    for text in formats:
        form, folder = named_form(text)
        if not folder:
            if not form.joins or any(at is None for _, at in found):
                raise UsageError(f"--format {text}: several plans need a folder", f"Write `--format {form.name}=reports/`.")
            found.append((form, None))
            continue
        path = Path(folder)
        if path.resolve() in taken or (path.exists() and not path.is_dir()):
            raise UsageError(
                f"--format {text}: {folder} is a file, and several plans need a folder",
                f"Write `--format {form.name}=reports/`.",
            )
        same = (was.name for was, at in found if at and at.resolve() == path.resolve() and was.suffix == form.suffix)
        if other := next(same, None):
            raise UsageError(f"--format {text}: its files would be those of {other}", "Give each a folder of its own.")
        found.append((form, path))
    return found


def _written(made: Iterable[MadeSite], places: list[Place]) -> Iterator[IndexedSite]:
    used: set[str] = set()
    for one in made:
        if isinstance(one.problem, AuditorError):
            say_error(one.problem)
            yield one.entry
            continue
        name = _unused(file_name(one.name), used)
        yield replace(one.entry, files=tuple(_files(name, one.texts, places)))


def _files(name: str, texts: Sequence[str], places: list[Place]) -> Iterator[Path]:
    """Write the texts of one report. Yield the files."""
    for (form, folder), text in zip(places, texts, strict=True):
        if folder is None:
            write_stdout(f"{text}\n")
            continue
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{name}{form.suffix}"
        write_atomically(file, text)
        yield file


def _unused(name: str, used: set[str]) -> str:
    """Return the name, with a number if another site or the index page has it."""
    chosen, number = name, 2
    while chosen.lower() in used or chosen.lower() == "index":
        chosen, number = f"{name}-{number}", number + 1
    used.add(chosen.lower())
    return chosen
