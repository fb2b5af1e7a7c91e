"""Several plans in one run: they share what is gathered, get a report each, and one that is broken does not stop the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from auditor.cli import cache
from auditor.cli.formats import Form
from auditor.cli.inputs import read_inputs
from auditor.cli.judging import Settings, report_of
from auditor.cli.output import named_form, use_colour, write_atomically, write_stdout
from auditor.cli.saying import say_error
from auditor.errors import AuditorError, UsageError
from auditor.fix.written import file_name
from reports.index import Entry, as_text, page

INDEX = "index.html"
# A format, and the folder for its files; none where the reports go to stdout, one after the other.
Place = tuple[Form, Path | None]
_WORST_FIRST = (4, 2, 1, 3, 0)


def audit_fleet(inputs: list[Path], platforms: list[str], settings: Settings, formats: list[str], read: Iterable[Path]) -> int:
    """Audit each, write everything, and give the worst exit code. Raises UsageError for what no fleet can have."""
    if settings.evidence is not None or settings.baseline is not None:
        raise UsageError("--evidence and --baseline are for one plan", "Give evidence files instead of plans, or one plan.")
    places = _places(formats, read)
    shared = cache.path_for_all(inputs)
    entries = tuple(_audited(inputs, platforms, settings, shared, places))
    for folder in dict.fromkeys(folder for _, folder in places if folder is not None):
        write_atomically(folder / INDEX, page(entries, folder))
    write_stdout(as_text(entries))
    return min((entry.exit_code for entry in entries), key=_WORST_FIRST.index)


def _places(formats: list[str], read: Iterable[Path]) -> list[Place]:
    """What is written where, in the order of the options."""
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


def _audited(
    inputs: list[Path], platforms: list[str], settings: Settings, shared: Path, places: list[Place]
) -> Iterator[Entry]:
    used: set[str] = set()
    for path in inputs:
        try:
            report = report_of(read_inputs([path], platforms, cut_off=settings.cut_off), settings, shared)
            texts = [form.write(report, colour=folder is None and use_colour()) for form, folder in places]
        except AuditorError as error:
            say_error(error)
            yield Entry(str(path), error.exit_code, problem=error.summary)
            continue
        name = _unused(file_name(report.plan_name or path.stem), used)
        files = []
        for (form, folder), text in zip(places, texts, strict=True):
            if folder is None:
                write_stdout(f"{text}\n")
                continue
            folder.mkdir(parents=True, exist_ok=True)
            file = folder / f"{name}{form.suffix}"
            write_atomically(file, text)
            files.append(file)
        yield Entry(str(path), report.exit_code, report, tuple(files))


def _unused(name: str, used: set[str]) -> str:
    """The name, with a number where another site has it, or where it would be the index."""
    chosen, number = name, 2
    while chosen.lower() in used or chosen.lower() == "index":
        chosen, number = f"{name}-{number}", number + 1
    used.add(chosen.lower())
    return chosen
