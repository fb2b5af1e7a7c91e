"""Write reports to stdout, or to files that appear complete or not at all."""

from __future__ import annotations

import enum
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.cli.terminal import encodable, style
from auditor.errors import PlanError, Problem, UsageError, strerror
from auditor.formats import Form, form_named
from auditor.redaction import fit, redact
from reports import FULL_TEXT
from reports.style import Style

if TYPE_CHECKING:
    from auditor.report import Excerpt, Location, Report
    from reports.wording import FilePosition


class OutputFormat(enum.StrEnum):
    """The formats of commands that print one result."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Output:
    """One `--format FMT[=FILE]`; no file means stdout. A file gets the whole text."""

    form: Form
    file: Path | None = None


def parse_outputs(wanted: list[str], inputs: tuple[Path, ...] = (), *, is_full: bool = False) -> tuple[Output, ...]:
    """Return the requested outputs; without any, text on stdout. `is_full` prints the whole text. Raises UsageError."""
    outputs = []
    for text in wanted or ["text"]:
        form, file = named_form(FULL_TEXT if is_full and text == "text" else text)
        outputs.append(Output(form, Path(file) if file else None))
    files = [output.file.absolute() for output in outputs if output.file is not None]
    if len(set(files)) < len(files):
        raise UsageError("--format: two of them name the same file", "Name two files: the second would overwrite the first.")
    taken = {path.resolve() for path in inputs}
    for output in outputs:
        if output.file is not None and output.file.resolve() in taken:
            raise UsageError(f"--format {output.form.name}={output.file}: that is an input of this run", "Name another file.")
    if sum(output.file is None for output in outputs) > 1:
        raise UsageError("--format: only one report can go to stdout", "Give the others a file: `--format html=report.html`.")
    for output in outputs:
        if output.file is not None:
            _refuse_unwritable(output.file)
    return tuple(outputs)


def named_form(text: str) -> tuple[Form, str]:
    """Return the format and the file (empty for stdout) of one `--format FMT[=FILE]`. Raises UsageError.

    `text` on stdout is one screen; `text=full`, and a file, get everything.
    """
    name, given, file = text.partition("=")
    is_full = f"{text}=".startswith(f"{FULL_TEXT}=")
    if is_full:
        _, given, file = file.partition("=")
    is_text = name == FULL_TEXT.partition("=")[0]
    form = form_named(FULL_TEXT if is_full or (is_text and file) else name)
    if given and not file:
        raise UsageError(f"--format {text}: no file is named", f"Name one, or write `--format {name}` for stdout.")
    return form, file


def _refuse_unwritable(path: Path) -> None:
    """Raise UsageError before the work if the file could not be written after it."""
    if path.is_dir():
        raise UsageError(f"{path}: cannot write: it is a folder", "Name a file in it.")
    if path.exists() and not path.is_file():
        raise UsageError(f"{path}: cannot write: it is no regular file", "Leave the file out to write to stdout.")
    if not path.resolve().parent.is_dir():
        raise UsageError(f"{path}: cannot write: its folder does not exist", "Create the folder, or name another file.")


def write_atomically(path: Path, text: str | Iterable[str]) -> None:
    """Write a text, or its pieces, to a temporary file beside `path` and rename that. Raises UsageError."""
    pieces = map(fit, (text,) if isinstance(text, str) else text)
    write_bytes_atomically(path, (piece.encode("utf-8") for piece in pieces))


def write_bytes_atomically(path: Path, data: bytes | Iterable[bytes]) -> None:
    """Write bytes, or their pieces, to a temporary file beside `path` and rename that. Raises UsageError."""
    _refuse_unwritable(path)
    named, path = path, path.resolve()  # a symbolic link is kept
    try:
        import tempfile  # noqa: PLC0415 - a report on stdout needs none

        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.writelines((data,) if isinstance(data, bytes) else data)
            umask = os.umask(0)
            os.umask(umask)
            Path(temporary).chmod(0o666 & ~umask)  # mkstemp creates a private file, but others read reports
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise cannot_write(str(named), error) from error


def cannot_write(name: str, error: OSError) -> UsageError:
    """Return the error for a file, a folder or a stream that cannot be written."""
    return UsageError(f"{name}: cannot write: {strerror(error)}", "Check its folder, its permissions and the free space.")


def write_stdout(text: str | Iterable[str], *, is_report: bool = False) -> None:
    """Write a text, or its pieces, to stdout, without secrets.

    A reader that closed the pipe (`auditor … | head`) changes no verdict: the rest is dropped. `is_report`: the text comes from
    a `Report`, which is already redacted; a second pass could break its syntax.
    """
    if sys.stdout is None:
        raise UsageError("stdout is closed", "Give every `--format` a file: `--format json=report.json`.")
    try:
        pieces = (text,) if isinstance(text, str) else text
        sys.stdout.writelines(encodable(fit(piece if is_report else redact(piece))) for piece in pieces)
        sys.stdout.flush()
    except BrokenPipeError:
        discard_stdout()
    except OSError as error:
        discard_stdout()
        raise UsageError(f"stdout: cannot write: {strerror(error)}", "Check where it leads to.") from error


def discard_stdout() -> None:
    """Drop the buffered rest of stdout: it would fail again when Python ends, and change the exit code."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def annotate_refusal(error: PlanError, outputs: tuple[Output, ...]) -> None:
    """If annotations go to stdout, write the problems of the plan as annotations: a pull request shows nothing else."""
    if any(output.form.name == "github" and output.file is None for output in outputs):
        from reports import github  # noqa: PLC0415 - for this format only

        write_stdout(github.refusal([_marked(problem) for problem in error.problems]))


def _marked(problem: Problem) -> tuple[FilePosition | None, str]:
    from reports.wording import FilePosition  # noqa: PLC0415 - as above

    where, hint = problem.location, f" ({problem.hint})" if problem.hint else ""
    return FilePosition(where.file, where.line, where.column) if where.file else None, f"{problem.message}{hint}"


def write_reports(report: Report, outputs: tuple[Output, ...], excerpts: Mapping[Location, Excerpt]) -> None:
    """Render every output, then write them, so that nothing is written if the format of a plug-in fails.

    Formats that support it are rendered row by row while they are written. `excerpts` are quoted lines of the user's files.
    """
    drawn, kept = style(excerpts), Style(excerpts=excerpts)
    rendered = [output.form.pieces(report, drawn if output.file is None else kept) for output in outputs]
    for output, pieces in zip(outputs, rendered, strict=True):
        if output.file is not None:
            write_atomically(output.file, pieces)
        else:
            write_stdout(pieces, is_report=True)
