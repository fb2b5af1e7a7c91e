"""Read the small files that custody commands name: keys, envelopes and lists. The size is limited."""

from __future__ import annotations

from pathlib import Path

from auditor.errors import UsageError, strerror


def read_small(path: Path, most: int, hint: str) -> bytes:
    """Return the content of a regular file of at most `most` bytes. Raises UsageError."""
    try:
        if path.exists() and not path.is_file():  # opening a named pipe would block until something writes to it
            raise UsageError(f"{path}: it is {'a folder' if path.is_dir() else 'not a regular file'}", hint)
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise UsageError(f"{path}: {strerror(error)}", hint) from error
    if len(data) > most:
        raise UsageError(f"{path}: it is larger than {most:,} bytes", hint)
    return data


def exists(path: Path) -> bool:
    """Whether something is at a path. A folder that may not be read counts as without content."""
    try:
        return path.exists()
    except OSError:
        return False


def is_folder(path: Path) -> bool:
    """Whether a folder, or a link to one, is at a path."""
    try:
        return path.is_dir()
    except OSError:
        return False
