"""Several plans in one run: they share what is gathered, get a report each, and one that is broken does not stop the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import reports
from auditor.cli import cache
from auditor.cli.inputs import read_inputs
from auditor.cli.judging import Settings, report_of
from auditor.cli.output import named_format, write_atomically, write_stdout
from auditor.cli.saying import say_error
from auditor.errors import AuditorError, UsageError
from auditor.fix.written import file_name
from reports.index import Entry, as_text, page

INDEX = "index.html"
_WORST_FIRST = (4, 2, 1, 3, 0)


def audit_fleet(inputs: list[Path], settings: Settings, formats: list[str], read: Iterable[Path]) -> int:
    """Audit each, write everything, and give the worst exit code. Raises UsageError for what no fleet can have."""
    if settings.evidence is not None or settings.baseline is not None:
        raise UsageError("--evidence and --baseline are for one plan", "Give evidence files instead of plans, or one plan.")
    folders = _folders(formats, read)
    shared = cache.path_for_all(inputs)
    entries = tuple(_audited(inputs, settings, shared, folders))
    for folder in dict.fromkeys(folder for _, folder in folders):
        write_atomically(folder / INDEX, page(entries, folder))
    write_stdout(as_text(entries))
    return min((entry.exit_code for entry in entries), key=_WORST_FIRST.index)


def _folders(formats: list[str], read: Iterable[Path]) -> list[tuple[str, Path]]:
    """Format and folder, in the order of the options."""
    taken = {path.resolve() for path in read}
    found = []
    for text in formats:
        name, folder = named_format(text)
        if not folder:
            raise UsageError(f"--format {name}: several plans need a folder", f"Write `--format {name}=reports/`.")
        path = Path(folder)
        if path.resolve() in taken or (path.exists() and not path.is_dir()):
            raise UsageError(
                f"--format {text}: {folder} is a file, and several plans need a folder", f"Write `--format {name}=reports/`."
            )
        found.append((name, path))
    return found


def _audited(inputs: list[Path], settings: Settings, shared: Path, folders: list[tuple[str, Path]]) -> Iterator[Entry]:
    used: set[str] = set()
    for path in inputs:
        try:
            report = report_of(read_inputs([path], []), settings, shared)
        except AuditorError as error:
            say_error(error)
            yield Entry(str(path), error.exit_code, problem=error.summary)
            continue
        name = _unused(file_name(report.plan_name or path.stem), used)
        files = []
        for form, folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
            file = folder / f"{name}{reports.format_named(form).suffix}"
            write_atomically(file, reports.render(report, form))
            files.append(file)
        yield Entry(str(path), report.exit_code, report, tuple(files))


def _unused(name: str, used: set[str]) -> str:
    """The name, with a number where another site has it, or where it would be the index."""
    chosen, number = name, 2
    while chosen.lower() in used or chosen.lower() == "index":
        chosen, number = f"{name}-{number}", number + 1
    used.add(chosen.lower())
    return chosen
