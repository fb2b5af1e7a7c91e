"""Where reports go: stdout, or files that appear whole or not at all."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from auditor.cli.formats import Form, form_named
from auditor.errors import UsageError
from auditor.report import Report


@dataclass(frozen=True, slots=True)
class Output:
    """One `--format FMT[=FILE]`; no file means stdout."""

    form: Form
    file: Path | None = None


def parse_outputs(wanted: list[str], inputs: tuple[Path, ...] = ()) -> tuple[Output, ...]:
    """The outputs that were asked for, text on stdout if none. Raises UsageError."""
    outputs = []
    for text in wanted or ["text"]:
        name, _, file = text.partition("=")
        outputs.append(Output(form_named(name), Path(file) if file else None))
    files = [output.file.absolute() for output in outputs if output.file is not None]
    if len(set(files)) < len(files):
        raise UsageError("two --format options name the same file", "The second would overwrite the first.")
    if taken := {path.resolve() for path in inputs} & {file.resolve() for file in files}:
        raise UsageError(f"--format would overwrite the input {next(iter(taken))}", "Name another file.")
    if sum(output.file is None for output in outputs) > 1:
        raise UsageError("only one --format can go to stdout", "Give the others a file: --format html=report.html.")
    return tuple(outputs)


def write_atomically(path: Path, text: str) -> None:
    """Write to a temporary file beside `path` and rename it. Raises UsageError when that cannot be done."""
    if path.exists() and not path.is_file():
        raise UsageError(f"{path}: cannot write: it is no regular file", "Leave =FILE away to write to stdout.")
    path = path.resolve()  # a link stays a link
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            umask = os.umask(0)
            os.umask(umask)
            Path(temporary).chmod(0o666 & ~umask)  # mkstemp makes it private; a report is for others to read
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UsageError(f"{path}: cannot write: {error.strerror or error}") from error


def use_colour() -> bool:
    """Colour only on a terminal, and not where NO_COLOR asks for none."""
    return sys.stdout is not None and sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def write_stdout(text: str) -> None:
    """Write to stdout. A reader that went away (`auditor … | head`) changes no verdict: the rest goes nowhere."""
    if sys.stdout is None:
        raise UsageError("stdout is closed", "Give every --format a file: --format json=report.json.")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise UsageError(f"stdout: cannot write: {error.strerror or error}") from error


def write_reports(report: Report, outputs: tuple[Output, ...]) -> None:
    """Render every output, then write them: where a plug-in's format fails, nothing is written."""
    texts = [output.form.write(report, colour=output.file is None and use_colour()) for output in outputs]
    for output, text in zip(outputs, texts, strict=True):
        if output.file is not None:
            write_atomically(output.file, text)
        else:
            write_stdout(text if text.endswith("\n") else text + "\n")
